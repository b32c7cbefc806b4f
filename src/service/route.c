/*
 * The table of routes, and how a request finds its line in one.
 */
#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "service/h_audit.h"
#include "service/h_change.h"
#include "service/h_delete.h"
#include "service/h_docs.h"
#include "service/h_health.h"
#include "service/h_key_create.h"
#include "service/h_key_revoke.h"
#include "service/h_key_rotate.h"
#include "service/h_keys.h"
#include "service/h_lease.h"
#include "service/h_list.h"
#include "service/h_metrics.h"
#include "service/h_read.h"
#include "service/h_reveal.h"
#include "service/h_save.h"
#include "service/h_verify.h"
#include "service/route.h"

static const char keys_failure[] = "Failed to list API keys";
static const char revoke_failure[] = "Failed to revoke API key";
static const char reveal_failure[] = "Failed to reveal integration";
static const char save_failure[] = "Failed to save integration";

static const struct route routes[] = {
	{ "POST", "/api/v2/integrations/save", save_failure,
	    ROUTE_KEY | ROUTE_BODY, SCOPE_SAVE, h_save_begin, h_save_end },
	{ "POST", "/api/v1/integrations/save", save_failure,
	    ROUTE_KEY | ROUTE_BODY, SCOPE_SAVE, h_save_begin, h_save_end },
	{ "GET", "/api/v2/integrations", "Failed to list integrations",
	    ROUTE_KEY, SCOPE_READ, h_list_begin, h_list_end },
	{ "GET", "/api/v2/integrations/{integration_id}",
	    "Failed to read integration", ROUTE_KEY | ROUTE_ROW, SCOPE_READ,
	    h_read, NULL },
	{ "PATCH", "/api/v2/integrations/{integration_id}",
	    "Failed to change integration", ROUTE_KEY | ROUTE_BODY | ROUTE_ROW,
	    SCOPE_SAVE, h_change_begin, h_change_end },
	{ "DELETE", "/api/v2/integrations/{integration_id}",
	    "Failed to delete integration", ROUTE_KEY | ROUTE_ROW, SCOPE_SAVE,
	    h_delete_begin, h_delete_end },
	{ "POST", "/api/v2/integrations/{integration_id}/refresh-lease",
	    "Failed to lease integration", ROUTE_KEY | ROUTE_BODY | ROUTE_ROW,
	    SCOPE_SAVE, h_lease_begin, h_lease_end },
	{ "DELETE", "/api/v2/integrations/{integration_id}/refresh-lease",
	    "Failed to lease integration", ROUTE_KEY | ROUTE_ROW, SCOPE_SAVE,
	    h_lease_release_begin, h_lease_release_end },
	{ "GET", "/api/v2/integrations/{integration_id}/auth_data",
	    reveal_failure, ROUTE_KEY | ROUTE_NO_HEAD | ROUTE_ROW,
	    SCOPE_REVEAL, h_reveal_begin, h_reveal_end },
	{ "POST", "/api/v2/integrations/{integration_id}/auth_data/sealed",
	    reveal_failure, ROUTE_KEY | ROUTE_BODY | ROUTE_ROW, SCOPE_REVEAL,
	    h_reveal_sealed_begin, h_reveal_end },
	{ "POST", "/api/v2/integrations/{integration_id}/verify",
	    "Failed to verify integration", ROUTE_KEY | ROUTE_BODY | ROUTE_ROW,
	    SCOPE_VERIFY, h_verify_begin, h_verify_end },
	{ "GET", "/openapi.json", NULL, 0, 0, h_openapi, NULL },
	{ "GET", "/docs", NULL, 0, 0, h_docs, NULL },
	{ "GET", "/metrics", NULL, ROUTE_KEY | ROUTE_BEARER, SCOPE_METRICS,
	    h_metrics, NULL },
	{ "GET", "/api/v2/api-keys/self", keys_failure, ROUTE_KEY, 0,
	    h_keys_self, NULL },
	{ "DELETE", "/api/v2/api-keys/self", revoke_failure, ROUTE_KEY,
	    SCOPE_ADMIN, h_key_revoke_begin, h_key_revoke_end },
	{ "GET", "/api/v2/api-keys", keys_failure, ROUTE_KEY, SCOPE_ADMIN,
	    h_keys_list_begin, h_keys_list_end },
	{ "POST", "/api/v2/api-keys", "Failed to create API key",
	    ROUTE_KEY | ROUTE_BODY, SCOPE_ADMIN, h_key_create_begin,
	    h_key_create_end },
	{ "DELETE", "/api/v2/api-keys/{public_id}", revoke_failure, ROUTE_KEY,
	    SCOPE_ADMIN, h_key_revoke_begin, h_key_revoke_end },
	{ "POST", "/api/v2/api-keys/{public_id}/rotate",
	    "Failed to rotate API key", ROUTE_KEY | ROUTE_BODY, 0,
	    h_key_rotate_begin, h_key_rotate_end },
	{ "GET", "/api/v2/audit", "Failed to read audit", ROUTE_KEY,
	    SCOPE_ADMIN, h_audit_begin, h_audit_end },
	{ "GET", "/healthz", NULL, ROUTE_STORE, 0, h_health, NULL },
};

