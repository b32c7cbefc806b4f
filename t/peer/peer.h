#ifndef PEER_H
#define PEER_H

/*
 * What both responders of t/30-fastcgi-peer.t share: a socket, and an answer
 * that says what came, to the byte. A line for each parameter, the body, and
 * whether that was cut; lengths stand before texts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ground/buf.h"

enum { PEER_MOST = 64 << 20, PEER_BACKLOG = 64 };

static inline int
peer_listen(int argc, char **argv)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (argc != 2 || strlen(argv[1]) >= sizeof name.sun_path) {
		fprintf(stderr, "usage: %s SOCKET\n", argv[0]);
		exit(2);
	}
	memcpy(name.sun_path, argv[1], strlen(argv[1]));
	(void)unlink(argv[1]);
	if (fd == -1 || bind(fd, (struct sockaddr *)&name, sizeof name) ==
	    -1 || listen(fd, PEER_BACKLOG) == -1) {
		perror(argv[1]);
		exit(1);
	}
	return (fd);
}

static inline void
peer_put(struct buf *out, char kind, const void *bytes, size_t len)
{
	buf_putc(out, kind);
	buf_put_u64(out, len);
	buf_putc(out, ':');
	buf_put(out, bytes, len);
	buf_putc(out, '\n');
}

static inline void
peer_put_variable(struct buf *out, const char *variable)
{
	peer_put(out, 'V', variable, strlen(variable));
}

static inline void
peer_put_body(struct buf *out, const void *body, size_t len, int is_cut)
{
	peer_put(out, 'B', body, len);
	buf_puts(out, is_cut ? "cut\n" : "whole\n");
}

#endif
