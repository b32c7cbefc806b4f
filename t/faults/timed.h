#ifndef TIMED_H
#define TIMED_H

#include <stddef.h>

/* A request to a worker; empty texts: none of it. */
struct timed_request {
	const char *method;
	const char *path;
	const char *query;
	const char *key;		/* x-api-key */
	const char *header[2];		/* a parameter's name, value; or NULL */
	const char *body;
};

/* Connect to a worker's socket; ends the program where that fails. */
int timed_connect(const char *path);

/* Ask, and wait for the end of the answer: its status, or -1. */
int timed_ask(int fd, const struct timed_request *request);

/* The same, and how long it took. */
int timed_ask_ns(int fd, const struct timed_request *request, double *ns);

/* How long a request of one of two kinds took. */
struct timed_sample {
	double ns;
	int group;
};

/*
 * The medians of count samples of each group, and z of the Mann-Whitney test.
 * Sorts the samples.
 */
void timed_judge(struct timed_sample *samples, long count, double median[2],
    double *z);

#endif
