#ifndef FIELD_LINES_H
#define FIELD_LINES_H

#include <stddef.h>

/*
 * The field lines of one name in a request (RFC 9110, section 5.2), in their
 * order, lent. More than there is room for are counted, and not kept.
 */
enum { FIELD_LINES_MAX = 4 };

struct field_lines {
	const char *line[FIELD_LINES_MAX];
	size_t count;
};

#endif
