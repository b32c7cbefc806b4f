#ifndef LISTEN_H
#define LISTEN_H

/*
 * The listening socket. Always of the AF_UNIX family: whoever can connect is
 * trusted to be the web server.
 */
enum listen_kind {
	LISTEN_NONE,		/* not a listening socket */
	LISTEN_UNIX,
	LISTEN_OTHER		/* listening, but not AF_UNIX */
};

/* What fd is. */
enum listen_kind listen_kind(int fd);

/*
 * Make a listening socket at path, mode 0660, of group if that is not NULL. A
 * socket that no one listens on is replaced. Returns it, or -1 with the
 * reason logged.
 */
int listen_open(const char *path, const char *group)
    __attribute__((warn_unused_result));

#endif
