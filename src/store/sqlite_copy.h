#ifndef SQLITE_COPY_H
#define SQLITE_COPY_H

#include "store/sqlite.h"

/*
 * Copy a database, as it is at one moment, while others use it, into a new
 * file, mode 0600: whole, synced, without a log beside it. STORE_CONFLICT:
 * path exists. After a failure there is none.
 */
enum store_rc sqlite_copy(struct sqlite *db, const char *path)
    __attribute__((warn_unused_result));

/*
 * The same into a file beside the database that has lost its name before a
 * byte is in it; *fd is to read it by, from its beginning, and the caller's.
 * The copy is not synced.
 */
enum store_rc sqlite_copy_open(struct sqlite *db, int *fd)
    __attribute__((warn_unused_result));

#endif
