/* A request as CGI/1.1 hands it over, and the body's verdict. */
#include "config.h"

#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

#include "service/http.h"
#include "unit/unit.h"

enum { MAX_BODY = 1024 };

static void
reads(struct http *http, const char *const *variables)
{
	http_init(http, MAX_BODY);
	http_read_variables(http, (char *const *)(uintptr_t)variables);
}

START_TEST(absent_texts_are_empty)
{
	static const char *const none[] = { NULL };
	struct http http;

	reads(&http, none);
	ck_assert_str_eq(http.method, "");
	ck_assert_str_eq(http.path, "");
	ck_assert_str_eq(http.content_type, "");
	ck_assert_str_eq(http.content_length, "");
	ck_assert_str_eq(http.document_root, "");
	ck_assert_str_eq(http.remote_addr, "");
	ck_assert_str_eq(http.api_key, "");
	ck_assert_uint_eq(http.api_keys, 0);
	http_fini(&http);
}
END_TEST

START_TEST(variables_are_taken)
{
	static const char *const variables[] = { "REQUEST_METHOD=POST",
	    "CONTENT_TYPE=application/json", "CONTENT_LENGTH=12",
	    "DOCUMENT_ROOT=/srv", "REMOTE_ADDR=192.0.2.7",
	    "SCRIPT_NAME=/save", "HTTP_X_API_KEY=k=v",
	    "HTTP_X_API_KEY_2=other", "XREQUEST_METHOD=GET", "CONTENT",
	    "REQUEST_METHOD", NULL };
	struct http http;

	reads(&http, variables);
	ck_assert_str_eq(http.method, "POST");
	ck_assert_str_eq(http.path, "/save");
	ck_assert_str_eq(http.content_type, "application/json");
	ck_assert_str_eq(http.content_length, "12");
	ck_assert_str_eq(http.document_root, "/srv");
	ck_assert_str_eq(http.remote_addr, "192.0.2.7");
	ck_assert_str_eq(http.api_key, "k=v");
	ck_assert_uint_eq(http.api_key_len, 3);
	ck_assert_uint_eq(http.api_keys, 1);
	http_fini(&http);
}
END_TEST

START_TEST(path_is_path_info_unless_that_is_empty)
{
	static const char *const both[] = { "PATH_INFO=/api",
	    "SCRIPT_NAME=/cgi-bin/strongroom", NULL };
	static const char *const empty[] = { "SCRIPT_NAME=/api",
	    "PATH_INFO=", NULL };
	struct http http;

	reads(&http, both);
	ck_assert_str_eq(http.path, "/api");
	http_fini(&http);
	reads(&http, empty);
	ck_assert_str_eq(http.path, "/api");
	http_fini(&http);
}
END_TEST

START_TEST(keys_are_counted)
{
	static const char *const variables[] = { "HTTP_X_API_KEY=a",
	    "HTTP_X_API_KEY=b", NULL };
	struct http http;

	reads(&http, variables);
	ck_assert_uint_eq(http.api_keys, 2);
	http_fini(&http);
}
END_TEST

/* What a key is read as. */
static void
is_key(const char *variable, const char *expected)
{
	const char *const variables[] = { variable, NULL };
	struct http http;

	reads(&http, variables);
	ck_assert_uint_eq(http.api_key_len, strlen(expected));
	ck_assert_mem_eq(http.api_key, expected, http.api_key_len);
	http_fini(&http);
}

START_TEST(blanks_around_a_key_are_none_of_it)
{
	is_key("HTTP_X_API_KEY=k", "k");
	is_key("HTTP_X_API_KEY= \tk\t ", "k");
	is_key("HTTP_X_API_KEY=k \tk ", "k \tk");
	is_key("HTTP_X_API_KEY=\t \t", "");
	is_key("HTTP_X_API_KEY=", "");
	is_key("HTTP_X_API_KEY=\nk\v", "\nk\v");
}
END_TEST

START_TEST(keys_are_wiped_and_nothing_else)
{
	char method[] = "REQUEST_METHOD=POST", key[] = "HTTP_X_API_KEY=secret";
	char again[] = "HTTP_X_API_KEY=other", empty[] = "HTTP_X_API_KEY=";
	char *variables[] = { method, key, again, empty, NULL };

	http_wipe_keys(variables);
	ck_assert_str_eq(method, "REQUEST_METHOD=POST");
	ck_assert_mem_eq(key, "HTTP_X_API_KEY=\0\0\0\0\0\0", sizeof key);
	ck_assert_mem_eq(again, "HTTP_X_API_KEY=\0\0\0\0\0", sizeof again);
}
END_TEST

