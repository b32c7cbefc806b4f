/*
 * Deadlines for whole phases of input and output: a time-out for each read
 * alone lets a peer live that sends a byte now and then.
 */
#include "config.h"

#include <sys/socket.h>

#include "ground/ident.h"
#include "gateway/watch.h"

void
watch_init(struct watch *watch)
{
	pthread_mutex_init(&watch->mutex, NULL);
	watch->fd = -1;
	watch->since_ms = 0;
}

void
watch_fini(struct watch *watch)
{
	pthread_mutex_destroy(&watch->mutex);
}

void
watch_begin(struct watch *watch, int fd)
{
	pthread_mutex_lock(&watch->mutex);
	watch->fd = fd;
	watch->since_ms = ident_monotonic_ms();
	pthread_mutex_unlock(&watch->mutex);
}

void
watch_end(struct watch *watch)
{
	pthread_mutex_lock(&watch->mutex);
	watch->fd = -1;
	pthread_mutex_unlock(&watch->mutex);
}

void
watch_check(struct watch *watch, int64_t limit_ms)
{
	pthread_mutex_lock(&watch->mutex);
	if (watch->fd != -1 &&
	    ident_monotonic_ms() - watch->since_ms >= limit_ms)
		(void)shutdown(watch->fd, SHUT_RDWR);
	pthread_mutex_unlock(&watch->mutex);
}
