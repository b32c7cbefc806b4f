/*
 * Entity tags: written, and looked for in a list of them. Refuses to know what
 * a condition is for.
 */
#include "config.h"

#include <string.h>

#include "ground/etag.h"
#include "ground/moment.h"

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

/* Put n's digits in front of end; their first. */
static char *
put_digits(char *end, uint64_t n, unsigned base)
{
	do
		*--end = digits[n % base];
	while ((n /= base) > 0);
	return (end);
}

void
etag_write(char out[ETAG_LEN + 1], int64_t revision, const char *updated_at)
{
	char text[ETAG_LEN + 1], *end = text + ETAG_LEN, *p = end;
	int64_t at_us = 0;
	uint64_t n;

	(void)moment_read(updated_at, strlen(updated_at), &at_us);
	/* A moment before 1970 is made positive, far from all others. */
	n = (uint64_t)at_us;
	if (at_us < 0)
		n += INT64_MAX / 2;
	*--p = '"';
	p = put_digits(p, n, sizeof digits - 1);
	*--p = '-';
	p = put_digits(p, (uint64_t)revision, 10);
	*--p = '"';
	*end = '\0';
	memcpy(out, p, (size_t)(end - p) + 1);
}

/* Blanks and empty members of a list (RFC 9110, section 5.6.1). */
static const char *
skip(const char *p)
{
	return (p + strspn(p, " \t,"));
}

/* Whether two opaque tags, without their quotes, are one. */
static bool
is_same(const char *text, size_t len, const char *tag, size_t tag_len)
{
	static const char *const endings[] = { "", "-gzip", "-br", ";gzip" };
	size_t i, more;

	if (len < tag_len || memcmp(text, tag, tag_len) != 0)
		return (false);
	for (i = 0; i < sizeof endings / sizeof endings[0]; i++) {
		more = strlen(endings[i]);
		if (len == tag_len + more &&
		    memcmp(text + tag_len, endings[i], more) == 0)
			return (true);
	}
	return (false);
}

/*
 * Go through a line. False: it is malformed. *is_found: tag is in it, which
 * is given with its quotes.
 */
static bool
read_line(const char *p, const char *tag, bool *is_found)
{
	size_t len;

	for (p = skip(p); *p != '\0'; p = skip(p)) {
		if (p[0] == 'W' && p[1] == '/')
			p += 2;
		if (*p++ != '"')
			return (false);
		len = strcspn(p, "\"");
		if (p[len] == '\0')
			return (false);
		*is_found |= is_same(p, len, tag + 1, strlen(tag) - 2);
		p += len + 1;
		if (*p != '\0' && strchr(" \t,", *p) == NULL)
			return (false);
	}
	return (true);
}

static bool
is_star(const char *p)
{
	p += strspn(p, " \t");
	return (*p == '*' && p[1 + strspn(p + 1, " \t")] == '\0');
}

enum etag_match
etag_match(const struct field_lines *lines, const char *tag)
{
	bool is_found = false;
	size_t i;

	if (lines->count == 1 && is_star(lines->line[0]))
		return (ETAG_ANY);
	if (lines->count > FIELD_LINES_MAX)
		return (ETAG_MALFORMED);
	for (i = 0; i < lines->count; i++)
		if (!read_line(lines->line[i], tag, &is_found))
			return (ETAG_MALFORMED);
	return (is_found ? ETAG_THIS : ETAG_NONE);
}
