#ifndef UNIT_HEAP_H
#define UNIT_HEAP_H

/*
 * The heap as the code under test uses it, between heap_on and heap_off: how
 * much it asks for, one time that it does not get it, and whether what it
 * frees still holds a word. Included once in a program. A sanitizer has a heap
 * of its own: UNIT_HAS_HEAP is 0 there.
 */
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { UNIT_HAS_HEAP = 0 };
#else
enum { UNIT_HAS_HEAP = 1 };
#endif

static struct {
	bool is_on;
	size_t count;		/* of allocations */
	size_t bytes;		/* that were asked for */
	size_t fail_at;		/* the number of the one that fails, or 0 */
	const char *word;	/* that no freed memory may hold, or NULL */
	size_t words;		/* how often it did */
} heap;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
extern void *__libc_malloc(size_t size);
extern void __libc_free(void *p);

void *
malloc(size_t size)
{
	if (!heap.is_on)
		return (__libc_malloc(size));
	heap.bytes += size;
	if (++heap.count != heap.fail_at)
		return (__libc_malloc(size));
	errno = ENOMEM;
	return (NULL);
}

void
free(void *p)
{
	if (heap.is_on && heap.word != NULL && p != NULL &&
	    memmem(p, malloc_usable_size(p), heap.word,
	    strlen(heap.word)) != NULL)
		heap.words++;
	__libc_free(p);
}
#endif

static inline void
heap_on(void)
{
	heap.is_on = true;
}

static inline void
heap_off(void)
{
	heap.is_on = false;
}

/* Count anew, let that allocation fail. */
static inline void
heap_begin(size_t fail_at, const char *word)
{
	heap.count = heap.bytes = heap.words = 0;
	heap.fail_at = fail_at;
	heap.word = word;
}

#endif
