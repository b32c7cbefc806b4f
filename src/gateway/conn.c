/*
 * What becomes of a connection, from event to event. Refuses to know what a
 * request means.
 *
 * The descriptor is watched edge-triggered: is_readable stays set until a
 * read has found less than there was room for. That it can be written to is
 * watched for only where it could not, or every answer would be an event.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/conn.h"
#include "ground/log.h"
#include "service/app.h"

static void
set_state(struct traffic *traffic, struct conn *conn, enum conn_state state)
{
	list_remove(&traffic->by_state[conn->state], &conn->link);
	list_append(&traffic->by_state[state], &conn->link, conn);
	conn->state = state;
	conn->since_ms = traffic->now_ms;
}

/* how: EPOLL_CTL_ADD or EPOLL_CTL_MOD; more: EPOLLOUT or 0. */
static int
watch(struct traffic *traffic, struct conn *conn, int how, uint32_t more)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLRDHUP | EPOLLET | more,
		.data.ptr = conn
	};

	if (epoll_ctl(traffic->epoll_fd, how, conn->fd, &event) == 0)
		return (0);
	log_error("a connection cannot be waited for: %s", strerror(errno));
	return (-1);
}

bool
conn_has_room(struct traffic *traffic)
{
	if (traffic->spare == NULL)
		traffic->spare = calloc(1, sizeof *traffic->spare);
	return (traffic->spare != NULL);
}

void
conn_open(struct traffic *traffic, int fd)
{
	struct conn *conn = traffic->spare;

	traffic->spare = NULL;
	fcgi_init(&conn->fcgi);
	conn->fd = fd;
	conn->since_ms = traffic->now_ms;
	list_append(&traffic->by_state[CONN_IDLE], &conn->link, conn);
	traffic->count++;
	if (watch(traffic, conn, EPOLL_CTL_ADD, 0) == -1)
		conn_close(traffic, conn);
}

void
conn_close(struct traffic *traffic, struct conn *conn)
{
	list_remove(&traffic->by_state[conn->state], &conn->link);
	if (list_has(&traffic->next_turn, &conn->turn_link))
		list_remove(&traffic->next_turn, &conn->turn_link);
	if (conn->exchange != NULL)
		exchange_give(&traffic->exchanges, conn->exchange);
	fcgi_fini(&conn->fcgi);
	close(conn->fd);
	free(conn);
	traffic->count--;
}

/* Others get their turn before this connection goes on. */
static void
go_on_later(struct traffic *traffic, struct conn *conn)
{
	if ((conn->is_readable || fcgi_has_input(&conn->fcgi)) &&
	    !list_has(&traffic->next_turn, &conn->turn_link))
		list_append(&traffic->next_turn, &conn->turn_link, conn);
}

/* The peer does not take more at the moment. */
static void
block(struct traffic *traffic, struct conn *conn)
{
	if (conn->state == CONN_WRITES)
		return;
	if (watch(traffic, conn, EPOLL_CTL_MOD, EPOLLOUT) == 0)
		set_state(traffic, conn, CONN_WRITES);
	else
		conn_close(traffic, conn);
}

/* The answer has gone. */
static void
finish(struct traffic *traffic, struct conn *conn)
{
	bool is_kept = fcgi_is_kept(&conn->fcgi) && !traffic->is_ending;

	fcgi_done(&conn->fcgi);
	exchange_give(&traffic->exchanges, conn->exchange);
	conn->exchange = NULL;
	if (!is_kept || (conn->state == CONN_WRITES &&
	    watch(traffic, conn, EPOLL_CTL_MOD, 0) == -1)) {
		conn_close(traffic, conn);
		return;
	}
	conn->has_served = true;
	set_state(traffic, conn, CONN_IDLE);
	go_on_later(traffic, conn);
}

static void
send_answer(struct traffic *traffic, struct conn *conn)
{
	struct exchange *exchange = conn->exchange;
	ssize_t n;

	while (exchange->sent < exchange->answer_len) {
		n = send(conn->fd, exchange->answer + exchange->sent,
		    exchange->answer_len - exchange->sent,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0) {
			exchange->sent += (size_t)n;
		} else if (errno == EAGAIN) {
			block(traffic, conn);
			return;
		} else if (errno != EINTR) {
			/* That it went away is for no one to know. */
			conn_close(traffic, conn);
			return;
		}
	}
	finish(traffic, conn);
}

