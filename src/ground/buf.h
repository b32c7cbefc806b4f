#ifndef BUF_H
#define BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A growing run of bytes with an upper bound, wiped whenever it lets memory
 * go. Failure sticks: once a put would pass max (errno is EFBIG) or memory is
 * short (ENOMEM), failed is set, later puts do nothing, and the writer asks
 * once at the end.
 */
struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
};

/* Make b empty, never to hold more than max bytes. Allocates nothing. */
void buf_init(struct buf *b, size_t max);

/* Wipe and release. Takes an initialized or all-zero b, any number of times. */
void buf_fini(struct buf *b);

/* Wipe the content and forget a failure; keep at most keep bytes of memory. */
void buf_reset(struct buf *b, size_t keep);

/* Forget, and wipe, all but the first len bytes. Nothing if it has failed. */
void buf_cut(struct buf *b, size_t len);

/* Append bytes, a C string, one byte, a decimal number. */
void buf_put(struct buf *b, const void *p, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_put_u64(struct buf *b, uint64_t n);

/*
 * Append len bytes for the caller to fill and return where they begin;
 * NULL when b has failed, and when b and the run are empty.
 */
char *buf_grow(struct buf *b, size_t len);

/* Append a NUL that is not counted in len. Returns the text, NULL if failed. */
const char *buf_text(struct buf *b);

#endif
