/* Every answer, to the byte. */
#include "config.h"

#include "service/reply.h"
#include "unit_json.h"

enum { ROOM = 65536 };

START_TEST(detail_is_told)
{
	struct reply reply;

	reply_init(&reply, ROOM);
	reply_detail(&reply, 401, "API key is required",
	    "WWW-Authenticate: ApiKey");
	ck_assert_int_eq(reply.status, 401);
	ck_assert_str_eq(reply.header, "WWW-Authenticate: ApiKey");
	unit_holds(&reply.body, "{\"detail\":\"API key is required\"}");
	reply_fini(&reply);
}
END_TEST

START_TEST(faults_are_422)
{
	struct faults faults = { 0 };
	struct reply reply;

	reply_init(&reply, ROOM);
	faults_add(&faults, (struct fault){ .kind = FAULT_MISSING,
	    .index = -1 });
	reply_faults(&reply, &faults);
	ck_assert_int_eq(reply.status, 422);
	ck_assert_ptr_null(reply.header);
	unit_holds(&reply.body, "{\"detail\":[{\"loc\":[\"body\"],"
	    "\"msg\":\"field required\",\"type\":\"value_error.missing\"}]}");
	faults_fini(&faults);
	reply_fini(&reply);
}
END_TEST

START_TEST(integration_is_told_in_order_without_its_secrets)
{
	const struct integration row = {
		.integration_id = "018d0cd5-1234-7abc-8def-0123456789ab",
		.created_by = "user@example.com",
		.unique_identifier = "jira-1",
		.name = "A \"name\"\n\xc3\xa9",
		.integration_type = "jira",
		.status = "pending",
		.active = true,
		.has_scope_data = true,
		.created_at = "2024-01-15T10:30:00.000000",
		.updated_at = "2025-01-15T10:30:00.000000",
		.metadata = "{\"tags\":[]}",
		.scope_data = "{\"org_slug\":\"acme\"}",
		.auth_data = "box",
		.auth_data_len = 3,
	};
	struct reply reply;

	reply_init(&reply, ROOM);
	reply_integration(&reply, &row);
	ck_assert_int_eq(reply.status, 200);
	unit_holds(&reply.body, "{\"success\":true,\"data\":{"
	    "\"integration_id\":\"018d0cd5-1234-7abc-8def-0123456789ab\","
	    "\"name\":\"A \\\"name\\\"\\n\xc3\xa9\","
	    "\"integration_type\":\"jira\",\"status\":\"pending\","
	    "\"active\":true,\"unique_identifier\":\"jira-1\","
	    "\"created_by\":\"user@example.com\","
	    "\"created_at\":\"2024-01-15T10:30:00.000000\","
	    "\"has_auth_data\":false,\"has_scope_data\":true,"
	    "\"metadata\":{\"tags\":[]}},\"error\":null}");
	reply_fini(&reply);
}
END_TEST

START_TEST(failure_is_told_in_the_envelope)
{
	struct reply reply;

	reply_init(&reply, ROOM);
	reply_failure(&reply, 500, "Internal error");
	ck_assert_int_eq(reply.status, 500);
	ck_assert_ptr_null(reply.header);
	unit_holds(&reply.body, "{\"success\":false,\"data\":null,\"error\":"
	    "\"Failed to save integration: Internal error\"}");
	reply_fini(&reply);
}
END_TEST

START_TEST(busy_says_when_to_come_again)
{
	struct reply reply;

	reply_init(&reply, ROOM);
	reply_failure(&reply, 503, "Database is busy");
	ck_assert_int_eq(reply.status, 503);
	ck_assert_str_eq(reply.header, "Retry-After: 1");
	reply_fini(&reply);
}
END_TEST

START_TEST(conflict_names_the_type_that_is_there)
{
	struct reply reply;

	reply_init(&reply, ROOM);
	reply_conflict(&reply, "github");
	ck_assert_int_eq(reply.status, 409);
	unit_holds(&reply.body, "{\"success\":false,\"data\":null,\"error\":"
	    "\"Failed to save integration: unique_identifier already "
	    "belongs to a github integration\"}");
	reply_fini(&reply);
}
END_TEST

