/*
 * The sandbox: Landlock for paths, seccomp for system calls. Knows nothing of
 * what the process does with what it keeps.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/landlock.h>
#if defined(HAVE_SECCOMP)
#include <seccomp.h>
#endif

#include "ground/conf.h"
#include "ground/log.h"
#include "ground/sandbox.h"

/* Sanitizers trace, fork and read /proc: what a sandbox is there to deny. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = true };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
enum { IS_SANITIZED = true };
#else
enum { IS_SANITIZED = false };
#endif
#else
enum { IS_SANITIZED = false };
#endif

/* Rights and attributes that are younger than the headers of Debian 12. */
enum {
	FS_FIRST = (1 << 13) - 1,	/* EXECUTE to MAKE_SYM */
	FS_REFER = 1 << 13,
	FS_TRUNCATE = 1 << 14,
	FS_IOCTL_DEV = 1 << 15,
	NET_TCP = 3,			/* bind, connect */
	NET_CONNECT = 2,
	SCOPE_ALL = 3			/* abstract sockets, signals */
};

struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

/* What each version of Landlock can deny besides, and the size of asking. */
static const struct {
	int abi;
	size_t size;
	struct ruleset adds;
} versions[] = {
	{ 1, offsetof(struct ruleset, net), { .fs = FS_FIRST } },
	{ 2, offsetof(struct ruleset, net), { .fs = FS_REFER } },
	{ 3, offsetof(struct ruleset, net), { .fs = FS_TRUNCATE } },
	{ 4, offsetof(struct ruleset, scoped), { .net = NET_TCP } },
	{ 5, offsetof(struct ruleset, scoped), { .fs = FS_IOCTL_DEV } },
	{ 6, sizeof(struct ruleset), { .scoped = SCOPE_ALL } },
};

enum {
	VERSIONS = sizeof versions / sizeof versions[0],
	MAY_READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	MAY_REMOVE = LANDLOCK_ACCESS_FS_REMOVE_FILE,
	MAY_CHANGE = MAY_READ | MAY_REMOVE | FS_TRUNCATE |
	    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG
};

/* Allow rights below dir. Returns 0 or an errno. */
static int
allow(int ruleset, const char *dir, uint64_t rights)
{
	struct landlock_path_beneath_attr beneath = {
		.allowed_access = rights
	};
	int error = 0;

	beneath.parent_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (beneath.parent_fd == -1)
		return (errno);
	if (syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == -1)
		error = errno;
	close(beneath.parent_fd);
	return (error);
}

/* The same for the directory that file is in; NULL is none. */
static int
allow_beside(int ruleset, const char *file, uint64_t rights)
{
	char *copy;
	int error;

	if (file == NULL)
		return (0);
	if ((copy = strdup(file)) == NULL)
		return (ENOMEM);
	error = allow(ruleset, dirname(copy), rights);
	free(copy);
	return (error);
}

static int
allow_all(int ruleset, const struct sandbox *sandbox, uint64_t known)
{
	const char *const *file;
	int error;

	error = allow_beside(ruleset, sandbox->database, MAY_CHANGE & known);
	if (error == 0)
		error = allow_beside(ruleset, sandbox->key_file, MAY_READ);
	for (file = sandbox->credentials; error == 0 && file != NULL &&
	    *file != NULL; file++)
		error = allow_beside(ruleset, *file, MAY_READ);
	if (error == 0)
		error = allow_beside(ruleset, sandbox->socket, MAY_REMOVE);
#if defined(COVERAGE_DIR)	/* where the counters are written at the end */
	if (error == 0)
		error = allow(ruleset, COVERAGE_DIR, MAY_CHANGE & known);
#endif
	return (error);
}

/*
 * Deny all paths but the directories of the sandbox. *abi is the version of
 * Landlock. Returns 0 or an errno.
 */
static int
close_paths(const struct sandbox *sandbox, int *abi)
{
	struct ruleset deny = { 0 };
	size_t i, size = 0;
	int ruleset, error;

	*abi = (int)syscall(SYS_landlock_create_ruleset, NULL, (size_t)0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (*abi == -1)
		return (errno);
	for (i = 0; i < VERSIONS && versions[i].abi <= *abi; i++) {
		deny.fs |= versions[i].adds.fs;
		deny.net |= versions[i].adds.net;
		deny.scoped |= versions[i].adds.scoped;
		size = versions[i].size;
	}
	if (sandbox->connects)
		deny.net &= ~(uint64_t)NET_CONNECT;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &deny, size, 0);
	if (ruleset == -1)
		return (errno);
	error = allow_all(ruleset, sandbox, deny.fs);
	if (error == 0 &&
	    syscall(SYS_landlock_restrict_self, ruleset, 0) == -1)
		error = errno;
	close(ruleset);
	return (error);
}

#if defined(HAVE_SECCOMP)
/* Of a socket's type, without what else is asked for with it. */
#define SOCK_TYPES ((uint64_t)0xf)

/*
 * What the process does once it serves: its own calls, and those of libc,
 * libfcgi, SQLite and libsodium, on any architecture. Not among them, on
 * purpose: socket, connect, bind, execve, fork, ptrace, kill, ioctl, prctl.
 */