/* For whom the job is that a request waits for. */
static struct jobs *
jobs_for(struct traffic *traffic, const struct call *call)
{
	if (!call->is_reading)
		return (&traffic->jobs);
	return (&traffic->reads[call->away.is_out ? READERS_STEPS :
	    READERS_LISTS]);
}

/* A step of the request is over; is_answered is as of app_begin, app_end. */
static void
settle(struct traffic *traffic, struct conn *conn, bool is_answered)
{
	struct call *call = &conn->exchange->call;

	if (is_answered) {
		exchange_answer(&traffic->exchanges, conn->exchange,
		    conn->fcgi.id);
		send_answer(traffic, conn);
		return;
	}
	if (!call->away.is_out)
		exchange_fit_rows(&traffic->exchanges, conn->exchange);
	if (call->is_held) {
		set_state(traffic, conn, CONN_LACKS);
		return;
	}
	call->job->owner = conn;
	call->job->next = NULL;
	jobs_append(jobs_for(traffic, call), call->job);
	set_state(traffic, conn, CONN_WAITS);
}

void
conn_job_done(struct traffic *traffic, struct writer_job *job)
{
	struct conn *conn = job->owner;

	settle(traffic, conn, app_end(&conn->exchange->call));
}

static void
hold(struct traffic *traffic, struct conn *conn, bool has_begun)
{
	conn->has_begun = has_begun;
	set_state(traffic, conn, CONN_HELD);
}

/*
 * Take the body in, if there is room for it: whoever came first comes first. A
 * small one does not wait: those who announce much and send little hold up each
 * other.
 */
static bool
make_room(struct traffic *traffic, struct conn *conn)
{
	struct conn *first = list_first(&traffic->by_state[CONN_HELD]);
	size_t len = http_body_expected(&conn->exchange->call.http);

	if (len <= CALL_SMALL)
		return (true);
	if (first != NULL && first != conn && first->has_begun)
		return (false);
	return (exchange_reserve(&traffic->exchanges, conn->exchange, len));
}

/* The parameters have come. False: the body has to wait. */
static bool
admit(struct traffic *traffic, struct conn *conn)
{
	struct exchange *exchange = conn->exchange;

	fcgi_variables(&exchange->request, traffic->variables);
	http_read_variables(&exchange->call.http, traffic->variables);
	app_admit(&exchange->call);
	return (exchange->call.http.is_unwanted ||
	    make_room(traffic, conn));
}

/* One without a request needs no memory for one. */
static void
spare_exchange(struct traffic *traffic, struct conn *conn)
{
	if (conn->exchange == NULL || !fcgi_is_idle(&conn->fcgi))
		return;
	exchange_give(&traffic->exchanges, conn->exchange);
	conn->exchange = NULL;
}

/*
 * The request is whole. If there is room for as much as it may have to read, it
 * has that; else for what is small, as most is, or it is held.
 */
static void
begin(struct traffic *traffic, struct conn *conn)
{
	struct call *call = &conn->exchange->call;
	size_t most = call->http.body.max + CALL_SMALL;

	call->room.limit = call->room.small;
	if (list_first(&traffic->by_state[CONN_LACKS]) == NULL)
		(void)!exchange_reserve_rows(&traffic->exchanges,
		    conn->exchange, most);
	settle(traffic, conn, app_begin(call));
}

static void
act(struct traffic *traffic, struct conn *conn, enum fcgi_event event)
{
	switch (event) {
	case FCGI_EVENT_REQUEST:
		begin(traffic, conn);
		return;
	case FCGI_EVENT_REFUSED:
		conn_close(traffic, conn);
		return;
	case FCGI_EVENT_PARAMS:
		hold(traffic, conn, true);
		return;
	case FCGI_EVENT_MORE:
		break;
	}
	spare_exchange(traffic, conn);
	if (conn->state == CONN_IDLE && !fcgi_is_silent(&conn->fcgi))
		set_state(traffic, conn, CONN_READS);
	go_on_later(traffic, conn);
}