START_TEST(later_answer_replaces_the_earlier)
{
	struct reply reply;

	reply_init(&reply, ROOM);
	reply_detail(&reply, 401, "Invalid API key", "WWW-Authenticate: x");
	reply_json(&reply, 200, "{}");
	ck_assert_int_eq(reply.status, 200);
	ck_assert_ptr_null(reply.header);
	unit_holds(&reply.body, "{}");
	reply_fini(&reply);
}
END_TEST

START_TEST(short_answer_replaces_one_that_found_no_room)
{
	struct reply reply;

	reply_init(&reply, 100);
	reply_json(&reply, 200, "0123456789" "0123456789" "0123456789"
	    "0123456789" "0123456789" "0123456789" "0123456789" "0123456789"
	    "0123456789" "0123456789" "0");
	ck_assert(reply.body.failed);
	reply_failure(&reply, 500, "Internal error");
	ck_assert(!reply.body.failed);
	ck_assert_int_eq(reply.status, 500);
	reply_fini(&reply);
}
END_TEST

START_TEST(answer_not_made_is_500)
{
	struct reply reply;

	reply_init(&reply, ROOM);
	ck_assert_int_eq(reply.status, 500);
	reply_detail(&reply, 404, "Not Found", "X: y");
	reply_reset(&reply);
	ck_assert_int_eq(reply.status, 500);
	ck_assert_ptr_null(reply.header);
	ck_assert_uint_eq(reply.body.len, 0);
	reply_fini(&reply);
}
END_TEST

#define HEADERS "Content-Type: application/json\r\n" \
	"Cache-Control: no-store\r\nX-Request-Id: the-id\r\n"

START_TEST(answer_is_written_as_a_cgi_response)
{
	struct reply reply;
	struct buf out;

	buf_init(&out, ROOM);
	reply_init(&reply, ROOM);
	reply_json(&reply, 200, "{\"a\":1}");
	reply_write(&reply, "the-id", false, &out);
	unit_holds(&out, "Status: 200 OK\r\n" HEADERS
	    "Content-Length: 7\r\n\r\n{\"a\":1}");
	reply_detail(&reply, 405, "Method Not Allowed", "Allow: POST");
	reply_write(&reply, "the-id", false, &out);
	unit_holds(&out, "Status: 405 Method Not Allowed\r\n" HEADERS
	    "Allow: POST\r\nContent-Length: 31\r\n\r\n"
	    "{\"detail\":\"Method Not Allowed\"}");
	reply_fini(&reply);
	buf_fini(&out);
}
END_TEST

START_TEST(head_gets_the_length_but_no_body)
{
	struct reply reply;
	struct buf out;

	buf_init(&out, ROOM);
	reply_init(&reply, ROOM);
	reply_json(&reply, 404, "{\"a\":1}");
	reply_write(&reply, "the-id", true, &out);
	unit_holds(&out, "Status: 404 Not Found\r\n" HEADERS
	    "Content-Length: 7\r\n\r\n");
	reply_fini(&reply);
	buf_fini(&out);
}
END_TEST

START_TEST(failure_needs_no_memory)
{
	static const char body[] = "{\"success\":false,\"data\":null,"
	    "\"error\":\"Failed to save integration: Internal error\"}";
	char out[REPLY_FAILURE_MAX], expected[REPLY_FAILURE_MAX];

	snprintf(expected, sizeof expected,
	    "Status: 500 Internal Server Error\r\n" HEADERS
	    "Content-Length: %zu\r\n\r\n", strlen(body));
	ck_assert_uint_eq(reply_write_failure(out, "the-id", true),
	    strlen(expected));
	ck_assert_str_eq(out, expected);
	strcat(expected, body);
	ck_assert_uint_eq(reply_write_failure(out, "the-id", false),
	    strlen(expected));
	ck_assert_str_eq(out, expected);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		detail_is_told,
		faults_are_422,
		integration_is_told_in_order_without_its_secrets,
		failure_is_told_in_the_envelope,
		busy_says_when_to_come_again,
		conflict_names_the_type_that_is_there,
		later_answer_replaces_the_earlier,
		short_answer_replaces_one_that_found_no_room,
		answer_not_made_is_500,
		answer_is_written_as_a_cgi_response,
		head_gets_the_length_but_no_body,
		failure_needs_no_memory,
	};

	return (unit_main("reply", tests, sizeof tests / sizeof tests[0]));
}
