#ifndef LOCKFILE_H
#define LOCKFILE_H

#include "store/store_types.h"

/*
 * A lock between processes: flock(2) on a file that is there for nothing
 * else. Two lockfiles exclude each other in one process too.
 */
struct lockfile;

/* Open, and make if need be, <path>.lock. NULL: the reason is logged. */
struct lockfile *lockfile_open(const char *path)
    __attribute__((warn_unused_result));

/* Takes NULL. Gives the lock back if it is held. */
void lockfile_close(struct lockfile *lock);

/*
 * Take the lock: STORE_OK, STORE_BUSY after timeout_ms, or a failure, which
 * is logged. It is the lock of the file that bears the name now.
 */
enum store_rc lockfile_take(struct lockfile *lock, int timeout_ms)
    __attribute__((warn_unused_result));

/* Give it back. */
void lockfile_give(struct lockfile *lock);

#endif
