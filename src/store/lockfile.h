#ifndef LOCKFILE_H
#define LOCKFILE_H

#include "store/store_types.h"

/*
 * A lock between processes: flock(2) on a file that is there for nothing but
 * this and the imprint. Two lockfiles exclude each other in one process, too.
 */
struct lockfile;

/* What stands behind a path in the name of its lock file. */
#define LOCKFILE_END ".lock"

/* Open, and make if need be, <path>.lock. NULL: the reason is logged. */
struct lockfile *lockfile_open(const char *path)
    __attribute__((warn_unused_result));

/*
 * Open <path>.lock if it is there, to read the imprint alone; -1: it is not.
 * The descriptor is the caller's.
 */
int lockfile_peek(const char *path);

/* Takes NULL. Gives the lock back if it is held. */
void lockfile_close(struct lockfile *lock);

/* Its descriptor, lent, for what is kept in the file. */
int lockfile_fd(const struct lockfile *lock);

/*
 * Take the lock: STORE_OK, STORE_BUSY after timeout_ms, or a failure, which
 * is logged. STORE_UNAVAILABLE: the name stands for another file by now.
 */
enum store_rc lockfile_take(struct lockfile *lock, int timeout_ms)
    __attribute__((warn_unused_result));

/* Give it back. */
void lockfile_give(struct lockfile *lock);

#endif
