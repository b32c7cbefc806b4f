#ifndef LOG_H
#define LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/*
 * Lines on standard error, at most 4096 bytes each and never in two writes, so
 * that those of threads and processes do not mix. Before log_open: text, info
 * and above. Whoever logs waits for the one who reads, until log_hold.
 */
void log_open(enum log_format format, enum log_level level);

/*
 * For a program that people use: where standard error is a terminal, messages
 * are "program: message", whatever log_open says.
 */
void log_people(const char *program);

/*
 * For a program that serves: from log_hold on nobody waits for who reads the
 * log. Lines are kept, and written by a thread, which log_start makes, with
 * the caller's sandbox and signals of that moment; it returns 0 or an error
 * number. What finds no room is lost, and the log says how many lines that
 * were as soon as it can. log_end writes what is left, for half a second at
 * most: the last thing before the process ends.
 */
void log_hold(void);
int log_start(void) __attribute__((warn_unused_result));
void log_end(void);

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
