#ifndef POOL_H
#define POOL_H

#include "service/call.h"

/*
 * The threads that serve the connections of a listening socket. Idle
 * connections cost no thread.
 */
struct pool;

/*
 * Start app->conf.threads threads on listen_fd, which stays the caller's.
 * NULL: the reason is logged.
 */
struct pool *pool_start(const struct app *app, int listen_fd)
    __attribute__((warn_unused_result));

/* Shut down connections that take longer than the time allowed. */
void pool_watch(struct pool *pool);

/*
 * Accept no more; serve what is under way and what kept connections still
 * send, until their peers close them or time is up; end the threads.
 */
void pool_stop(struct pool *pool);

#endif
