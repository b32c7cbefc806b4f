#ifndef LOG_H
#define LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/*
 * Lines on standard error, one write(2) each, so that lines of threads and
 * processes do not mix. Before log_open: text, info and above.
 */
void log_open(enum log_format format, enum log_level level);

/*
 * Give messages of printf(3), which the functions at the end write, to sink
 * and not to standard error; NULL: as before. For a process of one thread.
 */
void log_divert(void (*sink)(void *cookie, enum log_level level,
    const char *message), void *cookie);

/*
 * The request that this thread works on; its id goes into every line that
 * the thread writes. NULL: none. id is borrowed until the next call.
 */
void log_request_id(const char *id);

/*
 * Write one line: what happened, then names and values in turn, NULL behind
 * the last. A value that is NULL is left out with its name. Values may come
 * from a stranger: they are escaped and cut at 256 bytes. Secrets never are
 * among them; that is the caller's promise.
 */
void log_event(enum log_level level, const char *event, ...)
    __attribute__((sentinel));

/* The same with a message that is made by printf(3) and no further values. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
