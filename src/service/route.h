#ifndef ROUTE_H
#define ROUTE_H

#include <stdbool.h>

#include "service/call.h"

/* What there is to ask for. */
struct route {
	const char *path;
	const char *method;
	const char *allow;	/* the header for other methods */
	bool needs_key;
	enum call_rc (*handler)(struct call *);
};

/* The route of call's request; NULL: 404 or 405 is answered. */
const struct route *route_find(struct call *call);

#endif