/* The verdict on a body of 5 bytes that claims that length. */
static void
is_judged(const char *length, int expected)
{
	struct http http;

	http_init(&http, MAX_BODY);
	http.content_length = length;
	http_add_body(&http, "12345", 5);
	ck_assert_msg(http_body_status(&http) == expected, "%s: %d", length,
	    http_body_status(&http));
	http_fini(&http);
}

START_TEST(length_that_is_absent_or_right_is_fine)
{
	is_judged("", 0);
	is_judged("5", 0);
}
END_TEST

START_TEST(length_that_lies_is_400)
{
	is_judged("4", 400);
	is_judged("6", 400);
	is_judged("0", 400);
	is_judged("18446744073709551621", 400);	/* 5 beyond 2^64 */
}
END_TEST

START_TEST(length_that_is_no_plain_number_is_400)
{
	is_judged("+5", 400);
	is_judged("-5", 400);
	is_judged(" 5", 400);
	is_judged("5 ", 400);
	is_judged("0x5", 400);
	is_judged("5, 5", 400);
	is_judged("five", 400);
}
END_TEST

/* The verdict on a good body with these variables. */
static void
is_judged_with(const char *first, const char *second, int expected)
{
	const char *const variables[] = { first, second, NULL };
	struct http http;

	reads(&http, variables);
	http_add_body(&http, "12345", 5);
	ck_assert_msg(http_body_status(&http) == expected, "%s: %d", first,
	    http_body_status(&http));
	http_fini(&http);
}

START_TEST(length_of_minus_one_is_an_absent_one)
{
	static const char *const variables[] = { "CONTENT_LENGTH=-1", NULL };
	struct http http;

	reads(&http, variables);
	ck_assert_str_eq(http.content_length, "");
	http_fini(&http);
	is_judged_with("CONTENT_LENGTH=-1", NULL, 0);
	is_judged_with("CONTENT_LENGTH=-5", NULL, 400);
	is_judged_with("CONTENT_LENGTH=-1 ", NULL, 400);
}
END_TEST

START_TEST(encoding_other_than_identity_is_415)
{
	is_judged_with("HTTP_CONTENT_ENCODING=", NULL, 0);
	is_judged_with("HTTP_CONTENT_ENCODING=identity", NULL, 0);
	is_judged_with("HTTP_CONTENT_ENCODING=\t Identity \t", NULL, 0);
	is_judged_with("HTTP_CONTENT_ENCODING=gzip", NULL, 415);
	is_judged_with("HTTP_CONTENT_ENCODING=identity, gzip", NULL, 415);
	is_judged_with("HTTP_CONTENT_ENCODING=identityx", NULL, 415);
	is_judged_with("HTTP_CONTENT_ENCODING=identit", NULL, 415);
	is_judged_with("HTTP_CONTENT_ENCODING=gzip",
	    "HTTP_CONTENT_ENCODING=identity", 415);
	is_judged_with("HTTP_CONTENT_ENCODING=identity",
	    "HTTP_CONTENT_ENCODING=gzip", 415);
	is_judged_with("HTTP_CONTENT_ENCODING=gzip", "CONTENT_LENGTH=5", 415);
	is_judged_with("HTTP_CONTENT_ENCODING=gzip", "CONTENT_LENGTH=4", 400);
}
END_TEST

START_TEST(too_large_is_413_whatever_else_is_wrong)
{
	struct http http;

	http_init(&http, MAX_BODY);
	http.is_too_large = true;
	http.is_cut = true;
	http.is_encoded = true;
	http.content_length = "x";
	ck_assert_int_eq(http_body_status(&http), 413);
	http_fini(&http);
}
END_TEST

START_TEST(cut_body_is_400)
{
	struct http http;

	http_init(&http, MAX_BODY);
	http.is_cut = true;
	http.is_encoded = true;
	ck_assert_int_eq(http_body_status(&http), 400);
	http_fini(&http);
}
END_TEST

static void
is_media_type(const char *type, bool expected)
{
	struct http http;

	http_init(&http, MAX_BODY);
	http.content_type = type;
	ck_assert_msg(http_is_json(&http) == expected, "%s", type);
	http_fini(&http);
}

