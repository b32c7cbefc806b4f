#ifndef WRITER_H
#define WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/keycache.h"
#include "store/store.h"

/*
 * The one way to change what is stored while the service runs: a thread that
 * commits together whatever has come while it made the commit before. It
 * alone sleeps for the disk; who has handed it jobs goes on.
 */
struct writer;
struct keyuse;

/*
 * What is to be done in a transaction: a part of what its owner has for it.
 *
 * run changes the store and nothing but what cookie points to, for it may be
 * another thread that runs it. After STORE_OK, STORE_NOT_FOUND,
 * STORE_CONFLICT, STORE_EXISTS, STORE_PRECONDITION, STORE_MOVED, STORE_HELD,
 * STORE_LOST, STORE_ROW_FAILED, STORE_SEAL_AGAIN and STORE_LACKS what it has
 * changed is committed. Any other result rolls the transaction back, and with
 * it what others have changed: so run may be called again, and begins anew,
 * with what it was given the first time.
 */
struct writer_job {
	enum store_rc (*run)(struct store *store, void *cookie);
	/* NULL, or called before: what run will look for (store_save_ask) */
	void (*ask)(struct store *store, void *cookie);
	void *cookie;
	bool touches_keys;		/* it may change API keys */
	enum store_rc rc;		/* once it is done: what came of it */
	struct writer_job *next;	/* of a list, oldest first; or NULL */
	void *owner;			/* not looked at */
	bool is_aside;			/* asked for by writer_is_done alone */
	bool is_owed;			/* not looked at: readers.h */
	bool is_done;			/* the writer's own */
	int64_t since_ms;		/* of whoever it was handed to */
};

/*
 * Open the store for writing. On STORE_OK *writer is the caller's, who commits
 * by writer_commit until writer_start.
 */
enum store_rc writer_open(struct writer **writer,
    const struct store_conf *conf) __attribute__((warn_unused_result));

/*
 * Let the uses of keys that wait be written with each commit; uses outlives
 * the writer. Before the first commit.
 */
void writer_take_uses(struct writer *writer, struct keyuse *uses);

/*
 * Start the thread. notify is called there, with cookie, whenever there is
 * something to collect that there was not before. keycache, NULL for none, is
 * told of commits and outlives the writer. Returns 0 or -1.
 */
int writer_start(struct writer *writer, struct keycache *keycache,
    void (*notify)(void *cookie), void *cookie)
    __attribute__((warn_unused_result));

/*
 * Commit a list of jobs, one at least, and return when each is on the disk, or
 * has failed: its rc is what run has returned; or STORE_BUSY when the lock was
 * not had within the store's busy_timeout_ms; or as of store_begin and
 * store_commit. Before writer_start.
 */
void writer_commit(struct writer *writer, struct writer_job *jobs);

/*
 * After writer_start: hand over a list of jobs, one at least, to be done as by
 * writer_commit, and get back all that is done, the oldest first, or NULL.
 * Neither waits. Any thread.
 */
void writer_submit(struct writer *writer, struct writer_job *jobs);
struct writer_job *writer_collect(struct writer *writer);

/*
 * The same for one job that is_aside: it is not collected and nobody is told,
 * but it may be asked whether it is done. It lasts until it is. Any thread.
 */
bool writer_is_done(struct writer *writer, const struct writer_job *job)
    __attribute__((warn_unused_result));

/*
 * The master key that new boxes are to be sealed with, as the last transaction
 * found it in the database. Any thread.
 */
uint32_t writer_active_key(struct writer *writer);

/*
 * The writer's store. To be used for what is no job before writer_start,
 * and after it for store_is_same alone.
 */
struct store *writer_store(struct writer *writer);

/* What it has done since it was opened. Any thread. */
struct writer_counts {
	uint64_t commits;		/* transactions on the disk */
	uint64_t jobs;			/* in them */
	uint64_t split;			/* batches that one job has failed */
	uint64_t busy;			/* jobs that were refused as busy */
};
struct writer_counts writer_counts(const struct writer *writer);

/* From now on no job waits for the lock. Any thread. */
void writer_hurry(struct writer *writer);

/*
 * Finish what was handed over, and uses of keys, and end the thread; notify is
 * called no more. After writer_start.
 */
void writer_stop(struct writer *writer);

/*
 * Close the store. After writer_start, and writer_stop, the write-ahead log is
 * brought in, so that a copy of the database file alone is whole. Takes NULL.
 */
void writer_close(struct writer *writer);

#endif
