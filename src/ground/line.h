#ifndef LINE_H
#define LINE_H

#include <stddef.h>

#include "ground/log.h"
#include "ground/spool.h"

/*
 * One line of the log in the making. It stays one line whatever is put into
 * it, and is cut where it would be too long; JSON stays an object.
 */
struct line {
	enum log_format format;
	size_t len;
	char text[SPOOL_LINE_MAX];
};

/* Begin with the moment, the level and what happened. */
void line_begin(struct line *line, enum log_format format,
    enum log_level level, const char *event);

/* Add a name and its value, which is cut at 256 bytes; NULL: neither. */
void line_pair(struct line *line, const char *name, const char *value);

/* End it, with its newline. */
void line_end(struct line *line);

/* For people, in place of all these: the program and its message. */
void line_plain(struct line *line, const char *program, enum log_level level,
    const char *message);

#endif
