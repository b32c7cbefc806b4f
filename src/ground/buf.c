/*
 * Capped bytes that are wiped. Knows nothing of what they mean. realloc is
 * not used: it would leave an unwiped copy behind.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ground/buf.h"

enum { BUF_FIRST = 512 };

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_fini(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	free(b->data);
	*b = (struct buf){ .max = b->max };
}

void
buf_reset(struct buf *b, size_t keep)
{
	if (b->cap > keep) {
		buf_fini(b);
		return;
	}
	if (b->data != NULL)
		explicit_bzero(b->data, b->len);
	b->len = 0;
	b->failed = false;
}

void
buf_cut(struct buf *b, size_t len)
{
	if (b->failed || len >= b->len)
		return;
	explicit_bzero(b->data + len, b->len - len);
	b->len = len;
}

/* Make room for len more bytes. */
static int
reserve(struct buf *b, size_t len)
{
	size_t cap;
	char *data;

	if (b->failed)
		return (-1);
	if (len > b->max - b->len) {
		b->failed = true;
		errno = EFBIG;
		return (-1);
	}
	if (b->cap - b->len >= len)
		return (0);
	cap = b->cap < BUF_FIRST ? BUF_FIRST : b->cap;
	while (cap - b->len < len)
		cap *= 2;
	if ((data = malloc(cap)) == NULL) {
		b->failed = true;
		return (-1);
	}
	if (b->data != NULL) {
		memcpy(data, b->data, b->len);
		explicit_bzero(b->data, b->cap);
		free(b->data);
	}
	b->data = data;
	b->cap = cap;
	return (0);
}

/* Whether there is room for len more bytes, as mostly there is. */
static inline bool
has_room(const struct buf *b, size_t len)
{
	return (!b->failed && b->data != NULL && len <= b->cap - b->len &&
	    len <= b->max - b->len);
}

char *
buf_grow(struct buf *b, size_t len)
{
	char *p;

	if (!has_room(b, len) && reserve(b, len) == -1)
		return (NULL);
	/* C knows no sum of NULL and 0. */
	p = b->data != NULL ? b->data + b->len : NULL;
	b->len += len;
	return (p);
}

void
buf_put(struct buf *b, const void *p, size_t len)
{
	char *to;

	if (len > 0 && has_room(b, len)) {
		memcpy(b->data + b->len, p, len);
		b->len += len;
	} else if ((to = buf_grow(b, len)) != NULL && len > 0) {
		memcpy(to, p, len);
	}
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void
buf_putc(struct buf *b, char c)
{
	if (has_room(b, 1))
		b->data[b->len++] = c;
	else
		buf_put(b, &c, 1);
}

void
buf_put_u64(struct buf *b, uint64_t n)
{
	char digits[20];
	size_t i = sizeof digits;

	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	buf_put(b, digits + i, sizeof digits - i);
}

const char *
buf_text(struct buf *b)
{
	buf_putc(b, '\0');
	if (b->failed)
		return (NULL);
	b->len--;
	return (b->data);
}
