/*
 * Every kind of request in one call, the refused ones too: what one leaves
 * behind is seen by the sanitizer that looks for what is lost, and by the next.
 */
#include "config.h"

#include "unit/unit_reveal.h"

#define ALL "/api/v2/integrations"
#define KEYS "/api/v2/api-keys"

/* %: the id of the integration. */
static const struct {
	const char *method;
	const char *path;
	const char *query;
	const char *body;
	int status;
} requests[] = {
	{ "GET", ALL, "", "", 200 },
	{ "GET", ALL, "limit=0&q=&x=1", "", 422 },
	{ "GET", ALL "/%", "", "", 200 },
	{ "GET", ALL "/x", "", "", 404 },
	{ "PATCH", ALL "/%", "", "{\"name\":\"m\",\"metadata\":"
	    "{\"tag\":[1,2]},\"auth_data\":{\"x\":null,\"y\":\"z\"}}",
	    200 },
	{ "PATCH", ALL "/%", "", "{\"name\":5,\"auth_data\":5}", 422 },
	{ "PATCH", ALL "/%", "", "{", 422 },
	{ "PATCH", ALL "/%", "", "[]", 422 },
	{ "PATCH", ALL "/x", "", "{}", 404 },
	{ "POST", ALL "/%/refresh-lease", "", "{\"seconds\":60}", 200 },
	{ "POST", ALL "/%/refresh-lease", "", "{\"seconds\":60}", 409 },
	{ "POST", ALL "/%/refresh-lease", "", "{\"seconds\":0}", 422 },
	{ "DELETE", ALL "/%/refresh-lease", "", "", 422 },
	{ "GET", ALL "/%/auth_data", "", "", 200 },
	{ "GET", ALL "/%/auth_data", "field=none", "", 404 },
	{ "GET", ALL "/x/auth_data", "", "", 404 },
	{ "POST", ALL "/%/verify", "", "{\"y\":\"z\"}", 200 },
	{ "POST", ALL "/%/verify", "", "{\"y\":[]}", 422 },
	{ "GET", "/api/v2/audit", "limit=2", "", 200 },
	{ "GET", "/api/v2/audit", "cursor=x", "", 422 },
	{ "GET", KEYS, "", "", 200 },
	{ "GET", KEYS "/self", "", "", 200 },
	{ "POST", KEYS, "", "{\"name\":\"n\",\"scopes\":[\"save\"]}",
	    200 },
	{ "POST", KEYS, "", "{\"scopes\":[\"x\",5],\"types\":5}", 422 },
	{ "DELETE", KEYS "/x", "", "", 404 },
	{ "POST", KEYS "/x/rotate", "", "{}", 404 },
	{ "DELETE", ALL "/x", "", "", 404 },
	{ "DELETE", ALL "/%", "", "", 200 },
	{ "DELETE", ALL "/%", "", "", 404 },
	{ "GET", "/healthz", "", "", 200 },
	{ "GET", "/nothing", "", "", 404 },
	{ "PUT", ALL, "", "", 405 },
};

static void
put_path(char path[UNIT_PATH_MAX], const char *pattern, const char *id)
{
	const char *mark = strchr(pattern, '%');

	snprintf(path, UNIT_PATH_MAX, "%.*s%s%s",
	    mark != NULL ? (int)(mark - pattern) : (int)strlen(pattern),
	    pattern, mark != NULL ? id : "", mark != NULL ? mark + 1 : "");
}

START_TEST(every_request_leaves_nothing_behind)
{
	struct unit_vault vault;
	struct call *call = &vault.house.call;
	char path[UNIT_PATH_MAX];
	struct http *http;
	size_t i, round;

	unit_vault_begin(&vault);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < sizeof requests / sizeof requests[0]; i++) {
			http = unit_ask(&vault.house, requests[i].body);
			put_path(path, requests[i].path, vault.id);
			http->method = requests[i].method;
			http->path = path;
			http->query = requests[i].query;
			if (requests[i].body[0] == '\0')
				http->content_type = NULL;
			unit_serve(call);
			ck_assert_msg(call->reply.status ==
			    requests[i].status, "%s %s?%s: %d %s",
			    http->method, path, http->query,
			    call->reply.status, buf_text(&call->reply.body));
		}
		unit_vault_save(&vault, UNIT_GOOD);
	}
	unit_vault_end(&vault);
}
END_TEST

/* Our own failure is a 5xx, whoever may be asked; and then it goes on. */
START_TEST(key_that_cannot_be_stored_is_a_failure)
{
	static const char *const paths[] = { KEYS, KEYS "/self/rotate" };
	static const char *const bodies[] = { "{\"scopes\":[\"save\"]}", "{}" };
	struct unit_vault vault;
	struct call *call = &vault.house.call;
	struct http *http;
	size_t i;

	unit_vault_begin(&vault);
	for (i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		unit_sql("CREATE TRIGGER refuses BEFORE INSERT ON audit "
		    "BEGIN SELECT RAISE(ABORT, 'no'); END");
		http = unit_ask(&vault.house, bodies[i]);
		http->path = paths[i];
		unit_serve(call);
		ck_assert_msg(call->reply.status == 500, "%s: %d %s", paths[i],
		    call->reply.status, buf_text(&call->reply.body));
		ck_assert_uint_gt(call->reply.body.len, 0);
		unit_sql("DROP TRIGGER refuses");
		unit_serve(call);
		ck_assert_int_eq(call->reply.status, 200);
	}
	unit_vault_end(&vault);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		every_request_leaves_nothing_behind,
		key_that_cannot_be_stored_is_a_failure,
	};

	return (unit_main("routes", tests, sizeof tests / sizeof tests[0]));
}
