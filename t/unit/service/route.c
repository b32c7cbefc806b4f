/* Tables of routes: which line a request finds, and what Allow tells. */
#include "config.h"

#include "service/route.h"
#include "unit/unit.h"

/* A table of the test's own; the paths as they stand come first. */
static const struct route things[] = {
	{ .method = "POST", .path = "/api/things/save" },
	{ .method = "DELETE", .path = "/api/things" },
	{ .method = "POST", .path = "/api/things" },
	{ .method = "GET", .path = "/api/things" },
	{ .method = "PATCH", .path = "/api/things" },
	{ .method = "GET", .path = "/plain" },
	{ .method = "PATCH", .path = "/api/things/{thing_id}" },
	{ .method = "GET", .path = "/api/things/{thing_id}" },
	{ .method = "GET", .path = "/api/things/{thing_id}/parts" },
	{ .method = "POST", .path = "/api/things/{thing_id}/parts/sealed" },
	{ .method = "GET", .path = "/counted", .traits = ROUTE_NO_HEAD },
};

static struct route_match
match(const char *method, const char *path)
{
	struct route_match m;

	route_match(&m, things, sizeof things / sizeof things[0], method,
	    path);
	return (m);
}

/* The request finds that line of the table, and this parameter. */
static void
finds(const char *method, const char *path, size_t line, const char *param)
{
	struct route_match m = match(method, path);

	ck_assert_msg(m.route == &things[line], "%s %s: %td", method, path,
	    m.route - things);
	ck_assert_str_eq(m.allow, "");
	if (param == NULL)
		return;
	ck_assert_ptr_nonnull(m.param);
	ck_assert_uint_eq(m.param_len, strlen(param));
	ck_assert_mem_eq(m.param, param, m.param_len);
}

static void
allows(const char *method, const char *path, const char *allow)
{
	struct route_match m = match(method, path);

	ck_assert_ptr_null(m.route);
	ck_assert_msg(strcmp(m.allow, allow) == 0, "%s %s: %s", method, path,
	    m.allow);
}

static void
is_unknown(const char *path)
{
	allows("GET", path, "");
}

START_TEST(path_is_found_by_its_method)
{
	finds("POST", "/api/things/save", 0, NULL);
	finds("DELETE", "/api/things", 1, NULL);
	finds("POST", "/api/things", 2, NULL);
	finds("GET", "/api/things", 3, NULL);
	finds("GET", "/plain", 5, NULL);
}
END_TEST

START_TEST(parameter_is_one_segment)
{
	finds("GET", "/api/things/7", 7, "7");
	finds("GET", "/api/things/a.b-c%7B", 7, "a.b-c%7B");
	finds("GET", "/api/things/{thing_id}", 7, "{thing_id}");
	finds("GET", "/api/things/savex", 7, "savex");
	finds("GET", "/api/things/sav", 7, "sav");
	finds("GET", "/api/things/x/parts", 8, "x");
	finds("POST", "/api/things/parts/parts/sealed", 9, "parts");
	is_unknown("/api/things/x/part");
	is_unknown("/api/things/x/partss");
	is_unknown("/api/things/x/y/parts");
	is_unknown("/api/things/x/parts/sealed/y");
}
END_TEST

START_TEST(parameter_is_not_empty)
{
	is_unknown("/api/things//");
	is_unknown("/api/things//parts");
	is_unknown("/api/things//parts/");
}
END_TEST

START_TEST(path_as_it_stands_is_no_parameter)
{
	allows("GET", "/api/things/save", "POST");
	allows("PATCH", "/api/things/save/", "POST");
}
END_TEST

START_TEST(one_slash_more_is_the_same_below_api)
{
	finds("POST", "/api/things/save/", 0, NULL);
	finds("GET", "/api/things/", 3, NULL);
	finds("GET", "/api/things/7/", 7, "7");
	finds("GET", "/api/things/7/parts/", 8, "7");
	is_unknown("/api/things/save//");
	is_unknown("/api/things//");
	is_unknown("/api/things/7//");
	is_unknown("/api/things/7/parts//");
	is_unknown("/plain/");
	is_unknown("/plain//");
	is_unknown("//plain");
	is_unknown("//api/things");
	is_unknown("/api//things");
}
END_TEST

START_TEST(other_paths_are_unknown)
{
	is_unknown("");
	is_unknown("/");
	is_unknown("/api");
	is_unknown("/api/");
	is_unknown("/api//");
	is_unknown("/plai");
	is_unknown("/plainx");
	is_unknown("/Plain");
	is_unknown("/api/thing");
	is_unknown("/api/thingsx/7");
}
END_TEST

START_TEST(head_is_where_get_is)
{
	finds("HEAD", "/plain", 5, NULL);
	finds("HEAD", "/api/things/7", 7, "7");
	allows("HEAD", "/api/things/save", "POST");
}
END_TEST

START_TEST(head_is_not_where_it_is_refused)
{
	finds("GET", "/counted", 10, NULL);
	allows("HEAD", "/counted", "GET");
	allows("PUT", "/counted", "GET");
}
END_TEST

