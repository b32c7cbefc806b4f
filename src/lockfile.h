#ifndef LOCKFILE_H
#define LOCKFILE_H

#include "store_types.h"

/*
 * A lock between processes: flock(2) on a file that is there for nothing
 * else. Each open file has the lock for itself, in one process too.
 */

/* Open, and make if need be, <path>.lock. -1: the reason is logged. */
int lockfile_open(const char *path) __attribute__((warn_unused_result));

/* Take the lock: STORE_OK, STORE_BUSY after timeout_ms, or a failure. */
enum store_rc lockfile_take(int fd, int timeout_ms)
    __attribute__((warn_unused_result));

/* Give it back. */
void lockfile_give(int fd);

#endif
