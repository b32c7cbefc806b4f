/* A responder by fcgi and fcgi_out, which serves and waits. */
#include "config.h"

#include "gateway/fcgi.h"
#include "gateway/fcgi_out.h"
#include "peer.h"

struct peer {
	int fd;
	struct fcgi fcgi;
	struct fcgi_request request;
	struct http http;
	char *variables[FCGI_PARAMS_MAX + 1];
};

static void
answer(struct peer *peer)
{
	struct buf out;
	size_t sent = 0;
	ssize_t n;
	char **p;

	buf_init(&out, PEER_MOST);
	fcgi_out_begin(&out);
	for (p = peer->variables; *p != NULL; p++)
		peer_put_variable(&out, *p);
	peer_put_body(&out, peer->http.body.data, peer->http.body.len,
	    peer->http.is_cut);
	fcgi_out_end(&out, peer->fcgi.id);
	while (!out.failed && sent < out.len && (n = send(peer->fd, out.data +
	    sent, out.len - sent, MSG_NOSIGNAL)) > 0)
		sent += (size_t)n;
	buf_fini(&out);
	fcgi_done(&peer->fcgi);
	fcgi_request_reset(&peer->request);
	http_reset(&peer->http);
}

/* Take what is at hand; false: the connection is at its end. */
static bool
go(struct peer *peer)
{
	enum fcgi_event event;

	while ((event = fcgi_next(&peer->fcgi, &peer->request)) ==
	    FCGI_EVENT_PARAMS || event == FCGI_EVENT_REQUEST) {
		if (event == FCGI_EVENT_PARAMS)
			fcgi_variables(&peer->request, peer->variables);
		else
			answer(peer);
	}
	return (event == FCGI_EVENT_MORE);
}

static void
serve(struct peer *peer)
{
	unsigned char piece[16384];
	bool goes_on = true;
	ssize_t n;

	fcgi_init(&peer->fcgi);
	while (goes_on && (n = recv(peer->fd, piece, sizeof piece, 0)) > 0) {
		fcgi_lend(&peer->fcgi, piece, (size_t)n);
		goes_on = go(peer);
		fcgi_give_back(&peer->fcgi, &peer->request);
	}
	if (goes_on && fcgi_end(&peer->fcgi, &peer->request) ==
	    FCGI_EVENT_REQUEST)
		answer(peer);
	fcgi_request_reset(&peer->request);
	http_reset(&peer->http);
	fcgi_fini(&peer->fcgi);
}

int
main(int argc, char **argv)
{
	struct peer peer;
	int fd = peer_listen(argc, argv);

	http_init(&peer.http, PEER_MOST);
	fcgi_request_init(&peer.request, &peer.http);
	while ((peer.fd = accept(fd, NULL, NULL)) != -1) {
		serve(&peer);
		close(peer.fd);
	}
	return (1);
}
