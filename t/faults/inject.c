/*
 * A library for LD_PRELOAD that makes the world fail at a chosen call. Reads
 * its environment and finds the real functions before main begins, and opens
 * nothing, so that it works in a process that may not do so later.
 *
 *   SR_INJECT       rules, separated by commas: CALL:ACTION:WHEN[:NUMBER]
 *   SR_INJECT_PATH  only files whose names begin so
 *
 * CALL: open, pread, pwrite, sync (fdatasync, fsync), dirsync (the same of a
 * directory), truncate, change (any of the last four), commit (a COMMIT of
 * SQLite's). WHEN counts the calls of one rule in one process: N the Nth, N+
 * all from the Nth on, N-M these.
 *
 *   kill    end at once, before the call
 *   tear    end at once, behind the call, and amid it if it is a write
 *   eio     fail with EIO      enospc  fail with ENOSPC
 *   drop    do nothing, and say that it was done
 *   full    drop, but only where the real call fails for want of space
 *   slow    first wait NUMBER milliseconds
 *   leak    first take NUMBER KiB of memory for ever
 *   early   of COMMITs do only each NUMBERth: what is answered is not there
 *
 * What was done at one call or at a range of them is said on descriptor 2.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum call { OPEN = 1, PREAD = 2, PWRITE = 4, SYNC = 8, TRUNCATE = 16,
    COMMIT = 32, DIRSYNC = 64, CHANGE = PWRITE | SYNC | DIRSYNC | TRUNCATE };
enum kind { FOREIGN, OURS, OUR_DIRECTORY };
enum action { NOTHING, KILL, TEAR, EIO_, ENOSPC_, DROP, FULL, SLOW, LEAK,
    EARLY };

struct word {
	const char *word;
	int value;
};

static const struct word calls[] = { { "open", OPEN }, { "pread", PREAD },
    { "pwrite", PWRITE }, { "sync", SYNC },
    { "dirsync", DIRSYNC }, { "truncate", TRUNCATE },
    { "change", CHANGE }, { "commit", COMMIT }, { NULL, 0 } };
static const struct word actions[] = { { "kill", KILL }, { "tear", TEAR },
    { "eio", EIO_ }, { "enospc", ENOSPC_ }, { "drop", DROP },
    { "full", FULL }, { "slow", SLOW }, { "leak", LEAK }, { "early", EARLY },
    { NULL, 0 } };

struct rule {
	int call;
	int action;
	unsigned long from;
	unsigned long to;
	unsigned long number;
	atomic_ulong count;
};

enum { RULES_MAX = 8, FILES_MAX = 4096, PATH_LEN = 512, DONE = 101 };

static struct rule rules[RULES_MAX];
static size_t rule_count;
static char prefix[PATH_LEN];
static atomic_int kinds[FILES_MAX];	/* by descriptor */

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static ssize_t (*real_pread)(int, void *, size_t, off64_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);
static int (*real_ftruncate)(int, off64_t);
static int (*real_step)(void *);
static const char *(*real_sql)(void *);
static void *(*real_handle)(void *);
static int (*real_autocommit)(void *);

static int
find_word(const struct word *words, const char *word)
{
	while (words->word != NULL && strcmp(words->word, word) != 0)
		words++;
	return (words->value);
}

static void
read_rule(char *text)
{
	struct rule *rule = &rules[rule_count];
	char *rest = NULL, *when, *end = NULL;

	rule->call = find_word(calls, strtok_r(text, ":", &rest));
	when = strtok_r(NULL, ":", &rest);
	rule->action = when == NULL ? NOTHING : find_word(actions, when);
	when = strtok_r(NULL, ":", &rest);
	if (rule->call == 0 || rule->action == NOTHING || when == NULL) {
		fputs("inject: what rule is this?\n", stderr);
		_exit(99);
	}
	rule->from = rule->to = strtoul(when, &end, 10);
	if (*end == '+')
		rule->to = (unsigned long)-1;
	else if (*end == '-')
		rule->to = strtoul(end + 1, NULL, 10);
	when = strtok_r(NULL, ":", &rest);
	rule->number = when == NULL ? 0 : strtoul(when, NULL, 10);
	rule_count++;
}

