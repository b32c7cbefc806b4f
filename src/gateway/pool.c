/*
 * Threads and connections. Refuses to know what a request is: a connection
 * that has something to read is served once and waited for again.
 *
 * All threads wait on one epoll set. The listening socket and the connections
 * are in it one-shot, so that each event wakes one thread.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "gateway/gw_fcgi.h"
#include "ground/ident.h"
#include "ground/log.h"
#include "gateway/pool.h"
#include "gateway/watch.h"

enum {
	LINGER_MS = 20,		/* with a connection that was just served */
	STACK_BYTES = 256 << 10,	/* of a thread */
	BACK_OFF_MS = 20,	/* when the system has no more descriptors */
	WARNING_MS = 1000,	/* between two that say so */
	DRAIN_MS = 2400,	/* for kept connections, at the stop */
	LAST_IO_MS = 400	/* for what is still under way then */
};

struct worker {
	struct pool *pool;
	pthread_t thread;
	struct watch watch;
	struct call call;
	struct gw_fcgi *gw;
};

struct pool {
	const struct app *app;
	int listen_fd;
	int epoll_fd;
	int stop_fd;		/* readable: threads end */
	struct worker *workers;
	size_t count;		/* of threads that run */
	atomic_size_t lingering;	/* threads that do, for half may */
	pthread_mutex_t mutex;	/* guards the rest */
	pthread_cond_t changed;
	size_t running;		/* threads that have not ended */
	int64_t warned_ms;
	size_t connections;	/* accepted and not yet closed */
};

/* Wait for fd once more; how is EPOLL_CTL_ADD or EPOLL_CTL_MOD. */
static int
await(struct pool *pool, int how, int fd)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.fd = fd
	};

	return (epoll_ctl(pool->epoll_fd, how, fd, &event));
}

/* Wait for an event and return its descriptor. */
static int
take_event(struct pool *pool)
{
	struct epoll_event event;

	while (epoll_wait(pool->epoll_fd, &event, 1, -1) != 1)
		;
	return (event.data.fd);
}

static void
count_connection(struct pool *pool, int change)
{
	pthread_mutex_lock(&pool->mutex);
	pool->connections += (size_t)change;
	if (pool->connections == 0)
		pthread_cond_signal(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
}

/*
 * Stay with a busy connection for a moment: its next request then wakes this
 * thread and no other. True when it is there, and the threads are not to end.
 */
static bool
linger(struct pool *pool, int fd)
{
	struct pollfd input[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = pool->stop_fd, .events = POLLIN }
	};
	bool is_there = false;

	if (atomic_fetch_add(&pool->lingering, 1) <
	    pool->app->conf.threads / 2)
		is_there = poll(input, 2, LINGER_MS) > 0 &&
		    input[0].revents != 0 && input[1].revents == 0;
	atomic_fetch_sub(&pool->lingering, 1);
	return (is_there);
}

/* Serve a connection's requests while they come; how: as above. */
static void
serve(struct worker *worker, int how, int fd)
{
	struct pool *pool = worker->pool;

	do
		fd = gw_fcgi_serve(worker->gw, fd);
	while (fd != -1 && linger(pool, fd));
	if (fd != -1 && await(pool, how, fd) == 0)
		return;
	if (fd != -1) {
		log_error("a connection cannot be waited for: %s",
		    strerror(errno));
		close(fd);
	}
	count_connection(pool, -1);
}

static void
set_timeouts(const struct pool *pool, int fd)
{
	uint64_t ms = pool->app->conf.io_timeout_ms;
	struct timeval limit = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000)
	};

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* A want of descriptors or memory passes: say so, and let others finish. */
static void
back_off(struct pool *pool)
{
	struct timespec pause = { 0, BACK_OFF_MS * 1000000L };

	int64_t now_ms = ident_monotonic_ms();
	const char *why = strerror(errno);
	bool may_warn;

	pthread_mutex_lock(&pool->mutex);
	may_warn = now_ms - pool->warned_ms >= WARNING_MS;
	if (may_warn)
		pool->warned_ms = now_ms;
	pthread_mutex_unlock(&pool->mutex);
	if (may_warn)
		log_warning("a connection cannot be accepted: %s; raise the "
		    "limit of open files or lower threads", why);
	nanosleep(&pause, NULL);
}

static void
accept_one(struct worker *worker)
{
	struct pool *pool = worker->pool;
	struct pollfd input = { .events = POLLIN };
	int fd;

	fd = accept4(pool->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd == -1 && errno != EAGAIN && errno != EINTR &&
	    errno != ECONNABORTED)
		back_off(pool);
	/* After the stop it is not in the set any more, and this fails. */
	(void)await(pool, EPOLL_CTL_MOD, pool->listen_fd);
	if (fd == -1)
		return;
	count_connection(pool, 1);
	set_timeouts(pool, fd);
	input.fd = fd;
	if (poll(&input, 1, 0) == 1)
		serve(worker, EPOLL_CTL_ADD, fd);
	else if (await(pool, EPOLL_CTL_ADD, fd) == -1) {
		close(fd);
		count_connection(pool, -1);
	}
}

