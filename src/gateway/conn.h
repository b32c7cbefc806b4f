#ifndef CONN_H
#define CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/exchange.h"
#include "gateway/fcgi.h"
#include "ground/list.h"
#include "service/readers.h"
#include "store/jobs.h"

/*
 * A connection of a web server's: one request after the other, from the bytes
 * that come to those that go. Nothing here waits: what cannot go on is told
 * when it can.
 */
enum conn_state {
	CONN_IDLE,		/* nothing has come of a request */
	CONN_READS,		/* something has, and not all of it */
	CONN_HELD,		/* it would go on, but there are too many */
	CONN_WAITS,		/* for the writer, or a reader */
	CONN_LACKS,		/* room for what it would read */
	CONN_WRITES		/* the peer does not take the answer yet */
};

struct conn {
	struct list_link link;		/* in the traffic's list of its state */
	struct list_link turn_link;	/* among those that go on next turn */
	struct fcgi fcgi;
	struct exchange *exchange;	/* NULL: idle */
	int64_t since_ms;		/* in its state, or served last */
	int fd;
	enum conn_state state;
	bool is_readable;		/* as far as is known */
	bool is_ending;			/* the peer may have closed */
	bool has_served;		/* a request, whenever */
	bool has_begun;			/* CONN_HELD: in the middle */
};

enum { CONN_INPUT = 65536, CONN_STATES = CONN_WRITES + 1 };

/* What all connections of one loop share; the loop's own. */
struct traffic {
	struct exchanges exchanges;
	int epoll_fd;			/* where connections are watched */
	size_t max_requests;		/* under way at once */
	int64_t now_ms;			/* of this turn */
	bool is_ending;			/* nothing is kept any more */
	size_t count;			/* of connections */
	struct list by_state[CONN_STATES];	/* the oldest first */
	struct list next_turn;		/* have more to do */
	struct jobs jobs;		/* of this turn, for the writer ... */
	struct jobs reads[READERS_KINDS];	/* ... and for readers */
	struct conn *spare;		/* for the next one, or NULL */
	char *variables[FCGI_PARAMS_MAX + 1];
	unsigned char input[CONN_INPUT];
};

/*
 * Whether there is memory for one more connection, which the next conn_open
 * takes. If not, whoever knocks is to wait.
 */
bool conn_has_room(struct traffic *traffic)
    __attribute__((warn_unused_result));

/*
 * A connection for an accepted descriptor, which it owns, whatever happens:
 * where it cannot be watched it is closed, and the reason logged. Its events
 * come with data.ptr.
 */
void conn_open(struct traffic *traffic, int fd);

/* Wipe and close. Not while it waits for the writer or a reader. */
void conn_close(struct traffic *traffic, struct conn *conn);

/* What epoll has told of it. It may close the connection. */
void conn_event(struct traffic *traffic, struct conn *conn, uint32_t events);

/*
 * Go on: with what has come, or with what could not be sent. It may close the
 * connection. One that has more to do is put into next_turn.
 */
void conn_go_on(struct traffic *traffic, struct conn *conn);

/* The job of its request is done. */
void conn_job_done(struct traffic *traffic, struct writer_job *job);

/* Go on with those that were held, as long as there is room. */
void conn_release(struct traffic *traffic);

#endif
