#ifndef ETAG_H
#define ETAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/field_lines.h"

/*
 * Entity tags (RFC 9110, section 8.8.3) of integrations. A tag names a
 * revision and no encoding: what a web server makes of it where it compresses
 * answers, W/"x" or "x-gzip", is the same tag.
 */
enum {
	ETAG_LEN = 40		/* "<revision>-<updated_at>", quoted */
};

/* Write the tag of a revision, and a NUL; updated_at is as ident_time's. */
void etag_write(char out[ETAG_LEN + 1], int64_t revision,
    const char *updated_at);

enum etag_match {
	ETAG_NONE,		/* all are other tags */
	ETAG_THIS,		/* the tag is among them */
	ETAG_ANY,		/* the whole is a star */
	ETAG_MALFORMED		/* what it says cannot be told */
};

/* Whether the lines of If-Match or If-None-Match, one list, have tag. */
enum etag_match etag_match(const struct field_lines *lines, const char *tag);

#endif