static void *
run(void *cookie)
{
	struct worker *worker = cookie;
	struct pool *pool = worker->pool;
	int fd;

	while ((fd = take_event(pool)) != pool->stop_fd) {
		if (fd == pool->listen_fd)
			accept_one(worker);
		else
			serve(worker, EPOLL_CTL_MOD, fd);
	}
	pthread_mutex_lock(&pool->mutex);
	pool->running--;
	pthread_cond_signal(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
	return (NULL);
}

static int
start_worker(struct pool *pool, struct worker *worker)
{
	pthread_attr_t attr;
	int rc;

	worker->pool = pool;
	watch_init(&worker->watch);
	call_init(&worker->call, pool->app, NULL);
	worker->gw = gw_fcgi_new(&worker->call, &worker->watch);
	if (worker->gw == NULL)
		return (-1);
	pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_mutex_lock(&pool->mutex);
	rc = pthread_create(&worker->thread, &attr, run, worker);
	pool->running += rc == 0;
	pthread_mutex_unlock(&pool->mutex);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		return (0);
	log_error("a thread does not start: %s", strerror(rc));
	gw_fcgi_free(worker->gw);
	return (-1);
}

static int
open_set(struct pool *pool)
{
	struct epoll_event stop = { .events = EPOLLIN };
	int flags = fcntl(pool->listen_fd, F_GETFL);

	pool->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	pool->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	stop.data.fd = pool->stop_fd;
	/* Another process may be quicker; that must not leave a thread in
	 * accept(2). */
	if (flags == -1 || fcntl(pool->listen_fd, F_SETFL,
	    flags | O_NONBLOCK) == -1 ||
	    pool->epoll_fd == -1 || pool->stop_fd == -1 ||
	    epoll_ctl(pool->epoll_fd, EPOLL_CTL_ADD, pool->stop_fd,
	    &stop) == -1) {
		log_error("the listening socket cannot be waited for: %s",
		    strerror(errno));
		return (-1);
	}
	return (0);
}

/*
 * Let connections in, now that all threads are there: before, they would take
 * the descriptors that those need.
 */
static int
open_door(struct pool *pool)
{
	if (await(pool, EPOLL_CTL_ADD, pool->listen_fd) == 0)
		return (0);
	log_error("the listening socket cannot be waited for: %s",
	    strerror(errno));
	return (-1);
}

static void
watch_all(struct pool *pool, int64_t limit_ms)
{
	size_t i;

	for (i = 0; i < pool->count; i++)
		watch_check(&pool->workers[i].watch, limit_ms);
}

/* Wait until *number is 0, at most for limit_ms; whether it is. */
static bool
wait_for_none(struct pool *pool, const size_t *number, int64_t limit_ms)
{
	int64_t until_ms = ident_monotonic_ms() + limit_ms;
	struct timespec until = {
		.tv_sec = (time_t)(until_ms / 1000),
		.tv_nsec = until_ms % 1000 * 1000000
	};
	bool is_none;
	int rc = 0;

	pthread_mutex_lock(&pool->mutex);
	while (*number > 0 && rc == 0)
		rc = pthread_cond_timedwait(&pool->changed, &pool->mutex,
		    &until);
	is_none = *number == 0;
	pthread_mutex_unlock(&pool->mutex);
	return (is_none);
}

/* End the threads; those that still read or write lose their connections. */
static void
end_threads(struct pool *pool)
{
	const uint64_t one = 1;
	size_t i;

	while (write(pool->stop_fd, &one, sizeof one) == -1 &&
	    errno == EINTR)
		;
	while (!wait_for_none(pool, &pool->running, LAST_IO_MS / 4))
		watch_all(pool, LAST_IO_MS);
	for (i = 0; i < pool->count; i++) {
		pthread_join(pool->workers[i].thread, NULL);
		gw_fcgi_free(pool->workers[i].gw);
		call_fini(&pool->workers[i].call);
		watch_fini(&pool->workers[i].watch);
	}
}

static void
pool_free(struct pool *pool)
{
	if (pool->epoll_fd != -1)
		close(pool->epoll_fd);
	if (pool->stop_fd != -1)
		close(pool->stop_fd);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->mutex);
	free(pool->workers);
	free(pool);
}

struct pool *
pool_start(const struct app *app, int listen_fd)
{
	struct pool *pool = calloc(1, sizeof *pool);
	size_t threads = app->conf.threads;
	pthread_condattr_t attr;

	if (pool == NULL ||
	    (pool->workers = calloc(threads, sizeof *pool->workers)) == NULL) {
		log_error("out of memory for threads");
		free(pool);
		return (NULL);
	}
	pool->app = app;
	pool->listen_fd = listen_fd;
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (open_set(pool) == 0)
		while (pool->count < threads && start_worker(pool,
		    &pool->workers[pool->count]) == 0)
			pool->count++;
	if (pool->count == threads && open_door(pool) == 0)
		return (pool);
	end_threads(pool);
	pool_free(pool);
	return (NULL);
}

void
pool_watch(struct pool *pool)
{
	watch_all(pool, (int64_t)pool->app->conf.io_timeout_ms);
}

void
pool_stop(struct pool *pool)
{
	(void)epoll_ctl(pool->epoll_fd, EPOLL_CTL_DEL, pool->listen_fd, NULL);
	(void)wait_for_none(pool, &pool->connections, DRAIN_MS);
	writer_hurry(pool->app->writer);
	end_threads(pool);
	pool_free(pool);
}
