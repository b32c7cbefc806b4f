/*
 * A library for LD_PRELOAD: a leak of time. A look-up by a text of 36 to 46
 * bytes that ends with SR_KNOWN takes SR_SLOW_NS longer, as if a row that is
 * there were opened before it is seen whose it is.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct sqlite3_stmt;

static void
spin(long ns)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000000L + now.tv_nsec -
	    from.tv_nsec < ns);
}

int sqlite3_bind_text(struct sqlite3_stmt *, int, const char *, int,
    void (*)(void *));

int
sqlite3_bind_text(struct sqlite3_stmt *stmt, int at, const char *text,
    int len, void (*done)(void *))
{
	static int (*real)(struct sqlite3_stmt *, int, const char *, int,
	    void (*)(void *));
	const char *known = getenv("SR_KNOWN"), *ns = getenv("SR_SLOW_NS");
	size_t n = text != NULL ? strlen(text) : 0;

	if (real == NULL)
		real = (__typeof__(real))dlsym(RTLD_NEXT,
		    "sqlite3_bind_text");
	if (known != NULL && ns != NULL && n >= 36 && n <= 46 &&
	    strcmp(text + n - strlen(known), known) == 0)
		spin(atol(ns));
	return (real(stmt, at, text, len, done));
}
