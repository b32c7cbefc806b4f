/*
 * Preloaded: the allocation number FAIL_AT, among those that the program
 * itself or libc for it asks for, fails. At the end it says whether it did.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static long at = -1, count;

/*
 * Before the destructors, which are not the program's own business: what is
 * registered after the program began is called before them.
 */
static void
end(void)
{
	static const char said[] = "no allocation failed\n";

	if (count < at && write(2, said, sizeof said - 1) == -1)
		_exit(1);
	at = -1;
}

static void __attribute__((constructor))
begin(void)
{
	const char *text = getenv("FAIL_AT");

	at = text != NULL ? atol(text) : -1;
}

static int
fails(void *caller)
{
	Dl_info info;

	if (at == -1 || dladdr(caller, &info) == 0 ||
	    (strstr(info.dli_fname, "/strongroom") == NULL &&
	    strstr(info.dli_fname, "/libc.so") == NULL))
		return (0);
	if (count == 0)
		(void)atexit(end);
	if (++count != at)
		return (0);
	errno = ENOMEM;
	return (1);
}

void *
malloc(size_t size)
{
	return (fails(__builtin_return_address(0)) ? NULL :
	    __libc_malloc(size));
}

void *
calloc(size_t n, size_t size)
{
	return (fails(__builtin_return_address(0)) ? NULL :
	    __libc_calloc(n, size));
}

void *
realloc(void *p, size_t size)
{
	return (fails(__builtin_return_address(0)) ? NULL :
	    __libc_realloc(p, size));
}