START_TEST(allow_has_all_methods_of_the_path_in_one_order)
{
	allows("PUT", "/api/things", "GET, HEAD, POST, PATCH, DELETE");
	allows("OPTIONS", "/api/things/", "GET, HEAD, POST, PATCH, DELETE");
	allows("DELETE", "/api/things/7", "GET, HEAD, PATCH");
	allows("POST", "/api/things/7/parts", "GET, HEAD");
	allows("GET", "/api/things/7/parts/sealed", "POST");
	allows("", "/plain", "GET, HEAD");
}
END_TEST

START_TEST(methods_have_their_case)
{
	allows("get", "/plain", "GET, HEAD");
	allows("Head", "/plain", "GET, HEAD");
}
END_TEST

/* A request to the service itself. */
static const struct route *
ask(const char *method, const char *path, struct reply *reply)
{
	struct http http = { .method = method, .path = path };
	struct route_match match;

	reply_reset(reply);
	route_find(&match, &http, reply);
	return (match.route);
}

START_TEST(failures_have_the_words_of_their_route)
{
	struct reply reply;

	reply_init(&reply, 4096);
	ck_assert_ptr_nonnull(ask("POST", "/api/v2/integrations/save",
	    &reply));
	ck_assert_str_eq(reply.failure, "Failed to save integration");
	ck_assert_ptr_nonnull(ask("GET", "/healthz", &reply));
	ck_assert_ptr_null(reply.failure);
	reply_fini(&reply);
}
END_TEST

START_TEST(what_is_not_found_is_answered)
{
	struct reply reply;

	reply_init(&reply, 4096);
	ck_assert_ptr_null(ask("POST", "/none", &reply));
	ck_assert_int_eq(reply.status, 404);
	ck_assert_str_eq(reply.headers, "");
	ck_assert_ptr_null(ask("DELETE", "/healthz", &reply));
	ck_assert_int_eq(reply.status, 405);
	ck_assert_str_eq(reply.headers, "Allow: GET, HEAD\r\n");
	reply_fini(&reply);
}
END_TEST

/* A POST with these lines of X-HTTP-Method-Override; the method it becomes. */
static const char *
stands_for(const char *path, const char *line, size_t count)
{
	struct http http = { .method = "POST", .path = path,
	    .method_override = { .line = { line, line }, .count = count } };
	struct route_match match;
	struct reply reply;

	reply_init(&reply, 4096);
	route_find(&match, &http, &reply);
	if (match.route == NULL)
		ck_assert_int_eq(reply.status, 405);
	reply_fini(&reply);
	return (match.route == NULL ? NULL : http.method);
}

START_TEST(post_stands_for_patch_or_delete_by_a_header)
{
	static const char path[] = "/api/v2/integrations/x";

	ck_assert_str_eq(stands_for(path, "PATCH", 1), "PATCH");
	ck_assert_str_eq(stands_for(path, "\t DELETE ", 1), "DELETE");
	ck_assert_ptr_null(stands_for(path, "patch", 1));
	ck_assert_ptr_null(stands_for(path, "PATCHES", 1));
	ck_assert_ptr_null(stands_for(path, "PUT", 1));
	ck_assert_ptr_null(stands_for(path, "GET", 1));
	ck_assert_ptr_null(stands_for(path, "", 1));
	ck_assert_ptr_null(stands_for(path, "PATCH", 2));
	ck_assert_ptr_null(stands_for("/api/v2/integrations/save", "PATCH",
	    1));
	ck_assert_str_eq(stands_for("/api/v2/integrations/save", "", 0),
	    "POST");
}
END_TEST

START_TEST(header_on_another_method_is_405)
{
	struct http http = { .method = "GET", .path = "/healthz",
	    .method_override = { .line = { "PATCH" }, .count = 1 } };
	struct route_match match;
	struct reply reply;

	reply_init(&reply, 4096);
	route_find(&match, &http, &reply);
	ck_assert_ptr_null(match.route);
	ck_assert_int_eq(reply.status, 405);
	reply_fini(&reply);
}
END_TEST

START_TEST(what_a_patch_takes_is_told_where_there_is_one)
{
	struct reply reply;

	reply_init(&reply, 4096);
	ck_assert_ptr_null(ask("PUT", "/api/v2/integrations/x", &reply));
	ck_assert_str_eq(reply.headers, "Allow: GET, HEAD, PATCH, DELETE\r\n"
	    "Accept-Patch: application/merge-patch+json\r\n");
	ck_assert_ptr_null(ask("PATCH", "/api/v2/integrations/save", &reply));
	ck_assert_str_eq(reply.headers, "Allow: POST\r\n");
	reply_fini(&reply);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		path_is_found_by_its_method,
		parameter_is_one_segment,
		parameter_is_not_empty,
		path_as_it_stands_is_no_parameter,
		one_slash_more_is_the_same_below_api,
		other_paths_are_unknown,
		head_is_where_get_is,
		head_is_not_where_it_is_refused,
		allow_has_all_methods_of_the_path_in_one_order,
		methods_have_their_case,
		failures_have_the_words_of_their_route,
		what_is_not_found_is_answered,
		post_stands_for_patch_or_delete_by_a_header,
		header_on_another_method_is_405,
		what_a_patch_takes_is_told_where_there_is_one,
	};

	return (unit_main("route", tests, sizeof tests / sizeof tests[0]));
}
