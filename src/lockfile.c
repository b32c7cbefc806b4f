/*
 * The lock file. Knows nothing of what it guards.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "ident.h"
#include "lockfile.h"
#include "log.h"

enum { PAUSE_MIN_US = 200, PAUSE_MAX_US = 2000 };	/* between two tries */

int
lockfile_open(const char *path)
{
	size_t size = strlen(path) + sizeof ".lock";
	char *name = malloc(size);
	int fd;

	if (name == NULL) {
		log_error("out of memory while opening %s", path);
		return (-1);
	}
	snprintf(name, size, "%s.lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		log_error("lock file %s cannot be opened: %s", name,
		    strerror(errno));
	free(name);
	return (fd);
}

/* flock(2) has no time-out: try, pause, try again. */
enum store_rc
lockfile_take(int fd, int timeout_ms)
{
	int64_t deadline = ident_monotonic_ms() + timeout_ms;
	struct timespec pause = { 0, PAUSE_MIN_US * 1000L };

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			log_error("the database's lock fails: %s",
			    strerror(errno));
			return (STORE_WRITE_FAILED);
		}
		if (ident_monotonic_ms() >= deadline)
			return (STORE_BUSY);
		nanosleep(&pause, NULL);
		pause.tv_nsec *= 2;
		if (pause.tv_nsec > PAUSE_MAX_US * 1000L)
			pause.tv_nsec = PAUSE_MAX_US * 1000L;
	}
	return (STORE_OK);
}

void
lockfile_give(int fd)
{
	(void)flock(fd, LOCK_UN);
}
