/*
 * bare SOCKET: the least that a loop can be, for "make bench": one thread, one
 * epoll set, the worker's own FastCGI records, and an answer from memory that
 * is as long as the one to a save. Nothing is checked and nothing is stored,
 * so what lies between this and the worker is the work on a request.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/fcgi.h"
#include "gateway/fcgi_out.h"

enum { BACKLOG = 4096, EVENTS = 256, INPUT = 65536, BODY_MAX = 1 << 20 };

static const char answer[] =
    "Status: 200 OK\r\nContent-Type: application/json\r\n"
    "Cache-Control: no-store\r\nContent-Length: 500\r\n\r\n"
    "{\"success\":true,\"data\":\"%0461d\",\"error\":null}";

struct conn {
	int fd;
	struct fcgi fcgi;
	struct fcgi_request request;
	struct http http;
};

static char text[1024];
static size_t text_len;
static unsigned char input[INPUT];
static char *variables[FCGI_PARAMS_MAX + 1];
static struct buf out;

static int
listen_at(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);

	if (fd == -1 || strlen(path) >= sizeof at.sun_path)
		return (-1);
	memcpy(at.sun_path, path, strlen(path));
	if (bind(fd, (struct sockaddr *)&at, sizeof at) == -1 ||
	    listen(fd, BACKLOG) == -1)
		return (-1);
	return (fd);
}

static int
watch(int set, int fd, void *tag)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = tag };

	return (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event));
}

static void
conn_close(struct conn *conn)
{
	fcgi_fini(&conn->fcgi);
	fcgi_request_fini(&conn->request);
	http_fini(&conn->http);
	close(conn->fd);
	free(conn);
}

/* Somebody has connected. False: nobody has. */
static bool
conn_open(int set, int listening)
{
	int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct conn *conn;

	if (fd == -1)
		return (false);
	if ((conn = calloc(1, sizeof *conn)) == NULL)
		exit(1);
	conn->fd = fd;
	fcgi_init(&conn->fcgi);
	http_init(&conn->http, BODY_MAX);
	fcgi_request_init(&conn->request, &conn->http);
	if (watch(set, fd, conn) == -1)
		exit(1);
	return (true);
}

/* Whether the connection goes on. An answer is far shorter than a socket. */
static bool
answers(struct conn *conn)
{
	bool is_kept = fcgi_is_kept(&conn->fcgi);
	ssize_t n;

	buf_reset(&out, sizeof text + FCGI_OUT_HEAD + FCGI_OUT_TAIL);
	fcgi_out_begin(&out);
	buf_put(&out, text, text_len);
	fcgi_out_end(&out, conn->fcgi.id);
	n = send(conn->fd, out.data, out.len, MSG_NOSIGNAL);
	fcgi_done(&conn->fcgi);
	fcgi_request_reset(&conn->request);
	http_reset(&conn->http);
	return (is_kept && n == (ssize_t)out.len);
}

/* The same for all requests that have come. */
static bool
goes_on(struct conn *conn)
{
	ssize_t n = recv(conn->fd, input, sizeof input, 0);
	enum fcgi_event event;
	bool is_good = true;

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (true);
	if (n <= 0)
		return (false);
	fcgi_lend(&conn->fcgi, input, (size_t)n);
	while (is_good && (event = fcgi_next(&conn->fcgi, &conn->request)) !=
	    FCGI_EVENT_MORE) {
		if (event == FCGI_EVENT_PARAMS)
			fcgi_variables(&conn->request, variables);
		else
			is_good = event == FCGI_EVENT_REQUEST && answers(conn);
	}
	fcgi_give_back(&conn->fcgi, &conn->request);
	return (is_good);
}

static void
serve(int set, int listening)
{
	struct epoll_event events[EVENTS];
	struct conn *conn;
	int i, count;

	while (true) {
		count = epoll_wait(set, events, EVENTS, -1);
		for (i = 0; i < count; i++) {
			conn = events[i].data.ptr;
			if (conn == NULL) {
				while (conn_open(set, listening))
					;
			} else if (!goes_on(conn)) {
				conn_close(conn);
			}
		}
	}
}

int
main(int argc, char **argv)
{
	int set = epoll_create1(EPOLL_CLOEXEC), listening;

	if (argc != 2 || set == -1 || (listening = listen_at(argv[1])) == -1 ||
	    watch(set, listening, NULL) == -1)
		return (1);
	text_len = (size_t)snprintf(text, sizeof text, answer, 0);
	buf_init(&out, sizeof text + FCGI_OUT_HEAD + FCGI_OUT_TAIL);
	serve(set, listening);
}
