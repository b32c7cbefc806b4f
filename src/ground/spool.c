/*
 * The spool. A descriptor that is shared with others must not be made
 * non-blocking, poll(2) promises nothing where others write as well, and a
 * file may hang as a pipe does: so the one who writes is a thread that may
 * wait for ever. Knows nothing of what lines say.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ground/ident.h"
#include "ground/spool.h"

enum {
	HALF = 512 << 10,	/* bytes, twice; untouched while idle */
	TELL = 512,		/* of them, for the line that tells a loss */
	NAP_MS = 4,		/* after what was written */
	PAUSE_MS = 100,		/* until a failed write is tried again */
	STACK_BYTES = 256 << 10
};

_Static_assert(SPOOL_LINE_MAX <= PIPE_BUF, "lines do not mix in a pipe");

struct half {
	size_t len;
	char text[HALF];
};

/*
 * One half is filled while the thread writes the other, which belongs to it
 * alone meanwhile. Lines are lost from when a half is full until the thread
 * takes it: so a gap is in one place, which is its end.
 */
static struct {
	int fd;
	spool_tell *tell;
	pthread_mutex_t mutex;	/* guards the rest */
	pthread_cond_t changed;
	struct half halves[2];
	size_t filling;		/* which of them */
	uint64_t lost;
	bool is_idle;		/* the thread waits for lines */
	bool is_started;
	bool is_closing;
	bool is_empty;		/* and all is out */
} spool = { .fd = -1, .mutex = PTHREAD_MUTEX_INITIALIZER };

static bool
is_closing(void)
{
	bool is;

	pthread_mutex_lock(&spool.mutex);
	is = spool.is_closing;
	pthread_mutex_unlock(&spool.mutex);
	return (is);
}

/* The length of the lines in text that go out in one write(2). */
static size_t
piece(const char *text, size_t len)
{
	const char *end;

	if (len <= SPOOL_LINE_MAX)
		return (len);
	end = memrchr(text, '\n', SPOOL_LINE_MAX);
	return (end == NULL ? SPOOL_LINE_MAX : (size_t)(end - text) + 1);
}

static void
rest(int ms)
{
	const struct timespec pause = { 0, ms * 1000000L };

	nanosleep(&pause, NULL);
}

/* A write has failed: wait until another may not. False: it is no use. */
static bool
may_try_again(int error)
{
	struct pollfd output = { .fd = spool.fd, .events = POLLOUT };

	if (error == EINTR)
		return (true);
	if (error == EAGAIN) {
		(void)poll(&output, 1, PAUSE_MS);
		return (true);
	}
	if (is_closing())
		return (false);
	rest(PAUSE_MS);
	return (true);
}

static void
write_half(const struct half *half)
{
	size_t at = 0;
	ssize_t n;

	while (at < half->len) {
		n = write(spool.fd, half->text + at,
		    piece(half->text + at, half->len - at));
		if (n >= 0)
			at += (size_t)n;
		else if (!may_try_again(errno))
			break;
	}
}

/* Take the half that was filled, under the mutex, with what it lacks told. */
static struct half *
take_half(void)
{
	struct half *half = &spool.halves[spool.filling];

	if (spool.lost > 0)
		half->len += spool.tell(half->text + half->len,
		    sizeof half->text - half->len, spool.lost);
	spool.lost = 0;
	spool.filling = 1 - spool.filling;
	return (half);
}

/*
 * Where lines come thick and fast, let them come together, and wake nobody.
 * Under the mutex; the end breaks it off.
 */
static void
nap(void)
{
	const struct timespec until = ident_in_ms(NAP_MS);
	int rc = 0;

	while (rc == 0 && !spool.is_closing)
		rc = pthread_cond_timedwait(&spool.changed, &spool.mutex,
		    &until);
}

static void *
run(void *cookie)
{
	struct half *half;

	(void)cookie;
	pthread_mutex_lock(&spool.mutex);
	while (true) {
		while (spool.halves[spool.filling].len == 0 &&
		    !spool.is_closing) {
			spool.is_idle = true;
			pthread_cond_wait(&spool.changed, &spool.mutex);
			spool.is_idle = false;
		}
		if (spool.halves[spool.filling].len == 0)
			break;
		half = take_half();
		pthread_mutex_unlock(&spool.mutex);
		write_half(half);
		pthread_mutex_lock(&spool.mutex);
		half->len = 0;
		nap();
	}
	spool.is_empty = true;
	pthread_cond_broadcast(&spool.changed);
	pthread_mutex_unlock(&spool.mutex);
	return (NULL);
}

void
spool_open(int fd, spool_tell *tell)
{
	pthread_condattr_t attr;

	spool.fd = fd;
	spool.tell = tell;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&spool.changed, &attr);
	pthread_condattr_destroy(&attr);
}

int
spool_start(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	/* Nobody could join one that waits for its reader. */
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attr, run, NULL);
	pthread_attr_destroy(&attr);
	spool.is_started = rc == 0;
	return (rc);
}

void
spool_put(const char *line, size_t len)
{
	struct half *half;
	bool is_idle;

	pthread_mutex_lock(&spool.mutex);
	half = &spool.halves[spool.filling];
	if (spool.lost > 0 || len > sizeof half->text - TELL - half->len) {
		spool.lost++;
	} else {
		memcpy(half->text + half->len, line, len);
		half->len += len;
	}
	is_idle = spool.is_idle;
	pthread_mutex_unlock(&spool.mutex);
	/* Under the mutex who is woken would sleep again, for the mutex. */
	if (is_idle)
		pthread_cond_signal(&spool.changed);
}

/*
 * Without a thread, at the end of a process that got none: what one write
 * takes. That others on the same pipe are quicker is the lesser evil.
 */
static void
write_here(int64_t patience_ms)
{
	struct pollfd output = { .fd = spool.fd, .events = POLLOUT };
	const struct half *half = take_half();
	ssize_t n;

	if (half->len == 0 || poll(&output, 1, (int)patience_ms) != 1)
		return;
	n = write(spool.fd, half->text, piece(half->text, half->len));
	(void)n;	/* there is no one to tell */
}

void
spool_close(int64_t patience_ms)
{
	const struct timespec until = ident_in_ms(patience_ms);
	int rc = 0;

	pthread_mutex_lock(&spool.mutex);
	spool.is_closing = true;
	pthread_cond_broadcast(&spool.changed);
	pthread_mutex_unlock(&spool.mutex);
	if (!spool.is_started && spool_start() != 0) {
		write_here(patience_ms);
		return;
	}
	pthread_mutex_lock(&spool.mutex);
	while (!spool.is_empty && rc == 0)
		rc = pthread_cond_timedwait(&spool.changed, &spool.mutex,
		    &until);
	pthread_mutex_unlock(&spool.mutex);
}
