#ifndef UNIT_MEMORY_H
#define UNIT_MEMORY_H

/*
 * What is left in memory: a text is looked for in all that this process has
 * written, stacks, freed and sealed memory among it. The text is held masked,
 * or the looking would find itself.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sys/mman.h>

#include "unit/unit.h"

/* A sanitizer keeps what is freed, and its own memory is without end. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNIT_IS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNIT_IS_SANITIZED 1
#endif

enum { UNIT_MASK = 0x5a, UNIT_NEEDLE_MAX = 64, UNIT_STACK = 1 << 20 };

struct unit_needle {
	unsigned char masked[UNIT_NEEDLE_MAX];
	size_t len;
};

/* Take len bytes for a needle, and wipe them where they are. */
static inline struct unit_needle
unit_needle(void *bytes, size_t len)
{
	struct unit_needle needle = { .len = len };
	unsigned char *p = bytes;
	size_t i;

	ck_assert_uint_le(len, UNIT_NEEDLE_MAX);
	for (i = 0; i < len; i++)
		needle.masked[i] = p[i] ^ UNIT_MASK;
	explicit_bzero(bytes, len);
	return (needle);
}

static inline size_t
unit_count_in(const struct unit_needle *needle, const unsigned char *from,
    const unsigned char *to)
{
	size_t i, found = 0;

	for (; (size_t)(to - from) >= needle->len; from++) {
		for (i = 0; i < needle->len && (from[i] ^ UNIT_MASK) ==
		    needle->masked[i]; i++)
			;
		found += i == needle->len;
	}
	return (found);
}

/* Whether a line of maps is of memory that can have been written to. */
static inline bool
unit_is_ours(const char *mode, const char *device, const char *name)
{
	return (strncmp(mode, "rw", 2) == 0 || (mode[0] == 'r' &&
	    strcmp(device, "00:00") == 0 && strncmp(name, "[v", 2) != 0));
}

/* How many times it is there. */
static inline size_t
unit_found(const struct unit_needle *needle)
{
	static char maps[1 << 16];
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t len = 0, found = 0;
	uintptr_t from, to;
	char mode[8], device[16], name[8], *line, *rest = NULL;
	ssize_t n;

	while ((n = read(fd, maps + len, sizeof maps - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	ck_assert_uint_gt(len, 0);
	maps[len] = '\0';
	for (line = strtok_r(maps, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest)) {
		name[0] = '\0';
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s %*s %15s %*s "
		    "%7s", &from, &to, mode, device, name) >= 4 &&
		    unit_is_ours(mode, device, name))
			found += unit_count_in(needle,
			    (const unsigned char *)from,
			    (const unsigned char *)to);
	}
	return (found);
}

/* As unit_main, where looking is possible. */
static inline int
unit_main_looking(const char *name, const TTest *const *tests, size_t count)
{
#if defined(UNIT_IS_SANITIZED)
	(void)name;
	(void)tests;
	(void)count;
	puts("1..0 # SKIP a sanitizer keeps what is freed");
	return (EXIT_SUCCESS);
#else
	return (unit_main(name, tests, count));
#endif
}

struct unit_on_stack {
	void (*run)(void *);
	void *cookie;
};

/* Deep in the stack, beyond what the end of a thread writes over. */
static inline void *
unit_run_deep(void *cookie)
{
	const struct unit_on_stack *apart = cookie;
	volatile char depth[16384];
	size_t i;

	/* All of it, or a compiler would have less of it. */
	for (i = 0; i < sizeof depth; i++)
		depth[i] = 0;
	apart->run(apart->cookie);
	depth[0] = 1;
	return (NULL);
}

/* Run it on a stack of its own, which stays as it is left. */
static inline void
unit_on_stack(void (*run)(void *), void *cookie)
{
	struct unit_on_stack apart = { run, cookie };
	pthread_attr_t attr;
	pthread_t thread;
	void *stack;

	stack = mmap(NULL, UNIT_STACK, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	ck_assert_ptr_ne(stack, MAP_FAILED);
	pthread_attr_init(&attr);
	ck_assert_int_eq(pthread_attr_setstack(&attr, stack, UNIT_STACK), 0);
	ck_assert_int_eq(pthread_create(&thread, &attr, unit_run_deep, &apart),
	    0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	pthread_attr_destroy(&attr);
}

#endif
