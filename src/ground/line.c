/*
 * How a line of the log looks, as text and as JSON. Knows nothing of where it
 * goes.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ground/ident.h"
#include "ground/line.h"

enum {
	TAIL = 16,		/* of a line: an escape, quotes, the end */
	VALUE_MAX = 256,
	EVENT_MAX = 1024
};

static const char *const level_names[] = { "error", "warning", "info",
    "debug" };

/* Whether len more bytes leave room for the tail. */
static bool
has_room(const struct line *line, size_t len)
{
	return (len + TAIL <= sizeof line->text - line->len);
}

/* Append what fits. */
static void
put(struct line *line, const char *text, size_t len)
{
	size_t room = sizeof line->text - 2 - line->len;

	if (len > room)
		len = room;
	memcpy(line->text + line->len, text, len);
	line->len += len;
}

static void
puts_line(struct line *line, const char *text)
{
	put(line, text, strlen(text));
}

static bool
is_plain(unsigned char c)
{
	return (c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=');
}

/* Between quotes; what is not printable ASCII as \xNN, in JSON \\xNN. */
static void
put_quoted(struct line *line, const char *value, size_t len)
{
	const char *slash = line->format == LOG_FORMAT_JSON ? "\\\\" : "\\";
	char hex[5];
	size_t i;

	puts_line(line, "\"");
	for (i = 0; i < len && has_room(line, 0); i++) {
		if (is_plain((unsigned char)value[i]) ||
		    value[i] == ' ' || value[i] == '=') {
			put(line, value + i, 1);
		} else if (value[i] == '"' || value[i] == '\\') {
			puts_line(line, "\\");
			put(line, value + i, 1);
		} else {
			snprintf(hex, sizeof hex, "x%02x",
			    (unsigned char)value[i]);
			puts_line(line, slash);
			puts_line(line, hex);
		}
	}
	puts_line(line, "\"");
}

static void
put_value(struct line *line, const char *value, size_t max)
{
	size_t i, len = strnlen(value, max);

	for (i = 0; i < len && is_plain((unsigned char)value[i]); i++)
		;
	if (line->format == LOG_FORMAT_TEXT && i == len && len > 0)
		put(line, value, len);
	else
		put_quoted(line, value, len);
}

void
line_pair(struct line *line, const char *name, const char *value)
{
	if (value == NULL || !has_room(line, strlen(name)))
		return;
	if (line->format == LOG_FORMAT_JSON) {
		puts_line(line, ",\"");
		puts_line(line, name);
		puts_line(line, "\":");
	} else {
		puts_line(line, " ");
		puts_line(line, name);
		puts_line(line, "=");
	}
	put_value(line, value, VALUE_MAX);
}

void
line_begin(struct line *line, enum log_format format, enum log_level level,
    const char *event)
{
	char now[IDENT_TIME_LEN + 1];

	line->format = format;
	line->len = 0;
	ident_time(now, ident_now_us());
	if (line->format == LOG_FORMAT_JSON) {
		puts_line(line, "{\"time\":\"");
		puts_line(line, now);
		puts_line(line, "Z\",\"level\":\"");
		puts_line(line, level_names[level]);
		puts_line(line, "\",\"event\":");
		put_quoted(line, event, strnlen(event, EVENT_MAX));
	} else {
		puts_line(line, now);
		puts_line(line, "Z ");
		puts_line(line, level_names[level]);
		puts_line(line, " ");
		puts_line(line, event);
	}
}

void
line_end(struct line *line)
{
	if (line->format == LOG_FORMAT_JSON)
		line->text[line->len++] = '}';
	line->text[line->len++] = '\n';
}

void
line_plain(struct line *line, const char *program, enum log_level level,
    const char *message)
{
	line->format = LOG_FORMAT_TEXT;
	line->len = 0;
	puts_line(line, program);
	puts_line(line, level == LOG_LEVEL_WARNING ? ": warning: " : ": ");
	puts_line(line, message);
	line_end(line);
}
