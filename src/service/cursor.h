#ifndef CURSOR_H
#define CURSOR_H

#include <stdbool.h>

#include "store/store.h"

/*
 * Where a list goes on, as clients hold it: a version, which list and order it
 * is of, a moment and an id, in base64url (RFC 4648, section 5) without
 * padding. It is no secret and no proof: it names a position among the rows of
 * whoever shows it.
 */
enum cursor_sort { CURSOR_NEWEST = 1, CURSOR_SOONEST };

enum { CURSOR_LEN = 35 };

/*
 * Write the position of at, which has a moment and an id, and a NUL. False:
 * they are none that we write.
 */
bool cursor_write(char out[CURSOR_LEN + 1], enum cursor_sort sort,
    const struct store_cursor *at) __attribute__((warn_unused_result));

/* Read one of that sort; false: it is none. */
bool cursor_read(struct store_cursor *at, enum cursor_sort sort,
    const char *text) __attribute__((warn_unused_result));

#endif
