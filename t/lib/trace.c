/*
 * Preloaded: writes down, in order, what a program does to the files whose
 * names begin with TRACE_BELOW, to the file TRACE: a line each, of words with
 * tabs between them.
 *
 *	create PATH		a name that was not there
 *	mkdir PATH
 *	write PATH
 *	cut PATH		its length was changed
 *	sync PATH		of a directory: of the names in it
 *	rename PATH PATH
 *	link PATH PATH
 *	unlink PATH
 *
 * Writes are written down before they are done, all else once it has been, so
 * that a sync at the same time as a write never seems to leave it out. What
 * libc does for itself is seen of fwrite(3) and fflush(3) alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { FILES_MAX = 1024, PATH_LEN = 512, LOG_FD = 500 };

/* A descriptor's name; of those that are not ours, none. */
static char names[FILES_MAX][PATH_LEN];
static char below[PATH_LEN];
static int log_fd = -1;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *
real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	return (found);
}

static bool
is_ours(const char *path)
{
	return (log_fd != -1 && path != NULL && below[0] != '\0' &&
	    strncmp(path, below, strlen(below)) == 0);
}

static void
say(const char *what, const char *path, const char *other)
{
	char line[2 * PATH_LEN + 32];
	int saved = errno, len;

	len = snprintf(line, sizeof line, "%s\t%s%s%s\n", what, path,
	    other != NULL ? "\t" : "", other != NULL ? other : "");
	if (len >= (int)sizeof line || REAL(write)(log_fd, line,
	    (size_t)len) != len)
		abort();
	errno = saved;
}

static const char *
name_of(int fd)
{
	return (fd < 0 || fd >= FILES_MAX || names[fd][0] == '\0' ? NULL :
	    names[fd]);
}

static void
name_it(int fd, const char *path)
{
	if (fd >= 0 && fd < FILES_MAX)
		snprintf(names[fd], PATH_LEN, "%s", is_ours(path) ? path : "");
}

/* What is said of a file that is open. */
static void
say_of(int fd, const char *what)
{
	const char *name = name_of(fd);

	if (name != NULL)
		say(what, name, NULL);
}

__attribute__((constructor)) static void
begin(void)
{
	const char *trace = getenv("TRACE"), *path = getenv("TRACE_BELOW");
	char link[32], name[PATH_LEN];
	ssize_t len;
	int fd;

	if (trace == NULL || path == NULL)
		return;
	fd = REAL(open)(trace, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	log_fd = fcntl(fd, F_DUPFD_CLOEXEC, LOG_FD);
	if (log_fd == -1)
		log_fd = fd;
	else
		REAL(close)(fd);
	snprintf(below, sizeof below, "%s", path);
	for (fd = 0; fd < 3; fd++) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		len = readlink(link, name, sizeof name - 1);
		name[len > 0 ? len : 0] = '\0';
		name_it(fd, name);
	}
	say("begin", program_invocation_short_name, NULL);
}

static int
opened(int fd, const char *path, int flags, bool was_there)
{
	name_it(fd, path);
	if (fd == -1 || !is_ours(path))
		return (fd);
	if (!was_there)
		say("create", path, NULL);
	else if ((flags & O_TRUNC) != 0)
		say("write", path, NULL);
	return (fd);
}

static bool
is_there(const char *path)
{
	struct stat st;
	int saved = errno;
	bool there = lstat(path, &st) == 0;

	errno = saved;
	return (there);
}

/* Open by one of open(2)'s names. */
static int
open_it(int (*how)(const char *, int, ...), const char *path, int flags,
    mode_t mode)
{
	bool was_there = (flags & O_CREAT) == 0 || is_there(path);

	return (opened(how(path, flags, mode), path, flags, was_there));
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
	return (open_it(REAL(open), path, flags, mode));
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode;

	MODE(flags, mode);
	return (open_it(REAL(open64), path, flags, mode));
}

/* What _FORTIFY_SOURCE makes of an open without a mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

int
__open_2(const char *path, int flags)
{
	return (open_it(REAL(open), path, flags, 0));
}

int
__open64_2(const char *path, int flags)
{
	return (open_it(REAL(open64), path, flags, 0));
}

int
mkostemp(char *path, int flags)
{
	return (opened(REAL(mkostemp)(path, flags), path, O_CREAT, false));
}

int
mkostemp64(char *path, int flags)
{
	return (opened(REAL(mkostemp64)(path, flags), path, O_CREAT, false));
}

int
close(int fd)
{
	name_it(fd, NULL);
	return (REAL(close)(fd));
}

ssize_t
write(int fd, const void *from, size_t len)
{
	say_of(fd, "write");
	return (REAL(write)(fd, from, len));
}

ssize_t
pwrite(int fd, const void *from, size_t len, off_t at)
{
	say_of(fd, "write");
	return (REAL(pwrite)(fd, from, len, at));
}

ssize_t
pwrite64(int fd, const void *from, size_t len, off64_t at)
{
	say_of(fd, "write");
	return (REAL(pwrite64)(fd, from, len, at));
}

int
ftruncate(int fd, off_t len)
{
	say_of(fd, "cut");
	return (REAL(ftruncate)(fd, len));
}

int
ftruncate64(int fd, off64_t len)
{
	say_of(fd, "cut");
	return (REAL(ftruncate64)(fd, len));
}

size_t
fwrite(const void *from, size_t size, size_t count, FILE *file)
{
	say_of(fileno(file), "write");
	return (REAL(fwrite)(from, size, count, file));
}

int
fflush(FILE *file)
{
	if (file != NULL && __fpending(file) > 0)
		say_of(fileno(file), "write");
	return (REAL(fflush)(file));
}

int
fsync(int fd)
{
	int rc = REAL(fsync)(fd);

	if (rc == 0)
		say_of(fd, "sync");
	return (rc);
}

int
fdatasync(int fd)
{
	int rc = REAL(fdatasync)(fd);

	if (rc == 0)
		say_of(fd, "sync");
	return (rc);
}

int
rename(const char *from, const char *to)
{
	int rc = REAL(rename)(from, to);

	if (rc == 0 && is_ours(to))
		say("rename", from, to);
	return (rc);
}

int
renameat2(int from_dir, const char *from, int to_dir, const char *to,
    unsigned flags)
{
	int rc = REAL(renameat2)(from_dir, from, to_dir, to, flags);

	if (rc == 0 && is_ours(to))
		say("rename", from, to);
	return (rc);
}

int
link(const char *from, const char *to)
{
	int rc = REAL(link)(from, to);

	if (rc == 0 && is_ours(to))
		say("link", from, to);
	return (rc);
}

int
unlink(const char *path)
{
	int rc = REAL(unlink)(path);

	if (rc == 0 && is_ours(path))
		say("unlink", path, NULL);
	return (rc);
}

int
mkdir(const char *path, mode_t mode)
{
	int rc = REAL(mkdir)(path, mode);

	if (rc == 0 && is_ours(path))
		say("mkdir", path, NULL);
	return (rc);
}