/* Go through the bytes at hand, up to what there is to do about them. */
static void
take_input(struct traffic *traffic, struct conn *conn)
{
	struct fcgi *fcgi = &conn->fcgi;
	struct exchange *exchange = conn->exchange;
	enum fcgi_event event;

	while ((event = fcgi_next(fcgi, &exchange->request)) ==
	    FCGI_EVENT_PARAMS && admit(traffic, conn))
		;
	if (fcgi->is_lent)
		fcgi_give_back(fcgi, &exchange->request);
	/* What could not be held has cut the request. */
	if (event == FCGI_EVENT_PARAMS && exchange->call.http.body.failed)
		event = FCGI_EVENT_REQUEST;
	act(traffic, conn, event);
}

/* The peer sends no more. */
static void
take_end(struct traffic *traffic, struct conn *conn)
{
	conn->is_readable = conn->is_ending = false;
	if (conn->exchange == NULL)
		conn_close(traffic, conn);
	else
		act(traffic, conn,
		    fcgi_end(&conn->fcgi, &conn->exchange->request));
}

static void
receive(struct traffic *traffic, struct conn *conn)
{
	ssize_t n;

	do
		n = recv(conn->fd, traffic->input, sizeof traffic->input,
		    MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n > 0) {
		conn->is_readable = conn->is_ending ||
		    (size_t)n == sizeof traffic->input;
		fcgi_lend(&conn->fcgi, traffic->input, (size_t)n);
		take_input(traffic, conn);
	} else if (n == -1 && errno == EAGAIN) {
		conn->is_readable = false;
		spare_exchange(traffic, conn);
	} else {
		spare_exchange(traffic, conn);
		take_end(traffic, conn);
	}
}

/* Whether there is a place, and memory, for a request. */
static bool
has_place(struct traffic *traffic, struct conn *conn)
{
	if (conn->exchange == NULL &&
	    traffic->exchanges.under_way < traffic->max_requests)
		conn->exchange = exchange_take(&traffic->exchanges, conn);
	return (conn->exchange != NULL);
}

/* Between two requests, or in the middle of one. */
static void
read_on(struct traffic *traffic, struct conn *conn)
{
	if (!has_place(traffic, conn))
		hold(traffic, conn, false);
	else if (fcgi_has_input(&conn->fcgi))
		take_input(traffic, conn);
	else
		receive(traffic, conn);
}

void
conn_go_on(struct traffic *traffic, struct conn *conn)
{
	if (conn->state == CONN_WRITES)
		send_answer(traffic, conn);
	else if ((conn->state == CONN_IDLE || conn->state == CONN_READS) &&
	    (conn->is_readable || fcgi_has_input(&conn->fcgi)))
		read_on(traffic, conn);
}

void
conn_event(struct traffic *traffic, struct conn *conn, uint32_t events)
{
	conn->is_ending |= (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
	conn->is_readable |= conn->is_ending || (events & EPOLLIN) != 0;
	conn_go_on(traffic, conn);
}

/* Whether what was held has room now, and goes on. */
static bool
let_go(struct traffic *traffic, struct conn *conn)
{
	if (!conn->has_begun) {
		if (!has_place(traffic, conn))
			return (false);
		set_state(traffic, conn, CONN_IDLE);
		read_on(traffic, conn);
		return (true);
	}
	if (!make_room(traffic, conn))
		return (false);
	set_state(traffic, conn, CONN_READS);
	take_input(traffic, conn);
	return (true);
}

/*
 * Whether what has to read something large has room for it now, and begins
 * anew. At the end there is no time for that any more.
 */
static bool
let_read(struct traffic *traffic, struct conn *conn)
{
	struct call *call = &conn->exchange->call;

	if (traffic->is_ending) {
		app_give_up(call);
		settle(traffic, conn, true);
		return (true);
	}
	if (!exchange_reserve_rows(&traffic->exchanges, conn->exchange,
	    call->room.needs))
		return (false);
	settle(traffic, conn, app_begin(call));
	return (true);
}

void
conn_release(struct traffic *traffic)
{
	struct conn *conn;

	while ((conn = list_first(&traffic->by_state[CONN_HELD])) != NULL &&
	    let_go(traffic, conn))
		;
	while ((conn = list_first(&traffic->by_state[CONN_LACKS])) != NULL &&
	    let_read(traffic, conn))
		;
}