#define FIND(to, name) (*(void **)&(to) = dlsym(RTLD_NEXT, name))

__attribute__((constructor)) static void
begin(void)
{
	const char *text = getenv("SR_INJECT");
	const char *path = getenv("SR_INJECT_PATH");
	char copy[PATH_LEN], *word, *rest = NULL;

	FIND(real_open, "open64");
	FIND(real_openat, "openat64");
	FIND(real_pread, "pread64");
	FIND(real_pwrite, "pwrite64");
	FIND(real_fdatasync, "fdatasync");
	FIND(real_fsync, "fsync");
	FIND(real_ftruncate, "ftruncate64");
	FIND(real_step, "sqlite3_step");
	FIND(real_sql, "sqlite3_sql");
	FIND(real_handle, "sqlite3_db_handle");
	FIND(real_autocommit, "sqlite3_get_autocommit");
	snprintf(prefix, sizeof prefix, "%s", path == NULL ? "" : path);
	snprintf(copy, sizeof copy, "%s", text == NULL ? "" : text);
	for (word = strtok_r(copy, ",", &rest); word != NULL &&
	    rule_count < RULES_MAX; word = strtok_r(NULL, ",", &rest))
		read_rule(word);
}

static void
die(void)
{
	kill(getpid(), SIGKILL);
	_exit(137);	/* where that is not allowed */
}

static void
tell(const struct rule *rule, unsigned long n)
{
	char line[80];
	int len, saved = errno;

	if (rule->to == (unsigned long)-1)
		return;
	len = snprintf(line, sizeof line, "inject: rule %d action %d at %lu\n",
	    (int)(rule - rules), rule->action, n);
	if (write(STDERR_FILENO, line, (size_t)len) != len)
		errno = 0;
	errno = saved;
}

/* All of it hangs together: it is in use, as a sanitizer understands it. */
static void
take_memory(size_t kib)
{
	static _Atomic(void *) taken;
	void **p = malloc(kib * 1024 + sizeof *p);

	if (p == NULL)
		return;
	memset(p, 1, kib * 1024 + sizeof *p);
	*p = atomic_exchange(&taken, p);
}

/* Count the call, and do what precedes it. Returns what is to become of it. */
static int
judge(int call)
{
	struct timespec pause;
	unsigned long n;
	size_t i;

	for (i = 0; i < rule_count; i++) {
		if ((rules[i].call & call) == 0)
			continue;
		n = atomic_fetch_add(&rules[i].count, 1) + 1;
		if (n < rules[i].from || n > rules[i].to)
			continue;
		tell(&rules[i], n);
		switch (rules[i].action) {
		case KILL:
			die();
			break;
		case EIO_:
			errno = EIO;
			return (EIO_);
		case ENOSPC_:
			errno = ENOSPC;
			return (ENOSPC_);
		case SLOW:
			pause.tv_sec = (time_t)(rules[i].number / 1000);
			pause.tv_nsec = (long)(rules[i].number % 1000) *
			    1000000L;
			nanosleep(&pause, NULL);
			break;
		case LEAK:
			take_memory(rules[i].number);
			break;
		case EARLY:
			return (n % rules[i].number != 0 ? EARLY : NOTHING);
		default:
			return (rules[i].action);
		}
	}
	return (NOTHING);
}

static int
judge_file(int call, int fd)
{
	int kind = fd < 0 || fd >= FILES_MAX ? FOREIGN :
	    atomic_load(&kinds[fd]);

	if (kind == FOREIGN)
		return (NOTHING);
	return (judge(call == SYNC && kind == OUR_DIRECTORY ? DIRSYNC : call));
}

