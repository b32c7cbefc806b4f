/* Every answer, to the byte. */
#include "config.h"

#include "ground/scope.h"
#include "service/reply.h"
#include "unit/unit_json.h"

enum { ROOM = 65536 };

START_TEST(detail_is_told)
{
	struct reply reply;

	reply_init(&reply, ROOM);
	reply_detail(&reply, 401, "API key is required");
	ck_assert_int_eq(reply.status, 401);
	ck_assert_str_eq(reply.headers, "");
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
	ck_assert_str_eq(reply.headers, "");
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

/* An answer on a route whose failures begin so. */
static void
begin(struct reply *reply, const char *failure)
{
	reply_init(reply, ROOM);
	reply->failure = failure;
}

/* What a key of those scopes sees of pieces that were kept. */
static void
shows(const char *pieces, unsigned scopes, const char *more,
    const char *expected)
{
	struct reply reply;

	reply_init(&reply, ROOM);
	reply_pieces(&reply, pieces, scopes, more);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(reply.headers, "");
	unit_holds(&reply.body, expected);
	reply_fini(&reply);
}

static const struct integration whole = {
	.integration_id = "i", .name = "n", .integration_type = "jira",
	.status = "active", .unique_identifier = "u", .created_by = "c",
	.created_at = "2024-01-15T10:30:00.000000",
	.updated_at = "2024-01-15T10:30:00.000000", .revision = 3,
	.metadata = "{}", .scope_data = "{ \"a\" : 1 }"
};
#define SAVED "\"integration_id\":\"i\",\"name\":\"n\"," \
	"\"integration_type\":\"jira\",\"status\":\"active\"," \
	"\"active\":false,\"unique_identifier\":\"u\",\"created_by\":\"c\"," \
	"\"created_at\":\"2024-01-15T10:30:00.000000\"," \
	"\"has_auth_data\":false,\"has_scope_data\":false,\"metadata\":{}"
#define ITEM SAVED ",\"updated_at\":\"2024-01-15T10:30:00.000000\"," \
	"\"revision\":3,\"token_state\":\"unknown\",\"expires_at\":null"
#define READ(fingerprint) ITEM ",\"scope_data\":{ \"a\" : 1 }," \
	"\"auth\":{\"has_auth_data\":false,\"fingerprint\":" fingerprint "," \
	"\"last_revealed_at\":null,\"reveal_count\":4," \
	"\"refresh_lease_until\":null}"
#define AROUND(members) "{\"success\":true,\"data\":{" members \
	"},\"error\":null}"

START_TEST(pieces_are_what_reading_answers_as_far_as_a_key_may_see)
{
	const struct store_use use = { .reveal_count = 4 };
	struct reply reply;
	struct buf out;

	buf_init(&out, ROOM);
	reply_put_pieces(&out, &whole, &use, "0123", 7);
	shows(buf_text(&out), SCOPE_READ | SCOPE_VERIFY, NULL,
	    AROUND(READ("\"0123\"")));
	shows(buf_text(&out), SCOPE_READ | SCOPE_REVEAL, NULL,
	    AROUND(READ("\"0123\"")));
	shows(buf_text(&out), SCOPE_READ | SCOPE_SAVE, NULL,
	    AROUND(READ("null")));
	shows(buf_text(&out), SCOPE_SAVE | SCOPE_VERIFY, NULL, AROUND(ITEM));
	shows(buf_text(&out), SCOPE_SAVE, ",\"deleted\":true",
	    AROUND(ITEM ",\"deleted\":true"));
	shows(buf_text(&out), SCOPE_READ, ",\"deleted\":true",
	    AROUND(READ("null") ",\"deleted\":true"));
	reply_init(&reply, ROOM);
	reply_read(&reply, &whole, &use, "0123", 7);
	unit_holds(&reply.body, AROUND(READ("\"0123\"")));
	reply_fini(&reply);
	buf_fini(&out);
}
END_TEST

START_TEST(answer_of_a_save_is_one_piece)
{
	struct buf out;

	buf_init(&out, ROOM);
	reply_put_saved(&out, &whole);
	shows(buf_text(&out), SCOPE_SAVE, NULL, AROUND(SAVED));
	shows(buf_text(&out), SCOPE_SAVE | SCOPE_READ, NULL, AROUND(SAVED));
	buf_fini(&out);
}
END_TEST

START_TEST(lease_is_told_and_who_has_none)
{
	struct reply reply;

	reply_init(&reply, ROOM);
	reply_lease(&reply, "l", "2024-01-15T10:30:00.000000", 7);
	ck_assert_int_eq(reply.status, 200);
	unit_holds(&reply.body, AROUND("\"lease_id\":\"l\",\"expires_at\":"
	    "\"2024-01-15T10:30:00.000000\",\"revision\":7"));
	reply_lease(&reply, NULL, "", 7);
	unit_holds(&reply.body, AROUND("\"revision\":7"));
	reply_held(&reply, 42, "2024-01-15T10:30:00.000000");
	ck_assert_int_eq(reply.status, 409);
	ck_assert_str_eq(reply.headers, "Retry-After: 42\r\n");
	unit_holds(&reply.body, "{\"success\":false,\"data\":{"
	    "\"retry_after\":42,\"expires_at\":"
	    "\"2024-01-15T10:30:00.000000\"},\"error\":"
	    "\"Refresh lease is held\"}");
	reply.failure = "Failed to lease integration";
	reply_error(&reply, 409, "Refresh lease is lost");
	ck_assert_int_eq(reply.status, 409);
	unit_holds(&reply.body, "{\"success\":false,\"data\":null,"
	    "\"error\":\"Refresh lease is lost\"}");
	reply_fini(&reply);
}
END_TEST

START_TEST(failure_is_told_in_the_envelope)
{
	struct reply reply;

	begin(&reply, "Failed to try this");
	reply_failure(&reply, 500, "Internal error");
	ck_assert_int_eq(reply.status, 500);
	ck_assert_str_eq(reply.headers, "");
	unit_holds(&reply.body, "{\"success\":false,\"data\":null,\"error\":"
	    "\"Failed to try this: Internal error\"}");
	reply_fini(&reply);
}
END_TEST

START_TEST(failure_without_words_is_plain)
{
	struct reply reply;

	begin(&reply, NULL);
	reply_failure(&reply, 500, "Internal error");
	ck_assert_int_eq(reply.status, 500);
	unit_holds(&reply.body, "{\"detail\":\"Internal Server Error\"}");
	reply_fini(&reply);
}
END_TEST

START_TEST(busy_says_when_to_come_again)
{
	struct reply reply;

	begin(&reply, "Failed to try this");
	reply_failure(&reply, 503, "Database is busy");
	ck_assert_int_eq(reply.status, 503);
	ck_assert_str_eq(reply.headers, "Retry-After: 1\r\n");
	reply_fini(&reply);
}
END_TEST

START_TEST(conflict_names_the_type_that_is_there)
{
	struct reply reply;

	begin(&reply, "Failed to save integration");
	reply_conflict(&reply, "github");
	ck_assert_int_eq(reply.status, 409);
	unit_holds(&reply.body, "{\"success\":false,\"data\":null,\"error\":"
	    "\"Failed to save integration: unique_identifier already "
	    "belongs to a github integration\"}");
	reply_fini(&reply);
}
END_TEST

START_TEST(what_is_answered_does_not_change_what_failed)
{
	struct reply reply;

	begin(&reply, "Failed to try this");
	reply_json(&reply, 200, "{}");
	reply_failure(&reply, 507, "Database is full");
	unit_holds(&reply.body, "{\"success\":false,\"data\":null,\"error\":"
	    "\"Failed to try this: Database is full\"}");
	reply_fini(&reply);
}
END_TEST

START_TEST(later_answer_replaces_the_earlier)
{
	struct reply reply;

	reply_init(&reply, ROOM);
	reply_detail(&reply, 401, "Invalid API key");
	reply_header(&reply, "WWW-Authenticate", "x");
	reply_json(&reply, 200, "{}");
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(reply.headers, "");
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
	reply_detail(&reply, 404, "Not Found");
	reply_header(&reply, "X", "y");
	reply.failure = "Failed to try";
	reply_reset(&reply);
	ck_assert_int_eq(reply.status, 500);
	ck_assert_ptr_null(reply.failure);
	ck_assert_str_eq(reply.headers, "");
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
	reply_detail(&reply, 405, "Method Not Allowed");
	reply_header(&reply, "Allow", "POST");
	reply_header(&reply, "X-Other", "x");
	reply_write(&reply, "the-id", false, &out);
	unit_holds(&out, "Status: 405 Method Not Allowed\r\n" HEADERS
	    "Allow: POST\r\nX-Other: x\r\nContent-Length: 31\r\n\r\n"
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

/* The last resort of an answer on a route whose failures begin so. */
static void
needs_no_memory(const char *failure, const char *body)
{
	char out[REPLY_FAILURE_MAX], expected[REPLY_FAILURE_MAX];
	const struct reply reply = { .failure = failure };

	snprintf(expected, sizeof expected,
	    "Status: 500 Internal Server Error\r\n" HEADERS
	    "Content-Length: %zu\r\n\r\n", strlen(body));
	ck_assert_uint_eq(reply_write_failure(&reply, "the-id", true, out),
	    strlen(expected));
	ck_assert_str_eq(out, expected);
	strcat(expected, body);
	ck_assert_uint_eq(reply_write_failure(&reply, "the-id", false, out),
	    strlen(expected));
	ck_assert_str_eq(out, expected);
}

START_TEST(failure_needs_no_memory)
{
	needs_no_memory("Failed to save integration",
	    "{\"success\":false,\"data\":null,"
	    "\"error\":\"Failed to save integration: Internal error\"}");
	needs_no_memory(NULL, "{\"detail\":\"Internal Server Error\"}");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		detail_is_told,
		faults_are_422,
		integration_is_told_in_order_without_its_secrets,
		pieces_are_what_reading_answers_as_far_as_a_key_may_see,
		answer_of_a_save_is_one_piece,
		lease_is_told_and_who_has_none,
		failure_is_told_in_the_envelope,
		failure_without_words_is_plain,
		busy_says_when_to_come_again,
		conflict_names_the_type_that_is_there,
		what_is_answered_does_not_change_what_failed,
		later_answer_replaces_the_earlier,
		short_answer_replaces_one_that_found_no_room,
		answer_not_made_is_500,
		answer_is_written_as_a_cgi_response,
		head_gets_the_length_but_no_body,
		failure_needs_no_memory,
	};

	return (unit_main("reply", tests, sizeof tests / sizeof tests[0]));
}
