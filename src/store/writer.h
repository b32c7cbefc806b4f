#ifndef WRITER_H
#define WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "store/keycache.h"
#include "store/store.h"

/*
 * The one way to save. A save that finds nothing under way is committed by
 * its caller; those that arrive while a commit is on its way to the disk are
 * committed together by the next one, in the writer's thread.
 */
struct writer;

/*
 * Open the store for writing. Without writer_start each save is committed by
 * its caller. On STORE_OK *writer is the caller's.
 */
enum store_rc writer_open(struct writer **writer,
    const struct store_conf *conf) __attribute__((warn_unused_result));

/*
 * Start the thread that commits in groups. At most queue saves are under way,
 * one more is STORE_BUSY at once. keycache, NULL for none, is told of commits
 * and outlives the writer. Returns 0 or -1.
 */
int writer_start(struct writer *writer, size_t queue,
    struct keycache *keycache)
    __attribute__((warn_unused_result));

/*
 * Save and return when it is on the disk, or has failed; STORE_BUSY when the
 * lock is not had within the store's busy_timeout_ms. Results as of
 * store_save, store_begin and store_commit. Any thread.
 */
enum store_rc writer_save(struct writer *writer, struct store_save *save)
    __attribute__((warn_unused_result));

/*
 * The master key that new boxes are to be sealed with, as the last batch found
 * it in the database. Any thread.
 */
uint32_t writer_active_key(struct writer *writer);

/*
 * The writer's store. To be used for what is not a save before writer_start,
 * and after it for store_is_same alone.
 */
struct store *writer_store(struct writer *writer);

/* From now on no save waits for the lock. Any thread. */
void writer_hurry(struct writer *writer);

/*
 * Finish what is under way, end the thread, close the store. No other thread
 * may be in writer_save. Takes NULL.
 */
void writer_close(struct writer *writer);

#endif
