#ifndef CALL_H
#define CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "ground/conf.h"
#include "body/fault.h"
#include "service/http.h"
#include "ground/ident.h"
#include "body/json_check.h"
#include "store/keycache.h"
#include "secrets/keeper.h"
#include "service/reply.h"
#include "store/store.h"
#include "store/writer.h"

/*
 * What all requests share. It does not change while requests are served, but
 * for what has locks of its own inside.
 */
struct app {
	struct conf conf;
	struct store_conf store;
	struct keeper *keeper;
	struct writer *writer;
	struct keycache *keycache;
	char *guarded[2];	/* real paths of key file and database */
};

enum { CALL_ROOT_MAX = 4096 };

/* All that one request owns; its memory serves the next one of its thread. */
struct call {
	const struct app *app;
	struct store *reader;		/* NULL until it is first needed */
	bool is_reader_lent;
	struct http http;
	struct reply reply;
	struct json_doc doc;
	struct faults faults;
	struct store_found_key key;	/* after auth_check: who asks */
	const char *refusal;		/* why a key was refused, or NULL */
	char request_id[IDENT_UUID_LEN + 1];
	char safe_root[CALL_ROOT_MAX];	/* the last document root found safe */
};

/* How a step of a request went. */
enum call_rc {
	CALL_FAILED = -1,		/* ours; the reason is logged */
	CALL_ANSWERED,			/* reply is made */
	CALL_GOES_ON
};

/* lent: a store to read from, or NULL to open one when it is needed. */
void call_init(struct call *call, const struct app *app, struct store *lent);

/* Wipe what a request left. */
void call_reset(struct call *call);

/* Wipe and release. */
void call_fini(struct call *call);

/*
 * The store to read from, the writer's database and no other; NULL when it
 * cannot be opened. One that has failed is dropped, to be opened anew.
 */
struct store *call_reader(struct call *call);
void call_drop_reader(struct call *call);

#endif
