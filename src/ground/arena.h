#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

/*
 * Memory that is taken in pieces and let go of at once. A piece stays where it
 * is as long as it lasts. Not for secrets: nothing is wiped.
 */
struct arena_block;

/* All-zero: empty. */
struct arena {
	struct arena_block *blocks;
	size_t taken;		/* bytes of all pieces */
};

/* Let go of all pieces; the arena is empty, and can be used again. */
void arena_fini(struct arena *arena);

/* A piece of size bytes, aligned for anything; NULL when memory is short. */
void *arena_alloc(struct arena *arena, size_t size)
    __attribute__((warn_unused_result));

/* A copy of len bytes, and a NUL behind them; NULL when memory is short. */
void *arena_copy(struct arena *arena, const void *bytes, size_t len)
    __attribute__((warn_unused_result));

#endif
