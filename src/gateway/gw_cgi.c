/*
 * CGI to struct call and back. Judges nothing but who wrote the command line.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/app.h"
#include "gateway/gw_cgi.h"
#include "ground/log.h"
#include "ground/number.h"

enum {
	PIECE = 16384,
	GRACE_MS = 100,			/* for more than Content-Length */
	REFUSAL_MS = 10000,		/* for a body that is not wanted */
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
 * How long to wait for more of the body, in ms. A server need not close its
 * end behind Content-Length bytes (RFC 3875 section 4.2).
 */
static int
patience_ms(const struct http *http, uint64_t io_timeout_ms)
{
	uint64_t length;

	if (number_parse(http->content_length, 0, UINT64_MAX, &length) == 0 &&
	    http->received >= length)
		return (GRACE_MS);
	/* Only a body comes without a length, chunked. */
	if (*http->content_length == '\0' && !may_have_body(http))
		return (GRACE_MS);
	return ((int)io_timeout_ms);
}

/*
 * Read one piece of the body into piece. Returns its length; 0 at the end,
 * which the server shows by closing, or by silence once all has come.
 */
static ssize_t
read_piece(struct http *http, char *piece, uint64_t io_timeout_ms)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	int patience = patience_ms(http, io_timeout_ms), ready;

	do
		ready = poll(&input, 1, patience);
	while (ready == -1 && errno == EINTR);
	if (ready == 0 && patience == GRACE_MS)
		return (0);
	if (ready != 1)
		return (-1);
	return (read(STDIN_FILENO, piece, PIECE));
}

static void
read_body(struct http *http, uint64_t io_timeout_ms)
{
	char piece[PIECE];
	ssize_t n;

	while ((n = read_piece(http, piece, io_timeout_ms)) > 0) {
		http_add_body(http, piece, (size_t)n);
		explicit_bzero(piece, (size_t)n);
	}
	http->is_cut = n == -1 || http->body.failed;
}

/* Write to the server; that it went away is for no one to know. */
static void
write_all(const char *data, size_t len)
{
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n) {
		n = write(STDOUT_FILENO, data, len);
		if (n == -1 && errno != EINTR)
			break;
		n = n > 0 ? n : 0;
	}
}

static void
write_answer(const struct reply *reply, const char *request_id, bool is_head)
{
	char failure[REPLY_FAILURE_MAX];
	struct buf out;

	buf_init(&out, reply->body.max + PIECE);
	reply_write(reply, request_id, is_head, &out);
	if (out.failed) {
		log_error("out of memory for an answer");
		write_all(failure, reply_write_failure(failure, request_id,
		    is_head));
	} else {
		write_all(out.data, out.len);
	}
	buf_fini(&out);
	/* Let the server see the end now: what follows is our own business. */
	(void)close(STDOUT_FILENO);
}

void
gw_cgi_serve(const struct app *app)
{
	struct store *store = writer_store(app->writer);
	struct call call;

	call_init(&call, app, store);
	http_read_variables(&call.http, environ);
	read_body(&call.http, app->conf.io_timeout_ms);
	app_serve(&call);
	http_wipe_keys(environ);
	write_answer(&call.reply, call.request_id,
	    strcmp(call.http.method, "HEAD") == 0);
	call_fini(&call);
	store_checkpoint(store, LOG_BYTES, STORE_LOG_TRUNCATE);
}

void
gw_cgi_refuse(int status)
{
	char id[IDENT_UUID_LEN + 1] = "";
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
		reply_detail(&reply, status, "Bad Request", NULL);
	else
		reply_failure(&reply, status, "Internal error");
	log_request_id(id);
	log_event(LOG_LEVEL_ERROR, "request", "method", http.method, "path",
	    http.path, "status", status == 400 ? "400" : "500", NULL);
	write_answer(&reply, id, strcmp(http.method, "HEAD") == 0);
	reply_fini(&reply);
	http_fini(&http);
}
