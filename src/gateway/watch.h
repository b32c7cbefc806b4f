#ifndef WATCH_H
#define WATCH_H

#include <pthread.h>
#include <stdint.h>

/*
 * A look at a connection from outside: while its owner reads or writes, a
 * watchdog may shut it down. One owner, one watchdog.
 */
struct watch {
	pthread_mutex_t mutex;	/* guards the rest */
	int fd;			/* -1: nothing to watch */
	int64_t since_ms;
};

void watch_init(struct watch *watch);
void watch_fini(struct watch *watch);

/* The owner begins, and ends, to read from or write to fd. */
void watch_begin(struct watch *watch, int fd);
void watch_end(struct watch *watch);

/* Shut the connection down if that has lasted for limit_ms. */
void watch_check(struct watch *watch, int64_t limit_ms);

#endif
