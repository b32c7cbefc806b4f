/*
 * The log: who calls decides what is worth a line; this file decides where it
 * goes. Nothing else here writes to stderr, nor waits for it.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ground/line.h"
#include "ground/log.h"
#include "ground/spool.h"

enum {
	MESSAGE_MAX = 1024,
	PATIENCE_MS = 500	/* for a reader, at the end */
};

/* The sink: set at the start, before there are threads. */
static enum log_format sink_format = LOG_FORMAT_TEXT;
static enum log_level sink_level = LOG_LEVEL_INFO;
static const char *sink_program;	/* for people; NULL: for machines */
static bool sink_is_spool;
static void (*sink_divert)(void *, enum log_level, const char *);
static void *sink_cookie;
static _Thread_local const char *request_id;

void
log_open(enum log_format format, enum log_level level)
{
	sink_format = format;
	sink_level = level;
}

void
log_people(const char *program)
{
	if (isatty(STDERR_FILENO))
		sink_program = program;
}

/* The line behind a gap. */
static size_t
tell_loss(char *room, size_t size, uint64_t lost)
{
	struct line line;
	char text[128];

	snprintf(text, sizeof text, "%llu line%s of this log %s lost: its "
	    "reader stalled, or its disk was full", (unsigned long long)lost,
	    lost == 1 ? "" : "s", lost == 1 ? "was" : "were");
	line_begin(&line, sink_format, LOG_LEVEL_WARNING, text);
	line_end(&line);
	if (line.len > size)
		return (0);
	memcpy(room, line.text, line.len);
	return (line.len);
}

void
log_hold(void)
{
	spool_open(STDERR_FILENO, tell_loss);
	sink_is_spool = true;
}

int
log_start(void)
{
	return (spool_start());
}

void
log_end(void)
{
	spool_close(PATIENCE_MS);
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

/* Where nobody else is kept: write it, however long that takes. */
static void
write_line(const struct line *line)
{
	struct pollfd output = { .fd = STDERR_FILENO, .events = POLLOUT };
	size_t at = 0;
	ssize_t n;

	while (at < line->len) {
		n = write(STDERR_FILENO, line->text + at, line->len - at);
		if (n >= 0)
			at += (size_t)n;
		else if (errno == EAGAIN)
			(void)poll(&output, 1, -1);
		else if (errno != EINTR)
			break;	/* there is no one to tell */
	}
}

static void
send_line(const struct line *line)
{
	if (sink_is_spool)
		spool_put(line->text, line->len);
	else
		write_line(line);
}

void
log_event(enum log_level level, const char *event, ...)
{
	struct line line;
	const char *name;
	va_list ap;

	if (level > sink_level)
		return;
	line_begin(&line, sink_format, level, event);
	line_pair(&line, "id", request_id);
	va_start(ap, event);
	while ((name = va_arg(ap, const char *)) != NULL)
		line_pair(&line, name, va_arg(ap, const char *));
	va_end(ap);
	line_end(&line);
	send_line(&line);
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
	if (sink_program != NULL) {
		line_plain(&line, sink_program, level, message);
	} else {
		line_begin(&line, sink_format, level, message);
		line_pair(&line, "id", request_id);
		line_end(&line);
	}
	send_line(&line);
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
