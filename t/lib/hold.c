/*
 * Preloaded: whoever begins to read a list is held as long as the file HOLD is
 * there, and says so on standard error first. A list is a statement of SQLite's
 * that names an index of lists; HOLD_SQL is what others have in their text.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int (*real_step)(void *);
static const char *(*real_sql)(void *);
static const char *file, *text;

__attribute__((constructor)) static void
begin(void)
{
	const char *ready = getenv("HOLD_READY");

	*(void **)&real_step = dlsym(RTLD_NEXT, "sqlite3_step");
	*(void **)&real_sql = dlsym(RTLD_NEXT, "sqlite3_sql");
	file = getenv("HOLD");
	text = getenv("HOLD_SQL");
	if (text == NULL)
		text = "INDEXED BY integrations_by_";
	/* That this library can be had at all. */
	if (ready != NULL && real_step != NULL)
		(void)!symlink("ready", ready);
}

int sqlite3_step(void *stmt);

int
sqlite3_step(void *stmt)
{
	static const char said[] = "hold: one is held\n";
	const struct timespec pause = { 0, 1000000 };
	const char *sql = real_sql(stmt);

	if (file != NULL && sql != NULL &&
	    strstr(sql, text) != NULL &&
	    access(file, F_OK) == 0) {
		(void)!write(STDERR_FILENO, said, sizeof said - 1);
		while (access(file, F_OK) == 0)
			nanosleep(&pause, NULL);
	}
	return (real_step(stmt));
}
