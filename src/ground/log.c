/*
 * The log: who calls decides what is worth a line; this file decides how it
 * looks and that it stays one line. Nothing else here writes to stderr.
 */
#include "config.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ground/ident.h"
#include "ground/log.h"

enum {
	LINE_MAX_LEN = 8192,
	TAIL = 16,		/* of a line: an escape, quotes, the end */
	VALUE_MAX = 256,
	MESSAGE_MAX = 1024
};

static const char *const level_names[] = { "error", "warning", "info",
    "debug" };

/* The sink: set once at start, before there are threads. */
static enum log_format sink_format = LOG_FORMAT_TEXT;
static enum log_level sink_level = LOG_LEVEL_INFO;
static void (*sink_divert)(void *, enum log_level, const char *);
static void *sink_cookie;
static _Thread_local const char *request_id;

struct line {
	char text[LINE_MAX_LEN];
	size_t len;
};

void
log_open(enum log_format format, enum log_level level)
{
	sink_format = format;
	sink_level = level;
}

void
log_divert(void (*sink)(void *, enum log_level, const char *), void *cookie)
{
	sink_divert = sink;
	sink_cookie = cookie;
}

void
log_request_id(const char *id)
{
	request_id = id;
}

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
	const char *slash = sink_format == LOG_FORMAT_JSON ? "\\\\" : "\\";
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
	if (sink_format == LOG_FORMAT_TEXT && i == len && len > 0)
		put(line, value, len);
	else
		put_quoted(line, value, len);
}

static void
put_pair(struct line *line, const char *name, const char *value)
{
	if (value == NULL || !has_room(line, strlen(name)))
		return;
	if (sink_format == LOG_FORMAT_JSON) {
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

static void
begin_line(struct line *line, enum log_level level, const char *event)
{
	char now[IDENT_TIME_LEN + 1];

	line->len = 0;
	ident_time(now, ident_now_us());
	if (sink_format == LOG_FORMAT_JSON) {
		puts_line(line, "{\"time\":\"");
		puts_line(line, now);
		puts_line(line, "Z\",\"level\":\"");
		puts_line(line, level_names[level]);
		puts_line(line, "\",\"event\":");
		put_quoted(line, event, strnlen(event, MESSAGE_MAX));
	} else {
		puts_line(line, now);
		puts_line(line, "Z ");
		puts_line(line, level_names[level]);
		puts_line(line, " ");
		puts_line(line, event);
	}
	put_pair(line, "id", request_id);
}

static void
end_line(struct line *line)
{
	ssize_t written;

	if (sink_format == LOG_FORMAT_JSON)
		line->text[line->len++] = '}';
	line->text[line->len++] = '\n';
	/* There is no one to tell when the log itself fails. */
	written = write(STDERR_FILENO, line->text, line->len);
	(void)written;
}

void
log_event(enum log_level level, const char *event, ...)
{
	struct line line;
	const char *name;
	va_list ap;

	if (level > sink_level)
		return;
	begin_line(&line, level, event);
	va_start(ap, event);
	while ((name = va_arg(ap, const char *)) != NULL)
		put_pair(&line, name, va_arg(ap, const char *));
	va_end(ap);
	end_line(&line);
}

static void __attribute__((format(printf, 2, 0)))
log_message(enum log_level level, const char *format, va_list ap)
{
	char message[MESSAGE_MAX];
	struct line line;
	size_t i;

	if (level > sink_level)
		return;
	vsnprintf(message, sizeof message, format, ap);
	for (i = 0; message[i] != '\0'; i++)
		if ((unsigned char)message[i] < 0x20)
			message[i] = ' ';
	if (sink_divert != NULL) {
		sink_divert(sink_cookie, level, message);
		return;
	}
	begin_line(&line, level, message);
	end_line(&line);
}

void
log_error(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_message(LOG_LEVEL_ERROR, format, ap);
	va_end(ap);
}

void
log_warning(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_message(LOG_LEVEL_WARNING, format, ap);
	va_end(ap);
}

void
log_info(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_message(LOG_LEVEL_INFO, format, ap);
	va_end(ap);
}
