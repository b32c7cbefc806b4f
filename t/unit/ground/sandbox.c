/* The sandbox, tried from every thread, and beside it what is without one. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/landlock.h>

#include "ground/conf.h"
#include "ground/sandbox.h"
#include "unit/unit.h"

enum { THREADS = 8 };

static char *const no_words[] = { NULL };

/* Each tries one thing and is true when that was possible. */
static bool
opens_passwd(void)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	if (fd != -1)
		close(fd);
	return (fd != -1);
}

static bool
lists_root(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd != -1)
		close(fd);
	return (fd != -1);
}

static bool
makes_file_elsewhere(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "elsewhere/%d", (int)syscall(SYS_gettid));
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd != -1)
		close(fd);
	return (fd != -1);
}

static bool
changes_key_directory(void)
{
	int fd = open("keys/key", O_RDWR | O_CLOEXEC);

	if (fd != -1)
		close(fd);
	return (fd != -1);
}

static bool
makes_inet_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd != -1)
		close(fd);
	return (fd != -1);
}

static bool
makes_unix_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd != -1)
		close(fd);
	return (fd != -1);
}

static bool
makes_process(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return (pid != -1 && waitpid(pid, &status, 0) == pid);
}

/*
 * Where it works the process is gone; so a program that is none is started,
 * and only the sandbox says something else than ENOEXEC.
 */
static bool
starts_program(void)
{
	return (execve("data/program", no_words, no_words) == -1 &&
	    errno == ENOEXEC);
}

/* No process has the number 0, and only the sandbox says something else. */
static bool
traces_others(void)
{
	return (ptrace(PTRACE_ATTACH, 0, NULL, NULL) == -1 &&
	    errno == ESRCH);
}

static bool
makes_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		munmap(p, 4096);
	return (p != MAP_FAILED);
}

static bool
signals_others(void)
{
	return (kill(getppid(), 0) == 0);
}

static const struct {
	const char *what;
	bool (*works)(void);
} denied[] = {
	{ "open(\"/etc/passwd\")", opens_passwd },
	{ "a list of /", lists_root },
	{ "a file elsewhere", makes_file_elsewhere },
	{ "writing to the key file", changes_key_directory },
	{ "socket(AF_INET)", makes_inet_socket },
	{ "socket(AF_UNIX)", makes_unix_socket },
	{ "fork", makes_process },
	{ "execve", starts_program },
	{ "memory that is code", makes_code },
	{ "a signal to another process", signals_others },
	{ "ptrace", traces_others },
};

enum { DENIED = sizeof denied / sizeof denied[0] };

struct tries {
	pthread_barrier_t *start;
	bool works[DENIED];
};

static void *
try_all(void *cookie)
{
	struct tries *tries = cookie;
	size_t i;

	(void)pthread_barrier_wait(tries->start);
	for (i = 0; i < DENIED; i++)
		tries->works[i] = denied[i].works();
	return (NULL);
}

/*
 * From this thread and from as many more as there are. None tries before all
 * are there: while a thread is in execve(2) no other can be made.
 */
static void
try_from_all(struct tries tries[THREADS])
{
	pthread_barrier_t start;
	pthread_t thread[THREADS];
	size_t i;

	ck_assert_int_eq(pthread_barrier_init(&start, NULL, THREADS), 0);
	for (i = 0; i < THREADS; i++)
		tries[i].start = &start;
	for (i = 1; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, try_all,
		    &tries[i]), 0);
	try_all(&tries[0]);
	for (i = 1; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
	pthread_barrier_destroy(&start);
}

/* A line for who reads the output: how many of the tries were denied. */
static void
show(const char *kind, const struct tries tries[THREADS])
{
	size_t t, i, count = 0;

	for (t = 0; t < THREADS; t++)
		for (i = 0; i < DENIED; i++)
			count += !tries[t].works[i];
	printf("# %s: %zu of %d tries denied, %d from each of %d threads\n",
	    kind, count, THREADS * DENIED, DENIED, THREADS);
	fflush(stdout);
}

static void
make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, "bytes", 5), 5);
	close(fd);
}

static struct sandbox
sandbox_of(uint64_t mode)
{
	ck_assert_int_eq(mkdir("data", 0700), 0);
	ck_assert_int_eq(mkdir("keys", 0700), 0);
	ck_assert_int_eq(mkdir("elsewhere", 0700), 0);
	ck_assert_int_eq(mkdir("run", 0700), 0);
	make_file("data/program");
	make_file("keys/key");
	make_file("run/socket");
	return ((struct sandbox){ .mode = mode, .database = "data/db",
	    .key_file = "keys/key", .socket = "run/socket" });
}

/* Whether this build and this kernel have all of it; asked in the open. */
static bool
is_whole(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    !defined(HAVE_SECCOMP)
	return (false);
#else
	return (syscall(SYS_landlock_create_ruleset, NULL, (size_t)0,
	    LANDLOCK_CREATE_RULESET_VERSION) > 0);
#endif
}

/* Close the sandbox; whether it is whole. */
static bool
close_around(uint64_t mode)
{
	struct sandbox sandbox = sandbox_of(mode);
	bool whole = is_whole();

	ck_assert_int_eq(sandbox_close(&sandbox), 0);
	return (whole);
}

