/*
 * FastCGI to struct call and back. Judges nothing; the only file that sees
 * fcgiapp.h.
 *
 * The library's own FCGX_Accept_r would pin this thread to its connection and
 * to accept(2). So the pool accepts and waits, and a request structure is
 * handed the connection: ipcFd = fd, keepConnection = 1, no listening socket.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcgiapp.h>

#include "app.h"
#include "gw_fcgi.h"
#include "log.h"

enum { OUT_KEEP = 65536, OUT_ROOM = 4096 };

struct gw_fcgi {
	struct call *call;
	struct watch *watch;
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
read_body(FCGX_Request *request, struct http *http)
{
	while (take_piece(request->in, http) > 0)
		;
	http->is_cut = FCGX_GetError(request->in) != 0 || http->body.failed;
}

static void
write_answer(struct gw_fcgi *gw)
{
	struct call *call = gw->call;

	reply_write(&call->reply, call->request_id,
	    strcmp(call->http.method, "HEAD") == 0, &gw->out);
	if (gw->out.failed)
		log_error("out of memory for an answer");
	else
		(void)FCGX_PutStr(gw->out.data, (int)gw->out.len,
		    gw->request.out);
}

int
gw_fcgi_serve(struct gw_fcgi *gw, int fd)
{
	FCGX_Request *request = &gw->request;
	struct call *call = gw->call;

	request->ipcFd = fd;
	request->keepConnection = 1;
	watch_begin(gw->watch, fd);
	if (FCGX_Accept_r(request) != 0) {
		watch_end(gw->watch);
		return (-1);
	}
	http_read_variables(&call->http, request->envp);
	read_body(request, &call->http);
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