static bool
is_ours(const char *path)
{
	return (strncmp(path, prefix, strlen(prefix)) == 0);
}

static int
open_it(int dir, const char *path, int flags, mode_t mode)
{
	int what = is_ours(path) ? judge(OPEN) : NOTHING;
	struct stat st;
	int fd;

	if (what == EIO_ || what == ENOSPC_)
		return (-1);
	fd = dir == AT_FDCWD ? real_open(path, flags, mode) :
	    real_openat(dir, path, flags, mode);
	if (what == TEAR)
		die();
	if (fd >= 0 && fd < FILES_MAX)
		atomic_store(&kinds[fd], !is_ours(path) ? FOREIGN :
		    fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ?
		    OUR_DIRECTORY : OURS);
	return (fd);
}

#define MODE(flags, mode) do {					\
	va_list list;						\
	va_start(list, flags);					\
	(mode) = ((flags) & (O_CREAT | O_TMPFILE)) != 0 ?	\
	    va_arg(list, mode_t) : 0;				\
	va_end(list);						\
} while (0)

int
open(const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags, mode);
	return (open_it(AT_FDCWD, path, flags, mode));
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags, mode);
	return (open_it(AT_FDCWD, path, flags, mode));
}

int
openat(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags, mode);
	return (open_it(dir, path, flags, mode));
}

int
openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags, mode);
	return (open_it(dir, path, flags, mode));
}

ssize_t
pread64(int fd, void *to, size_t len, off64_t at)
{
	int what = judge_file(PREAD, fd);

	return (what == EIO_ ? -1 : real_pread(fd, to, len, at));
}

ssize_t
pread(int fd, void *to, size_t len, off_t at)
{
	return (pread64(fd, to, len, at));
}

ssize_t
pwrite64(int fd, const void *from, size_t len, off64_t at)
{
	int what = judge_file(PWRITE, fd);
	ssize_t n;

	if (what == EIO_ || what == ENOSPC_)
		return (-1);
	if (what == DROP)
		return ((ssize_t)len);
	n = real_pwrite(fd, from, what == TEAR ? len / 2 : len, at);
	if (what == TEAR)
		die();
	return (what == FULL && n < (ssize_t)len && (n != -1 ||
	    errno == ENOSPC) ? (ssize_t)len : n);
}

ssize_t
pwrite(int fd, const void *from, size_t len, off_t at)
{
	return (pwrite64(fd, from, len, at));
}

static int
sync_it(int fd, int (*real)(int))
{
	int what = judge_file(SYNC, fd), rc;

	if (what == EIO_ || what == ENOSPC_)
		return (-1);
	rc = what == DROP ? 0 : real(fd);
	if (what == TEAR)
		die();
	return (rc);
}

int
fdatasync(int fd)
{
	return (sync_it(fd, real_fdatasync));
}

int
fsync(int fd)
{
	return (sync_it(fd, real_fsync));
}

int
ftruncate64(int fd, off64_t len)
{
	int what = judge_file(TRUNCATE, fd), rc;

	if (what == EIO_ || what == ENOSPC_)
		return (-1);
	rc = what == DROP ? 0 : real_ftruncate(fd, len);
	if (what == TEAR)
		die();
	return (rc);
}

int
ftruncate(int fd, off_t len)
{
	return (ftruncate64(fd, len));
}

/* SQLite's, whose header is not asked for here. */
int sqlite3_step(void *stmt);

int
sqlite3_step(void *stmt)
{
	const char *sql = real_sql(stmt);

	if (sql != NULL && strcmp(sql, "COMMIT") == 0 &&
	    judge(COMMIT) == EARLY)
		return (DONE);
	/* The transaction is open still, behind a COMMIT that was not done. */
	if (sql != NULL && strcmp(sql, "BEGIN IMMEDIATE") == 0 &&
	    real_autocommit(real_handle(stmt)) == 0)
		return (DONE);
	return (real_step(stmt));
}
