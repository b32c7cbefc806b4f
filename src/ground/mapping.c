/*
 * A mapped file that may lose its bytes, for which the kernel sends SIGBUS
 * (mmap(2)). Refuses to know what is in it.
 *
 * There is one, for a handler of signals is given no more than an address.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

#include "ground/mapping.h"

static void *mapped;
static size_t mapped_len;
static atomic_bool is_lost;

/*
 * Put memory where there is no file any more, so that the access can be made
 * after all. Any other one ends the process, as it would without this.
 */
static void
replace(int number, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr, start = (uintptr_t)mapped;
	int error = errno;

	(void)context;
	if (at >= start && at - start < mapped_len && mmap(mapped, mapped_len,
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	    -1, 0) != MAP_FAILED)
		atomic_store(&is_lost, true);
	else
		(void)signal(number, SIG_DFL);
	errno = error;
}

void *
mapping_open(int fd, size_t len)
{
	struct sigaction action = { .sa_sigaction = replace,
	    .sa_flags = SA_SIGINFO };
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return (NULL);
	mapped = at;
	mapped_len = len;
	atomic_store(&is_lost, false);
	sigemptyset(&action.sa_mask);
	(void)sigaction(SIGBUS, &action, NULL);
	return (at);
}

void
mapping_close(void)
{
	if (mapped == NULL)
		return;
	(void)signal(SIGBUS, SIG_DFL);
	(void)munmap(mapped, mapped_len);
	mapped = NULL;
	mapped_len = 0;
}

bool
mapping_is_lost(void)
{
	return (atomic_load(&is_lost));
}
