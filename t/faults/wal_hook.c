/*
 * A library for LD_PRELOAD. It holds a checkpoint of SQLite in two places:
 * before it takes its lock, and between its reading of the WAL-index header
 * and its use of what it has read. The second is the window of the bug that
 * sqlite.org/wal.html#walresetbug tells of. SR_HOLD names a directory: where a
 * file "lock" or "reset" is in it, the next checkpoint that comes to that place
 * removes it, makes "lock.held" or "reset.held", and goes on when that is gone
 * or when SR_HOLD_MS have passed. SR_NO_LOCK=1: flock(2) does nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

enum { CKPT_LOCK = 1 };		/* WAL_CKPT_LOCK of the WAL-index */

static sqlite3_vfs hook_vfs, *real_vfs;
static sqlite3_io_methods hook_methods;
static const sqlite3_io_methods *real_methods;

static void
hold(const char *place)
{
	const struct timespec pause = { 0, 1000000 };
	const char *dir = getenv("SR_HOLD"), *ms = getenv("SR_HOLD_MS");
	char armed[4096], held[4096];
	int left = ms != NULL ? atoi(ms) : 1000;

	if (dir == NULL)
		return;
	snprintf(armed, sizeof armed, "%s/%s", dir, place);
	snprintf(held, sizeof held, "%s/%s.held", dir, place);
	if (access(armed, F_OK) == -1)
		return;
	close(open(held, O_CREAT | O_WRONLY, 0600));
	unlink(armed);
	while (access(held, F_OK) == 0 && left-- > 0)
		nanosleep(&pause, NULL);
	unlink(held);
}

static int
hook_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	if (offset == CKPT_LOCK && n == 1 &&
	    flags == (SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE))
		hold("lock");
	return (real_methods->xShmLock(file, offset, n, flags));
}

/* Called by a checkpoint that has found the header changed, and by no other
 * as long as mmap_size is 0. */
static int
hook_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page)
{
	if (page == NULL)
		hold("reset");
	return (real_methods->xUnfetch(file, offset, page));
}

static int
hook_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *out)
{
	int rc = real_vfs->xOpen(real_vfs, name, file, flags, out);

	(void)vfs;
	if (rc != SQLITE_OK || (flags & SQLITE_OPEN_MAIN_DB) == 0)
		return (rc);
	real_methods = file->pMethods;
	hook_methods = *real_methods;
	hook_methods.xShmLock = hook_shm_lock;
	hook_methods.xUnfetch = hook_unfetch;
	file->pMethods = &hook_methods;
	return (rc);
}

static __attribute__((constructor)) void
install(void)
{
	real_vfs = sqlite3_vfs_find(NULL);
	hook_vfs = *real_vfs;
	hook_vfs.zName = "hook";
	hook_vfs.pNext = NULL;
	hook_vfs.xOpen = hook_open;
	if (sqlite3_vfs_register(&hook_vfs, 1) != SQLITE_OK)
		abort();
}

int
flock(int fd, int operation)
{
	static int (*real)(int, int);

	if (getenv("SR_NO_LOCK") != NULL)
		return (0);
	if (real == NULL)
		real = (int (*)(int, int))dlsym(RTLD_NEXT, "flock");
	return (real(fd, operation));
}
