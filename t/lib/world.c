/*
 * A world that a test cannot have: a network file system, a full disk, another
 * time. Comes before libc (LD_PRELOAD) and asks the environment:
 * WORLD_FS_TYPE, WORLD_BLOCKS_LEFT, WORLD_FILES_LEFT, WORLD_SHIFT (seconds);
 * WORLD_STALL, a word: before the first statement of SQL that has it, the
 * process makes the file WORLD_STALLED and waits until that is removed;
 * WORLD_LOCK, a number: before it takes the lock for so manyth time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* SQLite's, whose header is not asked for here. */
int sqlite3_prepare_v3(void *handle, const char *sql, int len, unsigned flags,
    void **stmt, const char **tail);

static void
stall(void)
{
	const char *mark = getenv("WORLD_STALLED");

	close(open(mark, O_WRONLY | O_CREAT, 0600));
	while (access(mark, F_OK) == 0)
		usleep(1000);
}

int
flock(int fd, int operation)
{
	static int count;
	int (*real)(int, int);
	const char *number = getenv("WORLD_LOCK");

	*(void **)&real = dlsym(RTLD_NEXT, "flock");
	if (number != NULL && (operation & LOCK_EX) != 0 &&
	    ++count == atoi(number))
		stall();
	return (real(fd, operation));
}

int
sqlite3_prepare_v3(void *handle, const char *sql, int len, unsigned flags,
    void **stmt, const char **tail)
{
	static int has_stalled;
	int (*real)(void *, const char *, int, unsigned, void **,
	    const char **);
	const char *word = getenv("WORLD_STALL");

	*(void **)&real = dlsym(RTLD_NEXT, "sqlite3_prepare_v3");
	if (!has_stalled && word != NULL && strstr(sql, word) != NULL) {
		has_stalled = 1;
		stall();
	}
	return (real(handle, sql, len, flags, stmt, tail));
}

int
statfs(const char *path, struct statfs *fs)
{
	int (*real)(const char *, struct statfs *);
	const char *type = getenv("WORLD_FS_TYPE");
	int rc;

	*(void **)&real = dlsym(RTLD_NEXT, "statfs");
	rc = real(path, fs);
	if (type != NULL)
		fs->f_type = strtol(type, NULL, 0);
	return (rc);
}

int
statvfs(const char *path, struct statvfs *fs)
{
	int (*real)(const char *, struct statvfs *);
	const char *blocks = getenv("WORLD_BLOCKS_LEFT");
	const char *files = getenv("WORLD_FILES_LEFT");
	int rc;

	*(void **)&real = dlsym(RTLD_NEXT, "statvfs");
	rc = real(path, fs);
	/* The disk of whoever runs the test may be full indeed. */
	fs->f_frsize = 4096;
	fs->f_bavail = blocks != NULL ? strtoul(blocks, NULL, 0) : 1 << 20;
	fs->f_files = 1 << 20;
	fs->f_favail = files != NULL ? strtoul(files, NULL, 0) : 1 << 20;
	return (rc);
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int (*real)(clockid_t, struct timespec *);
	const char *shift = getenv("WORLD_SHIFT");
	int rc;

	*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	rc = real(clock, now);
	if (shift != NULL && clock == CLOCK_REALTIME)
		now->tv_sec += strtol(shift, NULL, 0);
	return (rc);
}
