/*
 * Memory in blocks. Knows nothing of what is put there.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ground/arena.h"

enum { BLOCK_BYTES = 65536, ALIGN = _Alignof(max_align_t) };

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	max_align_t data[];
};

void
arena_fini(struct arena *arena)
{
	struct arena_block *block;

	while ((block = arena->blocks) != NULL) {
		arena->blocks = block->next;
		free(block);
	}
	arena->taken = 0;
}

/*
 * A block with room for size bytes. One that is as good as full by them stands
 * behind the one in use, which has room for others.
 */
static struct arena_block *
add_block(struct arena *arena, size_t size)
{
	struct arena_block **place = &arena->blocks, *block;
	size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;

	if ((block = malloc(sizeof *block + room)) == NULL)
		return (NULL);
	if (*place != NULL && size > BLOCK_BYTES / 2)
		place = &(*place)->next;
	*block = (struct arena_block){ .next = *place, .size = room };
	*place = block;
	return (block);
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	void *piece;

	if (size > SIZE_MAX - sizeof *block - ALIGN)
		return (NULL);
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if ((block == NULL || block->size - block->used < size) &&
	    (block = add_block(arena, size)) == NULL)
		return (NULL);
	piece = (char *)block->data + block->used;
	block->used += size;
	arena->taken += size;
	return (piece);
}

void *
arena_copy(struct arena *arena, const void *bytes, size_t len)
{
	char *copy = len < SIZE_MAX ? arena_alloc(arena, len + 1) : NULL;

	if (copy == NULL)
		return (NULL);
	if (len > 0)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	return (copy);
}