START_TEST(json_media_types_are_json)
{
	is_media_type("", true);
	is_media_type("application/json", true);
	is_media_type("Application/JSON", true);
	is_media_type("application/json;charset=utf-8", true);
	is_media_type("application/json ; charset=latin1; q=1", true);
	is_media_type("application/vnd.api+json", true);
	is_media_type("application/VND.API+JSON; a=\"b\"", true);
	is_media_type("application/json;", true);
}
END_TEST

START_TEST(other_media_types_are_not)
{
	is_media_type("text/json", false);
	is_media_type("text/plain", false);
	is_media_type("application/x-www-form-urlencoded", false);
	is_media_type("application/jsonx", false);
	is_media_type("application/json2", false);
	is_media_type("application/xjson", false);
	is_media_type("application/", false);
	is_media_type("application", false);
	is_media_type("json", false);
	is_media_type("multipart/form-data; boundary=application/json", false);
	is_media_type("application/octet-stream; x=application/json", false);
	is_media_type("application/json, text/plain", false);
	is_media_type("application/x/json", false);
}
END_TEST

START_TEST(reset_forgets_the_request_and_wipes_the_body)
{
	static const char *const variables[] = { "REQUEST_METHOD=POST",
	    "PATH_INFO=/api", "HTTP_X_API_KEY=a", "CONTENT_LENGTH=6", NULL };
	struct http http;
	char *body;

	reads(&http, variables);
	http_add_body(&http, "secret", 6);
	http.is_cut = http.is_too_large = http.is_encoded = true;
	body = http.body.data;
	http_reset(&http);
	ck_assert_ptr_eq(http.body.data, body);
	ck_assert_mem_eq(body, "\0\0\0\0\0\0", 6);
	ck_assert_str_eq(http.method, "");
	ck_assert_str_eq(http.api_key, "");
	ck_assert_uint_eq(http.api_key_len, 0);
	ck_assert_uint_eq(http.api_keys, 0);
	ck_assert(!http.is_cut && !http.is_too_large && !http.is_encoded);
	ck_assert_int_eq(http_body_status(&http), 0);
	http_fini(&http);
}
END_TEST

START_TEST(every_status_of_the_contract_has_its_phrase)
{
	ck_assert_str_eq(http_phrase(200), "OK");
	ck_assert_str_eq(http_phrase(400), "Bad Request");
	ck_assert_str_eq(http_phrase(401), "Unauthorized");
	ck_assert_str_eq(http_phrase(404), "Not Found");
	ck_assert_str_eq(http_phrase(405), "Method Not Allowed");
	ck_assert_str_eq(http_phrase(409), "Conflict");
	ck_assert_str_eq(http_phrase(413), "Content Too Large");
	ck_assert_str_eq(http_phrase(415), "Unsupported Media Type");
	ck_assert_str_eq(http_phrase(422), "Unprocessable Entity");
	ck_assert_str_eq(http_phrase(500), "Internal Server Error");
	ck_assert_str_eq(http_phrase(503), "Service Unavailable");
	ck_assert_str_eq(http_phrase(507), "Insufficient Storage");
}
END_TEST

START_TEST(status_without_a_phrase_is_our_mistake)
{
	pid_t pid = fork();
	int how;

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		(void)http_phrase(299);
		_exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(pid, &how, 0), pid);
	ck_assert(WIFSIGNALED(how));
	ck_assert_int_eq(WTERMSIG(how), SIGABRT);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		absent_texts_are_empty,
		variables_are_taken,
		path_is_path_info_unless_that_is_empty,
		keys_are_counted,
		blanks_around_a_key_are_none_of_it,
		keys_are_wiped_and_nothing_else,
		length_that_is_absent_or_right_is_fine,
		length_that_lies_is_400,
		length_that_is_no_plain_number_is_400,
		length_of_minus_one_is_an_absent_one,
		encoding_other_than_identity_is_415,
		too_large_is_413_whatever_else_is_wrong,
		cut_body_is_400,
		json_media_types_are_json,
		other_media_types_are_not,
		reset_forgets_the_request_and_wipes_the_body,
		every_status_of_the_contract_has_its_phrase,
		status_without_a_phrase_is_our_mistake,
	};

	return (unit_main("http", tests, sizeof tests / sizeof tests[0]));
}