/* What each test does in a process of its own, for no sandbox opens again. */
static void
try_inside(void)
{
	struct tries tries[THREADS] = { 0 };
	size_t t, i;

	if (!close_around(CONF_SANDBOX_AUTO))
		return;
	try_from_all(tries);
	show("figure", tries);
	for (t = 0; t < THREADS; t++)
		for (i = 0; i < DENIED; i++)
			ck_assert_msg(!tries[t].works[i],
			    "thread %zu: %s works", t, denied[i].what);
}

START_TEST(nothing_else_is_possible_from_any_thread)
{
	unit_apart(try_inside);
}
END_TEST

static void
try_outside(void)
{
	struct tries tries[THREADS] = { 0 };
	size_t t, i;

	close_around(CONF_SANDBOX_OFF);
	try_from_all(tries);
	show("control", tries);
	for (t = 0; t < THREADS; t++)
		for (i = 0; i < DENIED; i++)
			ck_assert_msg(tries[t].works[i],
			    "thread %zu: %s does not work", t,
			    denied[i].what);
	ck_assert_int_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
}

/* The control: the same tries find all of it possible. */
START_TEST(without_it_all_is_possible)
{
	unit_apart(try_outside);
	unit_has(unit_log(), "warning the sandbox is off");
}
END_TEST

static void
use_database_directory(void)
{
	int fd;

	close_around(CONF_SANDBOX_AUTO);
	fd = open("data/db-journal", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, "bytes", 5), 5);
	ck_assert_int_eq(ftruncate(fd, 2), 0);
	ck_assert_int_eq(fsync(fd), 0);
	close(fd);
	fd = open("data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fsync(fd), 0);
	close(fd);
	ck_assert_int_eq(unlink("data/db-journal"), 0);
}

START_TEST(database_directory_stays_as_it_was)
{
	unit_apart(use_database_directory);
}
END_TEST

static void
read_key_file(void)
{
	char bytes[8];
	int fd;

	close_around(CONF_SANDBOX_AUTO);
	fd = open("keys/key", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(read(fd, bytes, sizeof bytes), 5);
	close(fd);
}

START_TEST(key_file_can_be_read_again)
{
	unit_apart(read_key_file);
}
END_TEST

static void
remove_socket(void)
{
	close_around(CONF_SANDBOX_AUTO);
	ck_assert_int_eq(unlink("run/socket"), 0);
}

START_TEST(socket_can_be_removed)
{
	unit_apart(remove_socket);
}
END_TEST

static void
be_refused(void)
{
	if (!close_around(CONF_SANDBOX_AUTO))
		return;
	ck_assert_int_eq(socket(AF_INET, SOCK_STREAM, 0), -1);
	ck_assert_int_eq(errno, ENOSYS);
	ck_assert_int_eq(open("/etc/passwd", O_RDONLY | O_CLOEXEC), -1);
	ck_assert_int_eq(errno, EACCES);
}

START_TEST(refusal_is_an_error_and_not_the_end)
{
	unit_apart(be_refused);
}
END_TEST

static void
close_without_directory(void)
{
	struct sandbox sandbox = sandbox_of(CONF_SANDBOX_AUTO);

	sandbox.database = "none/db";
	ck_assert_int_eq(sandbox_close(&sandbox), 0);
}

START_TEST(directory_that_is_not_there_is_told)
{
	unit_apart(close_without_directory);
	if (is_whole())
		unit_has(unit_log(), "info the sandbox has no Landlock (No "
		    "such file or directory)");
}
END_TEST

static void
want_all_without_directory(void)
{
	struct sandbox sandbox = sandbox_of(CONF_SANDBOX_ON);

	sandbox.database = "none/db";
	ck_assert_int_eq(sandbox_close(&sandbox), -1);
}

START_TEST(what_is_missing_is_an_error_where_all_is_wanted)
{
	unit_apart(want_all_without_directory);
	unit_has(unit_log(), "set sandbox = auto to do without");
}
END_TEST

static void
want_all(void)
{
	struct sandbox sandbox = sandbox_of(CONF_SANDBOX_ON);
	int expected = is_whole() ? 0 : -1;

	ck_assert_int_eq(sandbox_close(&sandbox), expected);
}

START_TEST(all_that_is_wanted_is_had_or_refused)
{
	unit_apart(want_all);
}
END_TEST

static void
close_quietly(void)
{
	struct sandbox sandbox = sandbox_of(CONF_SANDBOX_OFF);

	sandbox.is_quiet = true;
	ck_assert_int_eq(sandbox_close(&sandbox), 0);
	sandbox.mode = CONF_SANDBOX_AUTO;
	sandbox.socket = "none/socket";
	ck_assert_int_eq(sandbox_close(&sandbox), 0);
}

START_TEST(quiet_sandbox_says_nothing)
{
	unit_apart(close_quietly);
	ck_assert_str_eq(unit_log(), "");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		nothing_else_is_possible_from_any_thread,
		without_it_all_is_possible,
		database_directory_stays_as_it_was,
		key_file_can_be_read_again,
		socket_can_be_removed,
		refusal_is_an_error_and_not_the_end,
		directory_that_is_not_there_is_told,
		what_is_missing_is_an_error_where_all_is_wanted,
		all_that_is_wanted_is_had_or_refused,
		quiet_sandbox_says_nothing,
	};

	return (unit_main("sandbox", tests, sizeof tests / sizeof tests[0]));
}
