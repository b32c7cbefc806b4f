/*
 * A library for LD_PRELOAD: allocations that fail. SR_MEMORY names a file of
 * five numbers of 64 bits, which the test and the process share: an allocation
 * fails when it is one of first .. last, counting from 1; count is how many
 * there were, failed how many of them failed; live, written at the end, how
 * many were not freed.
 *
 * What libfcgi, libconfuse and libseccomp ask for does not count: they do not
 * look whether they got it, or end the process themselves. The last two are
 * asked at the start alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct shared {
	_Atomic uint64_t first, last, count, failed, live;
};

struct range { uintptr_t from, to; };

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static struct shared *shared;
static struct range fcgi, confuse, seccomp, sodium;
static _Atomic int64_t live;

static int
is_in(const struct range *range, const void *caller)
{
	return ((uintptr_t)caller >= range->from &&
	    (uintptr_t)caller < range->to);
}

static int
note_object(struct dl_phdr_info *info, size_t size, void *cookie)
{
	struct range *to = strstr(info->dlpi_name, "libfcgi") ? &fcgi :
	    strstr(info->dlpi_name, "libconfuse") ? &confuse :
	    strstr(info->dlpi_name, "libseccomp") ? &seccomp :
	    strstr(info->dlpi_name, "libsodium") ? &sodium : NULL;
	size_t i;

	(void)size;
	(void)cookie;
	for (i = 0; to != NULL && i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD) {
			uintptr_t from = info->dlpi_addr +
			    info->dlpi_phdr[i].p_vaddr;

			if (to->from == 0 || from < to->from)
				to->from = from;
			if (from + info->dlpi_phdr[i].p_memsz > to->to)
				to->to = from + info->dlpi_phdr[i].p_memsz;
		}
	return (0);
}

static __attribute__((constructor)) void
begin(void)
{
	const char *path = getenv("SR_MEMORY");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p;

	if (fd == -1)
		return;
	dl_iterate_phdr(note_object, NULL);
	p = (void *)syscall(SYS_mmap, NULL, sizeof *shared,
	    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	/* The C library keeps what it needs for the calendar; that is had
	 * here, so that it is the same in each run. */
	tzset();
	if (p != MAP_FAILED)
		shared = p;
}

static __attribute__((destructor)) void
end(void)
{
	if (shared != NULL)
		shared->live = (uint64_t)live;
}

static int
fails(const void *caller)
{
	uint64_t n;

	if (shared == NULL || is_in(&fcgi, caller) ||
	    is_in(&confuse, caller) || is_in(&seccomp, caller))
		return (0);
	n = ++shared->count;
	if (n < shared->first || n > shared->last)
		return (0);
	shared->failed++;
	errno = ENOMEM;
	return (1);
}

static void *
count_live(void *p)
{
	if (p != NULL)
		live++;
	return (p);
}

void *
malloc(size_t size)
{
	if (fails(__builtin_return_address(0)))
		return (NULL);
	return (count_live(__libc_malloc(size)));
}

void *
calloc(size_t n, size_t size)
{
	if (fails(__builtin_return_address(0)))
		return (NULL);
	return (count_live(__libc_calloc(n, size)));
}

void *
realloc(void *p, size_t size)
{
	void *to;

	if (size > 0 && fails(__builtin_return_address(0)))
		return (NULL);
	to = __libc_realloc(p, size);
	if (p == NULL)
		return (count_live(to));
	if (size == 0)
		live--;
	return (to);
}

int
posix_memalign(void **to, size_t alignment, size_t size)
{
	if (fails(__builtin_return_address(0)))
		return (ENOMEM);
	*to = count_live(__libc_memalign(alignment, size));
	return (*to != NULL ? 0 : ENOMEM);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	if (fails(__builtin_return_address(0)))
		return (NULL);
	return (count_live(__libc_memalign(alignment, size)));
}

void
free(void *p)
{
	if (p != NULL)
		live--;
	__libc_free(p);
}

/* libsodium takes the memory of keys from the system. */
void *
mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	if (is_in(&sodium, __builtin_return_address(0)) &&
	    fails(__builtin_return_address(0)))
		return (MAP_FAILED);
	return ((void *)syscall(SYS_mmap, at, size, prot, flags, fd, offset));
}
