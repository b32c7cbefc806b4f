/*
 * FastCGI to struct call and back. Judges nothing; the only file that sees
 * fcgiapp.h.
 *
 * The library's own FCGX_Accept_r would pin this thread to its connection and
 * to accept(2). So the pool accepts and waits, and a request structure is
 * handed descriptors: ipcFd is where the gate lays what may be read, and then
 * the connection, for the answer; keepConnection = 1, no listening socket.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "service/app.h"
#include "gateway/gate.h"
#include "gateway/gw_fcgi.h"
#include "ground/log.h"

enum { OUT_KEEP = 65536, OUT_ROOM = 4096 };

struct gw_fcgi {
	struct call *call;
	struct watch *watch;
	struct gate *gate;
	FCGX_Request request;
	struct buf out;
};

int
gw_fcgi_init(void)
{
	/* How long it lingers on a close, in ms; all input is read by then. */
	(void)setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "10", 1);
	if (FCGX_Init() == 0)
		return (0);
	log_error("libfcgi does not start");
	return (-1);
}

struct gw_fcgi *
gw_fcgi_new(struct call *call, struct watch *watch)
{
	struct gw_fcgi *gw = calloc(1, sizeof *gw);

	if (gw == NULL) {
		log_error("out of memory for a FastCGI gateway");
		return (NULL);
	}
	if ((gw->gate = gate_new()) == NULL) {
		free(gw);
		return (NULL);
	}
	gw->call = call;
	gw->watch = watch;
	(void)FCGX_InitRequest(&gw->request, -1, 0);
	buf_init(&gw->out, call->reply.body.max + OUT_ROOM);
	return (gw);
}

void
gw_fcgi_free(struct gw_fcgi *gw)
{
	if (gw == NULL)
		return;
	FCGX_Free(&gw->request, 1);
	gate_free(gw->gate);
	buf_fini(&gw->out);
	free(gw);
}

/*
 * Take what the stream has in memory and wipe it there. Returns how much that
 * was: 0 at the end of the stream.
 */
static size_t
take_piece(FCGX_Stream *in, struct http *http)
{
	unsigned char *piece;
	size_t len;
	int c;

	/* Let the library fill its memory, and put the byte back. */
	if ((c = FCGX_GetChar(in)) == EOF)
		return (0);
	(void)FCGX_UnGetChar(c, in);
	piece = in->rdNext;
	len = (size_t)(in->stop - in->rdNext);
	http_add_body(http, piece, len);
	explicit_bzero(piece, len);
	in->rdNext = in->stop;
	return (len);
}

/* Read the body to its end, whatever it is; too much is counted and gone. */
static void
read_body(struct gw_fcgi *gw)
{
	FCGX_Stream *in = gw->request.in;
	struct http *http = &gw->call->http;
	size_t left, len = 1;

	while (len > 0 && (left = gate_body(gw->gate)) > 0)
		for (; left > 0 && (len = take_piece(in, http)) > 0;
		    left -= len)
			;
	http->body.failed |= gate_lacks_memory(gw->gate);
	/* The end is read where there is one, or it would be the next's. */
	http->is_cut = !gate_is_whole(gw->gate) || take_piece(in, http) > 0 ||
	    FCGX_GetError(in) != 0 || http->body.failed;
}

/*
 * Read a request from *fd. Returns 0, or -1 when there is none to answer;
 * *fd is -1 when that is closed already.
 */
static int
read_request(struct gw_fcgi *gw, int *fd)
{
	FCGX_Request *request = &gw->request;
	int from = gate_open(gw->gate, *fd);

	if (from == -1)
		return (-1);
	request->ipcFd = from;
	request->keepConnection = 1;
	if (FCGX_Accept_r(request) != 0) {
		/* It has closed what it read from. */
		if (from == *fd)
			*fd = -1;
		else
			gate_lost(gw->gate);
		return (-1);
	}
	http_read_variables(&gw->call->http, request->envp);
	read_body(gw);
	request->ipcFd = *fd;
	if (!gate_is_clean(gw->gate))
		request->keepConnection = 0;
	gate_reset(gw->gate);
	return (0);
}

static void
write_answer(struct gw_fcgi *gw)
{
	struct call *call = gw->call;
	bool is_head = strcmp(call->http.method, "HEAD") == 0;
	char failure[REPLY_FAILURE_MAX], *data;
	size_t len;

	reply_write(&call->reply, call->request_id, is_head, &gw->out);
	data = gw->out.data;
	len = gw->out.len;
	if (gw->out.failed) {
		log_error("out of memory for an answer");
		data = failure;
		len = reply_write_failure(failure, call->request_id, is_head);
	}
	(void)FCGX_PutStr(data, (int)len, gw->request.out);
}

/* A function of its own, so that t/tsan.supp can name it. */
static void
hang_up(int fd)
{
	if (fd != -1)
		close(fd);
}

int
gw_fcgi_serve(struct gw_fcgi *gw, int fd)
{
	FCGX_Request *request = &gw->request;
	struct call *call = gw->call;

	watch_begin(gw->watch, fd);
	if (read_request(gw, &fd) == -1) {
		/* Before it is closed, for its number may be another's then. */
		watch_end(gw->watch);
		gate_reset(gw->gate);
		hang_up(fd);
		return (-1);
	}
	watch_end(gw->watch);

	app_serve(call);

	watch_begin(gw->watch, fd);
	write_answer(gw);
	http_wipe_keys(request->envp);
	FCGX_Finish_r(request);
	watch_end(gw->watch);
	call_reset(call);
	buf_reset(&gw->out, OUT_KEEP);
	fd = request->ipcFd;
	request->ipcFd = -1;
	return (fd);
}
