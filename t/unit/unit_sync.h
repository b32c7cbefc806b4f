#ifndef UNIT_SYNC_H
#define UNIT_SYNC_H

/*
 * Syncs of the program under test, counted, and failed where that is wanted:
 * these stand before libc's own.
 */
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

/* All from this number on fail, with EIO. */
static int unit_syncs, unit_good_syncs = INT_MAX;

static inline void
unit_let_syncs_fail(int after)
{
	unit_syncs = 0;
	unit_good_syncs = after;
}

static int
unit_sync(long call, int fd)
{
	if (unit_syncs++ < unit_good_syncs)
		return ((int)syscall(call, fd));
	errno = EIO;
	return (-1);
}

int
fsync(int fd)
{
	return (unit_sync(SYS_fsync, fd));
}

int
fdatasync(int fd)
{
	return (unit_sync(SYS_fdatasync, fd));
}

#endif
