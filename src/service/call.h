#ifndef CALL_H
#define CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "body/fault.h"
#include "body/json_check.h"
#include "ground/conf.h"
#include "ground/ident.h"
#include "ground/room.h"
#include "secrets/chain.h"
#include "secrets/keeper.h"
#include "service/guard.h"
#include "service/http.h"
#include "service/reader.h"
#include "service/reply.h"
#include "store/keycache.h"
#include "store/keyuse.h"
#include "store/store.h"
#include "store/writer.h"

struct call;
struct metrics;

/*
 * What is small takes the loop that serves all 0.1 ms at most, and is not
 * counted: bytes of a body, or of what is read.
 */
enum { CALL_SMALL = 16 << 10 };

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
	struct keyuse *uses;	/* of keys */
	struct chain *chain;	/* of the audit */
	struct metrics *metrics;	/* NULL: nothing is counted ... */
	struct census *census;		/* ... and NULL, too */
	struct guard *guard;	/* what no web server may serve */
};

/* How a step of a request went. */
enum call_rc {
	CALL_FAILED = -1,		/* ours; the reason is logged */
	CALL_ANSWERED,			/* reply is made */
	CALL_GOES_ON,
	CALL_WAITS,			/* until call->job is committed */
	CALL_READS,			/* until a reader has run call->job */
	CALL_HELD			/* until there is room for more */
};

/* That a key was used which nobody has used before. */
struct first_use {
	bool is_due;
	struct writer_job job;
	char at[IDENT_TIME_LEN + 1];
};

/* A step that was sent away: away.h. */
struct away {
	bool is_out;
	bool is_done;			/* the step was, and has come to rc */
	struct writer_job job;
	struct writer_job *was;		/* that the step is about, or NULL */
	enum call_rc (*step)(struct call *call);
	enum call_rc rc;
};

/* All that one request owns; its memory serves another one afterwards. */
struct call {
	const struct app *app;
	struct reader *reader;		/* lent, of the thread that serves */
	const struct route *route;	/* when it is known */
	struct http http;
	struct reply reply;
	struct json_doc doc;
	struct faults faults;
	struct store_found_key key;	/* after auth_check: who asks */
	struct first_use first_use;
	struct away away;
	const char *refusal;		/* why a key was refused, or NULL */
	const char *param;		/* the path's parameter, no text ... */
	size_t param_len;		/* ... by this; lent by http */
	char request_id[IDENT_UUID_LEN + 1];
	int64_t began_us;		/* by the clock that nobody sets */
	enum call_rc admitted;		/* how app_admit went ... */
	uint64_t admitted_turn;		/* ... and in which turn of reader */
	struct writer_job *job;		/* CALL_WAITS, CALL_READS: what for */
	bool is_reading;		/* it is for a reader */
	bool is_held;			/* there is none: CALL_HELD */
	struct room room;		/* for what it reads */
	void *work;			/* the handler's own meanwhile */
};

/* Its room is without an end. */
void call_init(struct call *call, const struct app *app,
    struct reader *reader);

/* The answer is written out: wipe what it took to make it. */
void call_end(struct call *call);

/* Wipe what a request left. */
void call_reset(struct call *call);

/* Wipe and release. */
void call_fini(struct call *call);

#endif
