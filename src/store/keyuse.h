#ifndef KEYUSE_H
#define KEYUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/ident.h"
#include "secrets/apikey.h"
#include "store/store_types.h"
#include "store/writer.h"

/*
 * When API keys were used last, of which each is noted once a minute at most.
 * What is noted waits here for the next commit, whatever that is for, and is
 * written with it: beside the keys, so that what is remembered of them stays.
 * Any thread.
 */
struct keyuse;

enum { KEYUSE_PAUSE_MS = 60000 };	/* between two notes of a key */

/* NULL: out of memory, which is logged. */
struct keyuse *keyuse_new(void) __attribute__((warn_unused_result));

/* Takes NULL. */
void keyuse_free(struct keyuse *uses);

/*
 * A key is used now; last_used_at is what the database has of it, empty where
 * that is nothing. Where memory is short it is not noted, and nobody is told:
 * the next use is.
 */
void keyuse_note(struct keyuse *uses, const char *public_id,
    const char *last_used_at);

/* Whether something has waited for a commit for so long. */
bool keyuse_has_waited(struct keyuse *uses, int64_t ms);

/* One use, as it is written. */
struct keyuse_entry {
	char public_id[APIKEY_PUBLIC_ID_LEN + 1];
	char last_used_at[IDENT_TIME_LEN + 1];
};

/* Those of one commit, which are a job like any other. */
struct keyuse_batch {
	struct writer_job job;
	struct keyuse_entry *entries;
	size_t count;
};

/*
 * Take what waits. False: nothing does. Otherwise batch->job is to be run, and
 * keyuse_settle called when it is done: what was not written because the
 * database was busy waits again.
 */
bool keyuse_take(struct keyuse *uses, struct keyuse_batch *batch)
    __attribute__((warn_unused_result));
void keyuse_settle(struct keyuse *uses, struct keyuse_batch *batch);

/*
 * Write what waits in a transaction of its own, for who makes no commit of
 * another kind; without the lock within timeout_ms it is left. Not after
 * writer_start.
 */
void keyuse_flush(struct keyuse *uses, struct store *store, int timeout_ms);

#endif
