#ifndef ROUTE_H
#define ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "ground/scope.h"
#include "service/call.h"
#include "service/metrics.h"

/*
 * What there is to ask for. One segment of a path may be a parameter, as in
 * /things/{thing_id}; it stands for one character or more. Below /api/ a
 * request may have one slash more at its end. Where GET is, HEAD is too, but
 * where it is refused.
 */
enum route_trait {
	ROUTE_KEY = 1 << 0,	/* it needs an API key */
	ROUTE_BEARER = 1 << 1,	/* which may be Authorization: Bearer's */
	ROUTE_BODY = 1 << 2,	/* it takes a body; others are passed over */
	ROUTE_NO_HEAD = 1 << 3,	/* of a GET: what it does is counted */
	ROUTE_STORE = 1 << 4,	/* it asks the database, without a key */
	ROUTE_ROW = 1 << 5	/* it reads a row, which may be large */
};

struct route {
	const char *method;
	const char *path;
	const char *failure;	/* what its failures begin with: reply.h */
	unsigned traits;	/* enum route_trait */
	enum scope scope;	/* that the key must have; 0: any will do */
	/*
	 * begin comes to an answer, or to a job for the writer; end, when that
	 * is done, to the answer, or to one more job. Where end is NULL there
	 * is never a job.
	 */
	enum call_rc (*begin)(struct call *);
	enum call_rc (*end)(struct call *);
};

enum { ROUTE_ALLOW_MAX = 64 };

/* What a table has for a request. */
struct route_match {
	const struct route *route;	/* NULL: not this path by this method */
	const char *param;		/* within the path; NULL: it has none */
	size_t param_len;
	char allow[ROUTE_ALLOW_MAX];	/* without a route: those of the path */
};

/*
 * Look for a request in a table. The first line whose path fits is the one
 * that counts, with all that have the same path: so whatever is to be matched
 * as it stands comes before the paths with a parameter.
 */
void route_match(struct route_match *match, const struct route *table,
    size_t count, const char *method, const char *path);

/*
 * Find the service's route of a request; http->method becomes the one that a
 * header may have asked for instead, and reply is told how its failures begin.
 * NULL in match->route: reply is 404 or 405.
 */
void route_find(struct route_match *match, struct http *http,
    struct reply *reply);

/* The name of each of the service's routes, and of none last. */
void route_names(struct metrics_routes *names);

/* The index of a route among them; NULL: of none. */
size_t route_index(const struct route *route);

#endif
