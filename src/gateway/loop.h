#ifndef LOOP_H
#define LOOP_H

#include "service/call.h"

/*
 * Serving: one thread that waits for all connections at once and for nothing
 * else. What is to be stored goes to the writer, and its answer out when that
 * is done.
 */
struct loop;

/*
 * Serve the listening socket, which stays the caller's, and start the writer.
 * At most app->conf.max_connections are open. NULL: the reason is logged.
 */
struct loop *loop_start(const struct app *app, int listen_fd)
    __attribute__((warn_unused_result));

/*
 * Accept no more; serve what is connected until the peers close, for 2.4
 * seconds at most; answer what is under way then; release all.
 */
void loop_stop(struct loop *loop);

#endif
