#ifndef CHANCE_H
#define CHANCE_H

#include <stddef.h>

/*
 * Random bytes for what has to be unlike all others, and is no secret: names.
 * A thread has some from the system beforehand; each is given out once, and
 * wiped where it was. A process that was forked has none of its parent's.
 *
 * Keys and nonces come from the system alone, each when it is needed: of a
 * machine that is copied while it runs both copies have the same bytes here.
 */
enum { CHANCE_MAX = 256 };

/*
 * Write len bytes, CHANCE_MAX at most. Returns 0, or -1 when the system gives
 * none.
 */
int chance_take(void *to, size_t len) __attribute__((warn_unused_result));

#endif
