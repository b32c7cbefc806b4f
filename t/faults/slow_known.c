/*
 * A library for LD_PRELOAD: a leak of time. The hash of a key takes
 * SR_SLOW_NS longer when the key begins with SR_KNOWN, as if a comparison
 * went on for as long as it succeeds.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

int
crypto_generichash(unsigned char *out, size_t out_len,
    const unsigned char *in, unsigned long long in_len,
    const unsigned char *key, size_t key_len)
{
	static int (*real)(unsigned char *, size_t, const unsigned char *,
	    unsigned long long, const unsigned char *, size_t);
	const char *known = getenv("SR_KNOWN"), *ns = getenv("SR_SLOW_NS");

	if (real == NULL)
		real = (__typeof__(real))dlsym(RTLD_NEXT,
		    "crypto_generichash");
	if (known != NULL && ns != NULL && key != NULL &&
	    in_len > strlen(known) && memcmp(in, known, strlen(known)) == 0)
		spin(atol(ns));
	return (real(out, out_len, in, in_len, key, key_len));
}
