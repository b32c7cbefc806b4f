/*
 * The limit of open files, and what it leaves for connections.
 */
#include "config.h"

#include <sys/resource.h>

#include "ground/descriptors.h"

/*
 * What is open beside connections: standard streams, four databases with log,
 * shared memory and lock, a key file that is read, epoll set, eventfd, the
 * listening socket, and room for what the library opens for a moment.
 */
enum { OTHERS = 40 };

static uint64_t
left_of(rlim_t limit, uint64_t wanted)
{
	if (limit == RLIM_INFINITY || limit >= wanted + OTHERS)
		return (wanted);
	return (limit > OTHERS ? limit - OTHERS : 1);
}

uint64_t
descriptors_allow(uint64_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return (wanted);
	return (left_of(limit.rlim_max, wanted));
}

uint64_t
descriptors_raise(uint64_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return (wanted);
	if (left_of(limit.rlim_cur, wanted) == wanted)
		return (wanted);
	limit.rlim_cur = limit.rlim_max != RLIM_INFINITY &&
	    limit.rlim_max < wanted + OTHERS ? limit.rlim_max :
	    wanted + OTHERS;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	return (left_of(limit.rlim_cur, wanted));
}
