/*
 * The lock file. Knows nothing of what it guards.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ground/ident.h"
#include "ground/log.h"
#include "store/lockfile.h"

enum { PAUSE_MIN_US = 200, PAUSE_MAX_US = 2000 };	/* between two tries */

struct lockfile {
	int fd;
	char name[];
};

static int
open_file(struct lockfile *lock)
{
	lock->fd = open(lock->name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (lock->fd == -1)
		log_error("lock file %s cannot be opened: %s", lock->name,
		    strerror(errno));
	return (lock->fd == -1 ? -1 : 0);
}

int
lockfile_peek(const char *path)
{
	size_t size = strlen(path) + sizeof LOCKFILE_END;
	char *name = malloc(size);
	int fd = -1;

	if (name == NULL)
		return (-1);
	snprintf(name, size, "%s" LOCKFILE_END, path);
	fd = open(name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	free(name);
	return (fd);
}

struct lockfile *
lockfile_open(const char *path)
{
	size_t size = strlen(path) + sizeof LOCKFILE_END;
	struct lockfile *lock = malloc(sizeof *lock + size);

	if (lock == NULL) {
		log_error("out of memory while opening %s", path);
		return (NULL);
	}
	snprintf(lock->name, size, "%s" LOCKFILE_END, path);
	if (open_file(lock) == -1) {
		free(lock);
		return (NULL);
	}
	return (lock);
}

void
lockfile_close(struct lockfile *lock)
{
	if (lock == NULL)
		return;
	close(lock->fd);
	free(lock);
}

/* Whether the open file is the one that others find by its name. */
static bool
is_current(const struct lockfile *lock)
{
	struct stat mine, named;

	return (fstat(lock->fd, &mine) == 0 &&
	    stat(lock->name, &named) == 0 && mine.st_dev == named.st_dev &&
	    mine.st_ino == named.st_ino);
}

static enum store_rc
try_once(struct lockfile *lock)
{
	if (flock(lock->fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EWOULDBLOCK || errno == EINTR)
			return (STORE_BUSY);
		log_error("lock file %s: %s", lock->name, strerror(errno));
		return (STORE_WRITE_FAILED);
	}
	if (is_current(lock))
		return (STORE_OK);
	/* Whoever has come since locks another file. */
	(void)flock(lock->fd, LOCK_UN);
	log_error("lock file %s was taken away or replaced while it was open: "
	    "restart the service", lock->name);
	return (STORE_UNAVAILABLE);
}

int
lockfile_fd(const struct lockfile *lock)
{
	return (lock->fd);
}

/* flock(2) has no time-out: try, pause, try again. */
enum store_rc
lockfile_take(struct lockfile *lock, int timeout_ms)
{
	int64_t deadline = ident_monotonic_ms() + timeout_ms;
	struct timespec pause = { 0, PAUSE_MIN_US * 1000L };
	enum store_rc rc;

	while ((rc = try_once(lock)) == STORE_BUSY &&
	    ident_monotonic_ms() < deadline) {
		nanosleep(&pause, NULL);
		pause.tv_nsec *= 2;
		if (pause.tv_nsec > PAUSE_MAX_US * 1000L)
			pause.tv_nsec = PAUSE_MAX_US * 1000L;
	}
	return (rc);
}

void
lockfile_give(struct lockfile *lock)
{
	(void)flock(lock->fd, LOCK_UN);
}
