/*
 * Memory for secrets. Knows nothing of which ones.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#if defined(HAVE_MALLOC_H)
#include <malloc.h>
#endif

#include <sodium.h>

#include "ground/log.h"
#include "secrets/secret.h"

enum { STACK_LEN = 16384 };	/* more than libraries use */

int
secret_init(void)
{
	const struct rlimit none = { 0, 0 };

#if defined(M_PERTURB)
	/* Memory that libraries free is overwritten: libfcgi's streams. */
	(void)mallopt(M_PERTURB, 0xa5);
#endif

	if (sodium_init() == -1) {
		log_error("libsodium does not start");
		return (-1);
	}
	if (setrlimit(RLIMIT_CORE, &none) == -1)
		log_warning("core files cannot be turned off: %s",
		    strerror(errno));
#if !defined(__SANITIZE_ADDRESS__)	/* LeakSanitizer traces itself */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		log_warning("the process stays dumpable: %s",
		    strerror(errno));
#endif
	return (0);
}

void *
secret_alloc(size_t size)
{
	void *p = sodium_malloc(size);

	if (p == NULL) {
		log_error("out of memory for keys");
		return (NULL);
	}
	/* sodium_malloc does not tell when its own mlock fails. */
	if (sodium_mlock(p, size) == -1)
		log_warning("keys cannot be kept off the swap: raise the "
		    "memlock limit (ulimit -l)");
	return (p);
}

void
secret_free(void *p)
{
	sodium_free(p);
}

void
secret_seal(void *p)
{
	(void)sodium_mprotect_readonly(p);
}

void
secret_unseal(void *p)
{
	(void)sodium_mprotect_readwrite(p);
}

void
secret_wipe(void *p, size_t size)
{
	sodium_memzero(p, size);
}

void
secret_wipe_stack(void)
{
	sodium_stackzero(STACK_LEN);
}

int
secret_equal(const void *a, const void *b, size_t size)
{
	return (sodium_memcmp(a, b, size) == 0);
}
