/*
 * The table of routes.
 */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "service/h_health.h"
#include "service/h_save.h"
#include "service/route.h"

static const struct route routes[] = {
	{ "/api/v2/integrations/save", "POST", "Allow: POST", true, h_save },
	{ "/api/v2/integrations/save/", "POST", "Allow: POST", true, h_save },
	{ "/healthz", "GET", "Allow: GET", false, h_health },
};

const struct route *
route_find(struct call *call)
{
	const char *allow = NULL;
	size_t i;

	for (i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		if (strcmp(routes[i].path, call->http.path) != 0)
			continue;
		if (strcmp(routes[i].method, call->http.method) == 0)
			return (&routes[i]);
		allow = routes[i].allow;
	}
	if (allow == NULL)
		reply_detail(&call->reply, 404, "Not Found", NULL);
	else
		reply_detail(&call->reply, 405, "Method Not Allowed", allow);
	return (NULL);
}
