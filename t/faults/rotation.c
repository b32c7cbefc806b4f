/*
 * A library for LD_PRELOAD that spoils a rotation of master keys. What
 * SR_ROTATION has in it:
 *
 *   slow    wait 0.2 s before the lock, the first 20 times, so that saves come
 *           between the reading of boxes and their replacement
 *   blind   replace whatever box is there
 *   stale   never notice that another process has committed
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

static const struct {
	const char *word;
	const char *sql;
	const char *instead;
} lies[] = {
	{ "blind", "UPDATE integrations SET auth_data = ?1 WHERE "
	    "integration_id = ?2 AND auth_data = ?3",
	    "UPDATE integrations SET auth_data = ?1 WHERE "
	    "integration_id = ?2 AND ?3 IS NOT NULL" },
	{ "stale", "PRAGMA data_version", "SELECT 1" },
};

static int
is_asked(const char *word)
{
	const char *what = getenv("SR_ROTATION");

	return (what != NULL && strstr(what, word) != NULL);
}

/* SQLite's, whose header is not asked for here. */
int sqlite3_prepare_v3(void *handle, const char *sql, int len, unsigned flags,
    void **stmt, const char **tail);

int
sqlite3_prepare_v3(void *handle, const char *sql, int len, unsigned flags,
    void **stmt, const char **tail)
{
	int (*real)(void *, const char *, int, unsigned, void **,
	    const char **);
	size_t i;

	*(void **)&real = dlsym(RTLD_NEXT, "sqlite3_prepare_v3");
	for (i = 0; i < sizeof lies / sizeof lies[0]; i++)
		if (strcmp(sql, lies[i].sql) == 0 && is_asked(lies[i].word))
			sql = lies[i].instead;
	return (real(handle, sql, len, flags, stmt, tail));
}

int
flock(int fd, int operation)
{
	const struct timespec pause = { 0, 200000000 };
	static int times;
	int (*real)(int, int);

	*(void **)&real = dlsym(RTLD_NEXT, "flock");
	if ((operation & LOCK_EX) != 0 && times++ < 20 &&
	    is_asked("slow"))
		nanosleep(&pause, NULL);
	return (real(fd, operation));
}
