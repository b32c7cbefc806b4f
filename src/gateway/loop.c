/*
 * The loop: events to connections, jobs to writer and readers and back,
 * deadlines, the stop. Refuses to know what a request is.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/conn.h"
#include "gateway/loop.h"
#include "ground/ident.h"
#include "ground/log.h"
#include "ground/pace.h"
#include "service/readers.h"

enum {
	EVENTS = 256,		/* of one turn */
	ACCEPTED = 64,		/* connections of one turn */
	SWEEP_MS = 250,		/* between two looks at the deadlines */
	SERVED_MS = 5000,	/* that served so lately is not closed */
	SILENT_MS = 200,	/* nor one before it can have asked */
	WARNING_MS = 1000,	/* between two of a kind */
	DRAIN_MS = 2400,	/* for kept connections, at the stop */
	LAST_IO_MS = 400	/* for what is still under way then */
};

enum phase { SERVES, DRAINS, ENDS };

struct loop {
	const struct app *app;
	int listen_fd;
	int wake_fd;		/* readable: something is done, or the stop */
	pthread_t thread;
	struct reader reader;
	struct readers *readers[READERS_KINDS];	/* for what takes longer */
	struct traffic traffic;
	enum phase phase;
	bool is_accepting;
	int64_t swept_ms;
	int64_t drain_until_ms;
	struct pace warning;
	atomic_bool is_stopped;
};

static void
wake(void *cookie)
{
	struct loop *loop = cookie;
	const uint64_t one = 1;

	while (write(loop->wake_fd, &one, sizeof one) == -1 && errno == EINTR)
		;
}

/* Watch for connections, or for none. */
static void
set_accepting(struct loop *loop, bool is_accepting)
{
	struct epoll_event event = {
		.events = is_accepting ? EPOLLIN : 0,
		.data.ptr = &loop->listen_fd
	};

	if (loop->is_accepting != is_accepting &&
	    epoll_ctl(loop->traffic.epoll_fd, EPOLL_CTL_MOD, loop->listen_fd,
	    &event) == 0)
		loop->is_accepting = is_accepting;
}

/* Close the connection that has been idle for longest and may be closed. */
static bool
make_room(struct loop *loop)
{
	struct traffic *traffic = &loop->traffic;
	struct list_link *link = traffic->by_state[CONN_IDLE].first;
	struct conn *conn;
	int64_t idle_ms;

	for (; link != NULL; link = link->next) {
		conn = link->item;
		idle_ms = traffic->now_ms - conn->since_ms;
		if (idle_ms < SILENT_MS)
			break;		/* as all behind it */
		if (conn->has_served && idle_ms < SERVED_MS)
			continue;
		conn_close(traffic, conn);
		return (true);
	}
	return (false);
}

/* Somebody connects. Those who find no room wait in the socket's queue. */
static void
accept_some(struct loop *loop)
{
	size_t max = loop->app->conf.max_connections;
	int i, fd;

	for (i = 0; i < ACCEPTED; i++) {
		if (loop->traffic.count >= max && !make_room(loop)) {
			set_accepting(loop, false);
			if (pace_allows(&loop->warning, WARNING_MS))
				log_warning("all %zu connections are in use: "
				    "raise max_connections", max);
			return;
		}
		errno = ENOMEM;
		if (!conn_has_room(&loop->traffic))
			break;
		fd = accept4(loop->listen_fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd != -1) {
			conn_open(&loop->traffic, fd);
		} else if (errno != EINTR && errno != ECONNABORTED) {
			break;
		}
	}
	if (i == ACCEPTED || errno == EAGAIN)
		return;
	/* A want of descriptors or memory passes. */
	set_accepting(loop, false);
	if (pace_allows(&loop->warning, WARNING_MS))
		log_warning("a connection cannot be accepted: %s; raise the "
		    "limit of open files or lower max_connections",
		    strerror(errno));
}

/* What has taken longer than limit_ms in its state loses its connection. */
static void
close_late(struct traffic *traffic, enum conn_state state, int64_t limit_ms)
{
	struct conn *conn;

	while ((conn = list_first(&traffic->by_state[state])) != NULL &&
	    traffic->now_ms - conn->since_ms >= limit_ms)
		conn_close(traffic, conn);
}

