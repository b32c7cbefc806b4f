#ifndef KEY_WORK_H
#define KEY_WORK_H

#include "body/form.h"
#include "body/rotation.h"
#include "body/trail.h"
#include "ground/arena.h"
#include "ground/buf.h"
#include "service/call.h"

/* What a request that changes API keys has while it is committed. */
struct key_work {
	struct writer_job job;
	const struct call *call;
	struct trail trail;
	char id[APIKEY_PUBLIC_ID_LEN + 1];	/* in the path */
	char new_id[APIKEY_PUBLIC_ID_LEN + 1];
	char text[APIKEY_LEN + 1];		/* the new key; wiped */
	unsigned char hash[APIKEY_HASH_LEN];
	int draws;
	struct form form;
	struct buf name;
	char ends_at[IDENT_TIME_LEN + 1];
	struct store_key new_key;	/* to be stored */
	struct rotation rotation;	/* or to be done */
	struct store_key key;		/* to be answered */
	struct arena arena;
};

/* Begin; job is to be run, with the work. NULL: logged. */
struct key_work *key_work_new(struct call *call,
    enum store_rc (*run)(struct store *, void *));

/*
 * The end of a step that has come to rc, which is returned: the call waits for
 * the work's job, or the work is wiped and released. work may be NULL.
 */
enum call_rc key_work_settle(struct call *call, struct key_work *work,
    enum call_rc rc);

/*
 * Draw a new key, and begin the trail anew, to be ended by the caller. Once
 * too often, because each is taken, it fails, which is logged.
 */
int key_work_draw(struct key_work *work, const char *action)
    __attribute__((warn_unused_result));

/* In the transaction: read the asker's key of that id, to be answered. */
enum store_rc key_work_read(struct key_work *work, struct store *store,
    const char *id) __attribute__((warn_unused_result));

/*
 * In the transaction, first: whether the key that asks may still do so.
 * STORE_LOST: it was revoked, or is there no more, since it was looked at.
 */
enum store_rc key_work_check(struct key_work *work, struct store *store)
    __attribute__((warn_unused_result));

/* What the store has failed with is answered; or it fails. */
enum call_rc key_work_failed(struct call *call, enum store_rc rc);

/* The id in the path, where self, or none, is the asker's own; or empty. */
void key_target(const struct call *call, char id[APIKEY_PUBLIC_ID_LEN + 1]);

/* Answer 404 as for a key that is not there. */
enum call_rc key_nothing(struct call *call);

#endif