enum { ROUTES = sizeof routes / sizeof routes[0] };

/* In the order in which Allow tells them. */
static const char *const methods[] = {
	"GET", "HEAD", "POST", "PATCH", "DELETE"
};

/* The end of a path, without the slash that may stand there. */
static const char *
end_of(const char *path)
{
	static const char api[] = "/api/";
	const char *end = path + strlen(path);

	if (strncmp(path, api, strlen(api)) == 0 && end[-1] == '/')
		end--;
	return (end);
}

/* Whether the path up to end is one of those that pattern stands for. */
static bool
fits(const char *pattern, const char *path, const char *end,
    struct route_match *match)
{
	size_t head = strcspn(pattern, "{"), left = (size_t)(end - path), len;
	const char *param, *slash;

	if (left < head || memcmp(path, pattern, head) != 0)
		return (false);
	path += head;
	pattern += head;
	if (*pattern == '\0')
		return (path == end);
	slash = memchr(path, '/', left - head);
	param = path;
	len = (size_t)((slash != NULL ? slash : end) - path);
	path += len;
	pattern = strchr(pattern, '}') + 1;
	left = (size_t)(end - path);
	if (len == 0 || strlen(pattern) != left ||
	    memcmp(path, pattern, left) != 0)
		return (false);
	match->param = param;
	match->param_len = len;
	return (true);
}

static bool
takes(const struct route *route, const char *path, const char *method)
{
	return (strcmp(route->path, path) == 0 &&
	    (strcmp(route->method, method) == 0 ||
	    (strcmp(route->method, "GET") == 0 &&
	    (route->traits & ROUTE_NO_HEAD) == 0 &&
	    strcmp(method, "HEAD") == 0)));
}

/* The line of table that has this path, as it stands there, and method. */
static const struct route *
line_of(const struct route *table, size_t count, const char *path,
    const char *method)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (takes(&table[i], path, method))
			return (&table[i]);
	return (NULL);
}

static void
list_methods(char list[ROUTE_ALLOW_MAX], const struct route *table,
    size_t count, const char *path)
{
	size_t i, len = 0;

	for (i = 0; i < sizeof methods / sizeof methods[0]; i++) {
		if (line_of(table, count, path, methods[i]) == NULL)
			continue;
		len += (size_t)snprintf(list + len, ROUTE_ALLOW_MAX - len,
		    "%s%s", len > 0 ? ", " : "", methods[i]);
		assert(len < ROUTE_ALLOW_MAX);
	}
}

void
route_match(struct route_match *match, const struct route *table,
    size_t count, const char *method, const char *path)
{
	const char *end = end_of(path);
	size_t i = 0;

	*match = (struct route_match){ 0 };
	while (i < count && !fits(table[i].path, path, end, match))
		i++;
	if (i == count)
		return;
	match->route = line_of(table, count, table[i].path, method);
	if (match->route == NULL)
		list_methods(match->allow, table, count, table[i].path);
}

/*
 * The method that is asked for. Where a path has PATCH or DELETE, a POST may
 * stand for one of them by a header, for clients behind what refuses these.
 * NULL: the header says something else.
 */
static const char *
method_of(const struct http *http)
{
	static const char *const stood_for[] = { "PATCH", "DELETE" };
	const struct field_lines *lines = &http->method_override;
	const char *line;
	size_t i, len;

	if (lines->count == 0)
		return (http->method);
	if (lines->count > 1 || strcmp(http->method, "POST") != 0)
		return (NULL);
	line = lines->line[0];
	len = http_trim(&line);
	for (i = 0; i < sizeof stood_for / sizeof stood_for[0]; i++)
		if (len == strlen(stood_for[i]) &&
		    memcmp(line, stood_for[i], len) == 0)
			return (stood_for[i]);
	return (NULL);
}

void
route_find(struct route_match *match, struct http *http, struct reply *reply)
{
	const char *method = method_of(http);

	route_match(match, routes, ROUTES,
	    method != NULL ? method : "", http->path);
	if (match->route != NULL) {
		http->method = method;
		reply->failure = match->route->failure;
	} else if (match->allow[0] == '\0') {
		reply_detail(reply, 404, "Not Found");
	} else {
		reply_detail(reply, 405, "Method Not Allowed");
		reply_header(reply, "Allow", match->allow);
		if (strstr(match->allow, "PATCH") != NULL)
			h_change_accepts(reply);
	}
}

void
route_names(struct metrics_routes *names)
{
	size_t i;

	_Static_assert((int)ROUTES < METRICS_ROUTES_MAX, "each has a counter");
	for (i = 0; i < ROUTES; i++) {
		names->names[i].method = routes[i].method;
		names->names[i].path = routes[i].path;
	}
	names->names[i].method = names->names[i].path = "";
	names->count = ROUTES + 1;
}

size_t
route_index(const struct route *route)
{
	return (route == NULL ? ROUTES : (size_t)(route - routes));
}