static void
sweep(struct loop *loop)
{
	struct traffic *traffic = &loop->traffic;
	int64_t limit_ms = (int64_t)loop->app->conf.io_timeout_ms;

	loop->swept_ms = traffic->now_ms;
	if (loop->phase == ENDS) {
		limit_ms = LAST_IO_MS;
		close_late(traffic, CONN_IDLE, 0);
		close_late(traffic, CONN_HELD, limit_ms);
	}
	close_late(traffic, CONN_READS, limit_ms);
	close_late(traffic, CONN_WRITES, limit_ms);
	if (loop->phase == SERVES)
		set_accepting(loop, true);
}

static void
each_readers(struct loop *loop, void (*each)(struct readers *))
{
	size_t i;

	for (i = 0; i < READERS_KINDS; i++)
		each(loop->readers[i]);
}

/* What the stop has come to. */
static void
change_phase(struct loop *loop)
{
	struct traffic *traffic = &loop->traffic;

	if (loop->phase == SERVES && atomic_load(&loop->is_stopped)) {
		(void)epoll_ctl(loop->traffic.epoll_fd, EPOLL_CTL_DEL,
		    loop->listen_fd, NULL);
		loop->drain_until_ms = traffic->now_ms + DRAIN_MS;
		loop->phase = DRAINS;
	}
	if (loop->phase == DRAINS && (traffic->count == 0 ||
	    traffic->now_ms >= loop->drain_until_ms)) {
		writer_hurry(loop->app->writer);
		each_readers(loop, readers_hurry);
		traffic->is_ending = true;
		loop->phase = ENDS;
		sweep(loop);
	}
}

/* How long the loop may sleep; -1: until something happens. */
static int
patience_ms(const struct loop *loop)
{
	const struct traffic *traffic = &loop->traffic;

	if (traffic->next_turn.first != NULL)
		return (0);
	if (loop->phase != SERVES)
		return (LAST_IO_MS / 8);
	/* Memory that those who are held wait for is told of by nobody. */
	if (loop->is_accepting &&
	    traffic->by_state[CONN_HELD].first == NULL &&
	    traffic->by_state[CONN_READS].first == NULL &&
	    traffic->by_state[CONN_WRITES].first == NULL)
		return (-1);
	return (SWEEP_MS);
}

static void
go_on_with(struct loop *loop, struct writer_job *job)
{
	struct writer_job *next;

	for (; job != NULL; job = next) {
		next = job->next;
		conn_job_done(&loop->traffic, job);
	}
}

/* Somebody has something, or nothing but the stop woke the loop. */
static void
take_done(struct loop *loop)
{
	uint64_t count;
	size_t i;

	while (read(loop->wake_fd, &count, sizeof count) == -1 &&
	    errno == EINTR)
		;
	go_on_with(loop, writer_collect(loop->app->writer));
	for (i = 0; i < READERS_KINDS; i++)
		go_on_with(loop, readers_collect(loop->readers[i]));
}

/*
 * Those that had more to do, once each. After the events, for what is closed
 * here must not be among those to come.
 */
static void
take_turns(struct traffic *traffic)
{
	const struct list_link *link;
	struct conn *conn;
	size_t left = 0;

	for (link = traffic->next_turn.first; link != NULL; link = link->next)
		left++;
	for (; left > 0; left--) {
		if ((conn = list_first(&traffic->next_turn)) == NULL)
			return;
		list_remove(&traffic->next_turn, &conn->turn_link);
		conn_go_on(traffic, conn);
	}
}

/*
 * Events of connections. Nobody else's connection is closed meanwhile, for its
 * event may be among those to come.
 */
static void
take_events(struct loop *loop, const struct epoll_event *events, int count)
{
	bool is_knocked = false, is_woken = false;
	int i;

	for (i = 0; i < count; i++) {
		if (events[i].data.ptr == &loop->listen_fd) {
			is_knocked = true;
		} else if (events[i].data.ptr == &loop->wake_fd) {
			is_woken = true;
		} else {
			conn_event(&loop->traffic, events[i].data.ptr,
			    events[i].events);
		}
	}
	if (is_woken)
		take_done(loop);
	if (is_knocked && loop->phase == SERVES)
		accept_some(loop);
}

