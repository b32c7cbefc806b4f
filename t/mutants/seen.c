/*
 * What a program runs, noted where whoever has started it can look: a byte for
 * each place of its text, in a file that all processes of that program share.
 * A process that is killed, or ends without exit(3), has noted it all the
 * same. For -fsanitize-coverage=trace-pc; SEEN is the directory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

extern const char __executable_start, etext;	/* the linker's */

static unsigned char *seen = MAP_FAILED;

__attribute__((constructor)) static void
begin(void)
{
	size_t len = (size_t)(&etext - &__executable_start);
	char path[PATH_MAX];
	int saved = errno, fd;

	snprintf(path, sizeof path, "%s/%s", SEEN,
	    program_invocation_short_name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd != -1) {
		(void)fchmod(fd, 0666);
		if (ftruncate(fd, (off_t)len) == 0)
			seen = mmap(NULL, len, PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd, 0);
		close(fd);
	}
	errno = saved;
}

void __sanitizer_cov_trace_pc(void);

void
__sanitizer_cov_trace_pc(void)
{
	const char *at = __builtin_return_address(0);

	if (seen != MAP_FAILED && at >= &__executable_start && at < &etext)
		seen[at - &__executable_start] = 1;
}
