#ifndef STORE_MOVE_H
#define STORE_MOVE_H

#include "store/store.h"

/*
 * Move all that is stored in a file to a server's database, while others use
 * the file: what is sealed is copied as it is, in passes, until little has
 * changed since the last; then the rest, under the lock. From then on the file
 * takes no change any more (STORE_NEWER), and the other database is open for
 * use; until then it is not. Whatever ends it on the way, it may be begun
 * again, and goes on where it was.
 *
 * STORE_EXISTS: it was moved there before. STORE_CONFLICT: the other database
 * has rows of its own. Whatever fails is logged.
 */
enum store_rc store_move(const struct store_conf *from,
    const struct store_conf *to) __attribute__((warn_unused_result));

#endif
