/*
 * A few random bytes in advance, so that not each name is a system call. Knows
 * nothing of what they are for.
 */
#include "config.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "ground/chance.h"

struct pool {
	unsigned char bytes[CHANCE_MAX];	/* the last left are good */
	size_t left;
	bool hears_of_forks;
};

/* Each thread has its own, and no other sees it: that is its lock. */
static _Thread_local struct pool pool;

/* In the child, which has this thread alone. */
static void
forget(void)
{
	explicit_bzero(pool.bytes, sizeof pool.bytes);
	pool.left = 0;
}

static int
fill(void)
{
	if (!pool.hears_of_forks && pthread_atfork(NULL, NULL, forget) != 0)
		return (-1);
	pool.hears_of_forks = true;
	forget();
	if (getentropy(pool.bytes, sizeof pool.bytes) == -1)
		return (-1);
	pool.left = sizeof pool.bytes;
	return (0);
}

int
chance_take(void *to, size_t len)
{
	unsigned char *from;

	assert(len <= CHANCE_MAX);
	if (pool.left < len && fill() == -1)
		return (-1);
	from = pool.bytes + sizeof pool.bytes - pool.left;
	memcpy(to, from, len);
	explicit_bzero(from, len);
	pool.left -= len;
	return (0);
}
