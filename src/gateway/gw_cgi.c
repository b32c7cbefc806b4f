/*
 * CGI to struct call and back. Judges nothing but who wrote the command line.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/gw_cgi.h"
#include "ground/ident.h"
#include "ground/log.h"
#include "ground/number.h"
#include "service/app.h"
#include "service/h_health.h"
#include "service/route.h"
#include "store/store_upkeep.h"

enum {
	PIECE = 16384,
	GRACE_MS = 100,			/* for more than Content-Length */
	REFUSAL_MS = 10000,		/* as io_timeout_ms, without service */
	USES_MS = 100,			/* to wait for the lock, for its use */
	LOG_BYTES = 1 << 20		/* a longer log is brought in */
};

bool
gw_cgi_is_request(void)
{
	return (getenv("GATEWAY_INTERFACE") != NULL ||
	    getenv("REQUEST_METHOD") != NULL);
}

bool
gw_cgi_has_foreign_words(void)
{
	const char *query = getenv("QUERY_STRING");

	return (query != NULL && *query != '\0' &&
	    strchr(query, '=') == NULL);
}

static bool
may_have_body(const struct http *http)
{
	return (strcmp(http->method, "GET") != 0 &&
	    strcmp(http->method, "HEAD") != 0);
}

/*
 * Whether a whole request has come. A server need not close its end behind
 * Content-Length bytes (RFC 3875 section 4.2).
 */
static bool
is_whole(const struct http *http)
{
	uint64_t length;

	if (number_parse(http->content_length, 0, UINT64_MAX, &length) == 0)
		return (http->received >= length);
	/* Only a body comes without a length, chunked. */
	return (*http->content_length == '\0' && !may_have_body(http));
}

/* Wait for fd until then, at most for limit_ms; whether it is ready. */
static bool
wait_for(int fd, short events, int64_t until_ms, int64_t limit_ms)
{
	struct pollfd which = { .fd = fd, .events = events };
	int64_t left_ms;
	int ready;

	do {
		left_ms = until_ms - ident_monotonic_ms();
		if (left_ms <= 0)
			return (false);
		ready = poll(&which, 1,
		    (int)(left_ms < limit_ms ? left_ms : limit_ms));
	} while (ready == -1 && errno == EINTR);
	return (ready == 1);
}

/*
 * Read one piece of the body into piece. Returns its length; 0 at the end,
 * which the server shows by closing, or by silence once all has come.
 */
static ssize_t
read_piece(struct http *http, char *piece, int64_t until_ms)
{
	bool is_all = is_whole(http);

	if (!wait_for(STDIN_FILENO, POLLIN, until_ms, is_all ? GRACE_MS :
	    INT_MAX))
		return (is_all ? 0 : -1);
	return (read(STDIN_FILENO, piece, PIECE));
}

/* All of it within that time: a byte now and then is not enough. */
static void
read_body(struct http *http, uint64_t io_timeout_ms)
{
	int64_t until_ms = ident_monotonic_ms() + (int64_t)io_timeout_ms;
	char piece[PIECE];
	ssize_t n;

	while ((n = read_piece(http, piece, until_ms)) > 0) {
		http_add_body(http, piece, (size_t)n);
		explicit_bzero(piece, (size_t)n);
	}
	http->is_cut = n == -1 || http->body.failed;
}

/*
 * Write to the server, in pieces that a pipe takes without waiting; that it
 * went away, or stalls, is for no one to know.
 */
static void
write_all(const char *data, size_t len, uint64_t io_timeout_ms)
{
	int64_t until_ms = ident_monotonic_ms() + (int64_t)io_timeout_ms;
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n) {
		if (!wait_for(STDOUT_FILENO, POLLOUT, until_ms, INT_MAX))
			break;
		n = write(STDOUT_FILENO, data, len < PIPE_BUF ? len :
		    PIPE_BUF);
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			break;
		n = n > 0 ? n : 0;
	}
}

static void
write_answer(const struct reply *reply, const char *request_id, bool is_head,
    uint64_t io_timeout_ms)
{
	char failure[REPLY_FAILURE_MAX];
	struct buf out;

	buf_init(&out, reply->body.max + PIECE);
	reply_write(reply, request_id, is_head, &out);
	if (out.failed) {
		log_error("out of memory for an answer");
		write_all(failure, reply_write_failure(reply, request_id,
		    is_head, failure), io_timeout_ms);
	} else {
		write_all(out.data, out.len, io_timeout_ms);
	}
	buf_fini(&out);
	/* Let the server see the end now: what follows is our own business. */
	(void)close(STDOUT_FILENO);
}

void
gw_cgi_serve(const struct app *app)
{
	struct store *store = writer_store(app->writer);
	struct reader reader;
	struct call call;

	reader_init(&reader, app, store);
	call_init(&call, app, &reader);
	http_read_variables(&call.http, environ);
	app_admit(&call);
	read_body(&call.http, app->conf.io_timeout_ms);
	if (call.http.received > 0)
		reader_turn(&reader);
	app_serve(&call);
	http_wipe_keys(environ);
	write_answer(&call.reply, call.request_id,
	    strcmp(call.http.method, "HEAD") == 0, app->conf.io_timeout_ms);
	call_fini(&call);
	reader_fini(&reader);
	/* There is no next commit that could bear it. */
	keyuse_flush(app->uses, store, USES_MS);
	store_checkpoint(store, LOG_BYTES, STORE_LOG_TRUNCATE);
}

/* What a request is answered that finds no service. */
static void
refuse(struct http *http, const char *lack, struct reply *reply)
{
	struct route_match match;

	route_find(&match, http, reply);
	if (match.route == NULL)
		return;
	if (lack != NULL && match.route->begin == h_health)
		h_health_lacks(reply, lack);
	else
		reply_failure(reply, 500, "Internal error");
}

void
gw_cgi_refuse(int status, const char *lack)
{
	char id[IDENT_UUID_LEN + 1] = "", told[16];
	struct reply reply;
	struct http http;

	/* A server may take it ill when its request is not read. */
	http_init(&http, PIECE);
	http_read_variables(&http, environ);
	read_body(&http, REFUSAL_MS);
	http_wipe_keys(environ);
	reply_init(&reply, PIECE);
	(void)!ident_uuid7(id, ident_now_us());
	if (status == 400)
		reply_detail(&reply, status, "Bad Request");
	else
		refuse(&http, lack, &reply);
	log_request_id(id);
	snprintf(told, sizeof told, "%d", reply.status);
	log_event(LOG_LEVEL_ERROR, "request", "method", http.method, "path",
	    http.path, "status", told, "address", *http.remote_addr != '\0' ?
	    http.remote_addr : NULL, NULL);
	write_answer(&reply, id, strcmp(http.method, "HEAD") == 0, REFUSAL_MS);
	reply_fini(&reply);
	http_fini(&http);
}
