#ifndef GATE_H
#define GATE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What may come from a connection to libfcgi, which trusts its peer (DESIGN,
 * section 9): one request of the responder role, whose parameters are at most
 * GATE_PARAMS_LEN bytes and GATE_PARAMS_MAX pairs that fit them, and its
 * body. A request that has come whole is looked at, and left for the library
 * to read. Any other is taken apart by records, which are judged and put
 * together anew in a pair of sockets from which the library reads; records of
 * other requests are dropped. Who breaks the rules is read no further, and
 * the log says which.
 */
enum {
	GATE_PARAMS_LEN = 65535,
	GATE_PARAMS_MAX = 1000
};

struct gate;

/* One thread's gate. NULL: the reason is logged. */
struct gate *gate_new(void) __attribute__((warn_unused_result));

/* Takes NULL. */
void gate_free(struct gate *gate);

/*
 * Read a request from the connection fd, as far as its parameters, and let
 * them through; with them, what has come of its body. Returns the descriptor
 * to read that from, which is fd or stays the gate's; or -1: the peer has
 * closed, was too slow, or broke the rules.
 */
int gate_open(struct gate *gate, int fd) __attribute__((warn_unused_result));

/*
 * How many further bytes of body have been let through; all before them must
 * have been read. 0: no more come, and gate_is_whole says why.
 */
size_t gate_body(struct gate *gate) __attribute__((warn_unused_result));

/* All of the body was let through, and its end: read that too. */
bool gate_is_whole(const struct gate *gate);

/* The body was cut here, for want of memory, and not by the peer. */
bool gate_lacks_memory(const struct gate *gate);

/* The request was whole, and the peer sent nothing after it. */
bool gate_is_clean(const struct gate *gate);

/* The library has closed the descriptor that gate_open gave, not fd. */
void gate_lost(struct gate *gate);

/* Wipe what a request left. */
void gate_reset(struct gate *gate);

#endif