static void
submit(struct loop *loop)
{
	struct traffic *traffic = &loop->traffic;
	struct writer_job *jobs = jobs_take(&traffic->jobs);
	size_t i;

	if (jobs != NULL)
		writer_submit(loop->app->writer, jobs);
	for (i = 0; i < READERS_KINDS; i++)
		if ((jobs = jobs_take(&traffic->reads[i])) != NULL)
			readers_submit(loop->readers[i], jobs);
}

static void *
run(void *cookie)
{
	struct loop *loop = cookie;
	struct traffic *traffic = &loop->traffic;
	struct epoll_event events[EVENTS];
	int count;

	while (loop->phase != ENDS || traffic->count > 0) {
		count = epoll_wait(loop->traffic.epoll_fd, events, EVENTS,
		    patience_ms(loop));
		traffic->now_ms = ident_monotonic_ms();
		reader_turn(&loop->reader);
		take_events(loop, events, count);
		take_turns(traffic);
		if (traffic->now_ms - loop->swept_ms >= SWEEP_MS)
			sweep(loop);
		/* Last, for what has been closed leaves room. */
		conn_release(traffic);
		submit(loop);
		change_phase(loop);
	}
	return (NULL);
}

/* tag tells whose an event is. */
static int
watch(struct loop *loop, int fd, void *tag)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = tag };

	return (epoll_ctl(loop->traffic.epoll_fd, EPOLL_CTL_ADD, fd, &event));
}

static int
open_set(struct loop *loop)
{
	int flags = fcntl(loop->listen_fd, F_GETFL);

	loop->traffic.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* Another process may be quicker at accept(2). */
	if (flags != -1 && fcntl(loop->listen_fd, F_SETFL,
	    flags | O_NONBLOCK) != -1 && loop->traffic.epoll_fd != -1 &&
	    loop->wake_fd != -1 && watch(loop, loop->listen_fd,
	    &loop->listen_fd) == 0 &&
	    watch(loop, loop->wake_fd, &loop->wake_fd) == 0)
		return (0);
	log_error("the listening socket cannot be waited for: %s",
	    strerror(errno));
	return (-1);
}

static void
loop_free(struct loop *loop)
{
	free(loop->traffic.spare);
	exchanges_fini(&loop->traffic.exchanges);
	reader_fini(&loop->reader);
	if (loop->traffic.epoll_fd != -1)
		close(loop->traffic.epoll_fd);
	if (loop->wake_fd != -1)
		close(loop->wake_fd);
	free(loop);
}

static int
start_readers(struct loop *loop)
{
	int i;

	for (i = 0; i < READERS_KINDS; i++) {
		loop->readers[i] = readers_start(loop->app,
		    (enum readers_kind)i, wake, loop);
		if (loop->readers[i] == NULL)
			return (-1);
	}
	return (0);
}

static int
start(struct loop *loop)
{
	int rc;

	if (open_set(loop) == -1 || writer_start(loop->app->writer,
	    loop->app->keycache, wake, loop) == -1)
		return (-1);
	if (start_readers(loop) == 0) {
		rc = pthread_create(&loop->thread, NULL, run, loop);
		if (rc == 0)
			return (0);
		log_error("a thread does not start: %s", strerror(rc));
	}
	each_readers(loop, readers_stop);
	writer_stop(loop->app->writer);
	return (-1);
}

struct loop *
loop_start(const struct app *app, int listen_fd)
{
	struct loop *loop = calloc(1, sizeof *loop);
	size_t i;

	if (loop == NULL) {
		log_error("out of memory for the loop");
		return (NULL);
	}
	loop->app = app;
	loop->listen_fd = listen_fd;
	loop->traffic.epoll_fd = loop->wake_fd = -1;
	loop->is_accepting = true;
	loop->swept_ms = loop->traffic.now_ms = ident_monotonic_ms();
	loop->traffic.max_requests = app->conf.max_requests;
	jobs_empty(&loop->traffic.jobs);
	for (i = 0; i < READERS_KINDS; i++)
		jobs_empty(&loop->traffic.reads[i]);
	reader_init(&loop->reader, app, NULL);
	exchanges_init(&loop->traffic.exchanges, app, &loop->reader);
	if (start(loop) == 0)
		return (loop);
	loop_free(loop);
	return (NULL);
}

void
loop_stop(struct loop *loop)
{
	atomic_store(&loop->is_stopped, true);
	wake(loop);
	pthread_join(loop->thread, NULL);
	each_readers(loop, readers_stop);
	writer_stop(loop->app->writer);
	loop_free(loop);
}
