/* A responder by libfcgi, as its manual would have it. */
#include "config.h"

#include <fcgiapp.h>

#include "peer.h"

/* Its own parameter, the role, comes first. */
static void
answer(FCGX_Request *request)
{
	struct buf out, body;
	char piece[8192], **p;
	int n;

	buf_init(&out, PEER_MOST);
	buf_init(&body, PEER_MOST);
	for (p = request->envp + 1; *p != NULL; p++)
		peer_put_variable(&out, *p);
	while ((n = FCGX_GetStr(piece, sizeof piece, request->in)) > 0)
		buf_put(&body, piece, (size_t)n);
	peer_put_body(&out, body.data, body.len,
	    FCGX_GetError(request->in) != 0);
	(void)FCGX_PutStr(out.data, (int)out.len, request->out);
	buf_fini(&out);
	buf_fini(&body);
}

int
main(int argc, char **argv)
{
	FCGX_Request request;
	int fd = peer_listen(argc, argv);

	/* How long it lingers on a close, in ms. */
	(void)setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "10", 1);
	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, fd, 0) != 0)
		return (1);
	while (FCGX_Accept_r(&request) == 0)
		answer(&request);
	return (1);
}