static const int calls[] = {
	/* connections */
	SCMP_SYS(accept4), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_wait), SCMP_SYS(eventfd2),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(recvfrom),
	SCMP_SYS(sendto), SCMP_SYS(setsockopt), SCMP_SYS(shutdown),
	/* files; which ones is Landlock's business */
	SCMP_SYS(access), SCMP_SYS(close), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(fchmod), SCMP_SYS(fchown),
	SCMP_SYS(fcntl), SCMP_SYS(fcntl64), SCMP_SYS(fdatasync),
	SCMP_SYS(flock), SCMP_SYS(fstat), SCMP_SYS(fstatfs),
	SCMP_SYS(fsync), SCMP_SYS(ftruncate), SCMP_SYS(getcwd),
	SCMP_SYS(lseek), SCMP_SYS(lstat), SCMP_SYS(newfstatat),
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(pread64),
	SCMP_SYS(pwrite64), SCMP_SYS(read), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(stat), SCMP_SYS(statfs),
	SCMP_SYS(statx), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
	SCMP_SYS(write), SCMP_SYS(writev),
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(mlock2),
	SCMP_SYS(mremap), SCMP_SYS(munlock), SCMP_SYS(munmap),
	/* threads and signals */
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(futex),
	SCMP_SYS(restart_syscall), SCMP_SYS(rseq), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield), SCMP_SYS(set_robust_list),
	/* time, chance, who it is */
	SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(getegid), SCMP_SYS(geteuid),
	SCMP_SYS(getgid), SCMP_SYS(getpid), SCMP_SYS(getrandom),
	SCMP_SYS(gettid), SCMP_SYS(gettimeofday), SCMP_SYS(getuid),
	SCMP_SYS(nanosleep), SCMP_SYS(sysinfo), SCMP_SYS(time),
};

/* Calls that are allowed where an argument, of these bits, has this value. */
static const struct {
	int call;
	unsigned argument;
	uint64_t bits;
	uint64_t value;
} limited[] = {
	/* No new process. clone3 hides its flags, and is done without. */
	{ SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD },
	/* No new code. */
	{ SCMP_SYS(mmap), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mmap2), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mprotect), 2, PROT_EXEC, 0 },
	/* Two ends of ours, and no third. */
	{ SCMP_SYS(socketpair), 0, UINT64_MAX, AF_UNIX },
	/* Limits can be read. */
	{ SCMP_SYS(prlimit64), 2, UINT64_MAX, 0 },
};

/* What it takes to connect, and to no more than a server's kinds of address. */
static int
add_connecting(scmp_filter_ctx filter)
{
	static const int also[] = { SCMP_SYS(connect), SCMP_SYS(getpeername),
	    SCMP_SYS(getsockname), SCMP_SYS(getsockopt) };
	static const uint64_t families[] = { AF_UNIX, AF_INET, AF_INET6 };
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof also / sizeof also[0]; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, also[i], 0);
	for (i = 0; rc == 0 && i < sizeof families / sizeof families[0]; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		    SCMP_SYS(socket), 2, SCMP_CMP(0, SCMP_CMP_EQ, families[i]),
		    SCMP_CMP(1, SCMP_CMP_MASKED_EQ, SOCK_TYPES, SOCK_STREAM));
	return (rc);
}

static int
add_rules(scmp_filter_ctx filter)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof calls / sizeof calls[0]; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	for (i = 0; rc == 0 && i < sizeof limited / sizeof limited[0]; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		    limited[i].call, 1, SCMP_CMP(limited[i].argument,
		    SCMP_CMP_MASKED_EQ, limited[i].bits, limited[i].value));
	/* abort(3) sends itself a signal; there is nobody else to send one. */
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		    SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ,
		    (uint64_t)getpid()));
	return (rc);
}

/*
 * Deny all system calls but those above. The answer to others is ENOSYS, and
 * not the end of the process: saves under way are worth more, and a newer
 * libc falls back to the calls it used before. Returns 0 or an errno.
 */
static int
close_calls(const struct sandbox *sandbox)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int rc;

	if (filter == NULL)
		return (ENOMEM);
	/* A tree, not a list: the last call of the table is not dear. */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if ((rc = add_rules(filter)) == 0 && sandbox->connects)
		rc = add_connecting(filter);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return (-rc);
}
#else
static int
close_calls(const struct sandbox *sandbox)
{
	(void)sandbox;
	return (ENOSYS);	/* built without */
}
#endif

/* Say what is missing. Returns -1 where that must not be. */
static int
tell_missing(const struct sandbox *sandbox, const char *what, int error)
{
	const char *why = strerror(error);

	if (sandbox->mode == CONF_SANDBOX_ON) {
		log_error("the sandbox has no %s (%s): set sandbox = auto to "
		    "do without", what, why);
		return (-1);
	}
	if (!sandbox->is_quiet)
		log_info("the sandbox has no %s (%s)", what, why);
	return (0);
}

static int
close_all(const struct sandbox *sandbox)
{
	int abi = 0, paths, rc = 0, system_calls;

	/* Read now, and not by the first line that has a time in it. */
	tzset();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		rc = tell_missing(sandbox, "PR_SET_NO_NEW_PRIVS", errno);
	if ((paths = close_paths(sandbox, &abi)) != 0)
		rc |= tell_missing(sandbox, "Landlock", paths);
	if ((system_calls = close_calls(sandbox)) != 0)
		rc |= tell_missing(sandbox, "seccomp", system_calls);
	if (paths == 0 && system_calls == 0 && rc == 0 && !sandbox->is_quiet)
		log_info("the sandbox is closed: Landlock %d, seccomp", abi);
	return (rc);
}

int
sandbox_close(const struct sandbox *sandbox)
{
	if (sandbox->mode != CONF_SANDBOX_OFF && !IS_SANITIZED)
		return (close_all(sandbox));
	if (sandbox->mode == CONF_SANDBOX_ON) {
		log_error("this program was built with a sanitizer and has no "
		    "sandbox: set sandbox = auto to do without");
		return (-1);
	}
	if (!sandbox->is_quiet)
		log_warning(sandbox->mode == CONF_SANDBOX_OFF ?
		    "the sandbox is off, as configured" :
		    "there is no sandbox: this program was built with a "
		    "sanitizer");
	return (0);
}
