/* The straight line of a request: the order of checks, opening, resetting. */
#include "config.h"

#include <sys/stat.h>

#include "unit_app.h"

/* A request with everything wrong is mended, check after check. */
START_TEST(first_check_that_fails_answers)
{
	struct unit_house house;
	struct http *http;

	unit_begin(&house);
	http = unit_ask(&house, "{");
	http->path = "/api/v2/integrations/save//";
	http->method = "PUT";
	http->api_key = "";
	http->api_keys = 0;
	http->is_too_large = http->is_cut = true;
	http->content_length = "x";
	http->content_type = "text/plain";
	unit_answers(&house, 404, UNIT_DETAIL("Not Found"));
	http->path = unit_save_path;
	unit_answers(&house, 405, UNIT_DETAIL("Method Not Allowed"));
	ck_assert_str_eq(house.call.reply.header, "Allow: POST");
	http->method = "POST";
	unit_answers(&house, 401, UNIT_DETAIL("API key is required"));
	ck_assert_str_eq(house.call.reply.header, "WWW-Authenticate: ApiKey");
	http->api_key = "no-key-of-this-service";
	http->api_keys = 1;
	unit_answers(&house, 401, UNIT_DETAIL("Invalid API key"));
	ck_assert_str_eq(house.call.reply.header, "WWW-Authenticate: ApiKey");
	http->api_key = house.key;
	unit_answers(&house, 413, UNIT_DETAIL("Request body too large"));
	http->is_too_large = false;
	unit_answers(&house, 400, UNIT_DETAIL("Bad Request"));
	http->is_cut = false;
	unit_answers(&house, 400, UNIT_DETAIL("Bad Request"));
	http->content_length = "1";
	unit_answers(&house, 422, UNIT_NO_DICT);
	http = unit_ask(&house, "{");
	unit_answers(&house, 422, UNIT_FAULT(",1", "Expecting property "
	    "name enclosed in double quotes", "value_error.jsondecode"));
	(void)unit_ask(&house, "{\"integration_type\":\"jira\"}");
	unit_answers(&house, 422, UNIT_MISSING(",\"name\""));
	ck_assert_uint_eq(unit_rows(), 0);
	unit_end(&house);
}
END_TEST

START_TEST(both_spellings_of_the_path_save)
{
	struct unit_house house;

	unit_begin(&house);
	(void)unit_ask(&house, UNIT_GOOD);
	app_serve(&house.call);
	ck_assert_int_eq(house.call.reply.status, 200);
	unit_ask(&house, UNIT_GOOD)->path = "/api/v2/integrations/save/";
	app_serve(&house.call);
	ck_assert_int_eq(house.call.reply.status, 200);
	ck_assert_uint_eq(unit_rows(), 1);
	unit_end(&house);
}
END_TEST

START_TEST(health_needs_no_key)
{
	struct unit_house house;
	struct http *http;

	unit_begin(&house);
	http = unit_ask(&house, "");
	http->path = "/healthz";
	http->api_key = "";
	unit_answers(&house, 405, UNIT_DETAIL("Method Not Allowed"));
	ck_assert_str_eq(house.call.reply.header, "Allow: GET");
	http->method = "GET";
	unit_answers(&house, 200, "{\"status\":\"ok\"}");
	unit_end(&house);
}
END_TEST

START_TEST(health_tells_that_the_database_is_away)
{
	struct unit_house house;
	struct http *http;

	unit_begin(&house);
	house.app.store.path = "none.db";
	http = unit_ask(&house, "");
	http->path = "/healthz";
	http->method = "GET";
	unit_answers(&house, 503, "{\"status\":\"unavailable\","
	    "\"reason\":\"database\"}");
	unit_end(&house);
}
END_TEST

START_TEST(keys_inside_the_document_root_are_served_by_nobody)
{
	struct unit_house house;

	unit_begin(&house);
	ck_assert_int_eq(mkdir("www", 0700), 0);
	unit_ask(&house, UNIT_GOOD)->document_root = ".";
	unit_answers(&house, 500, UNIT_FAILURE("Internal error"));
	unit_ask(&house, UNIT_GOOD)->document_root = "/";
	unit_answers(&house, 500, UNIT_FAILURE("Internal error"));
	unit_has(unit_log(), "document root contains the key file or the "
	    "database");
	unit_ask(&house, UNIT_GOOD)->document_root = "www";
	app_serve(&house.call);
	ck_assert_int_eq(house.call.reply.status, 200);
	unit_end(&house);
}
END_TEST

START_TEST(reset_leaves_nothing_of_a_request)
{
	struct unit_house house;
	struct call *call = &house.call;
	const struct store_found_key none = { 0 };

	unit_begin(&house);
	(void)unit_ask(&house, UNIT_GOOD);
	app_serve(call);
	call_reset(call);
	ck_assert_uint_eq(call->http.body.len, 0);
	unit_lacks(call->http.body.data, call->http.body.cap, "canary");
	ck_assert_str_eq(call->http.api_key, "");
	ck_assert_str_eq(call->http.path, "");
	ck_assert_uint_eq(call->reply.body.len, 0);
	unit_lacks(call->reply.body.data, call->reply.body.cap, "jira");
	ck_assert_int_eq(call->reply.status, 500);
	ck_assert_uint_eq(call->faults.count, 0);
	ck_assert_mem_eq(&call->key, &none, sizeof none);
	ck_assert_str_eq(call->request_id, "");
	unit_end(&house);
}
END_TEST

/* Opening fails with that reason, and can be closed all the same. */
static void
does_not_open(enum app_rc expected)
{
	struct conf conf = unit_conf();
	struct app app;

	ck_assert_int_eq(app_open(&app, &conf), expected);
	app_close(&app);
}

START_TEST(what_is_missing_or_does_not_fit_is_told_apart)
{
	ck_assert_int_eq(secret_init(), 0);
	does_not_open(APP_KEY_FILE);
	keyring_free(unit_create());
	ck_assert_int_eq(rename(unit_database, "away.db"), 0);
	does_not_open(APP_DATABASE);
	ck_assert_int_eq(rename("away.db", unit_database), 0);
	ck_assert_int_eq(rename(unit_key_file, "away.key"), 0);
	keyring_free(unit_keyring(unit_key_file));
	does_not_open(APP_MISMATCH);
	unit_has(unit_log(), "is not the one that database");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		first_check_that_fails_answers,
		both_spellings_of_the_path_save,
		health_needs_no_key,
		health_tells_that_the_database_is_away,
		keys_inside_the_document_root_are_served_by_nobody,
		reset_leaves_nothing_of_a_request,
		what_is_missing_or_does_not_fit_is_told_apart,
	};

	return (unit_main("app", tests, sizeof tests / sizeof tests[0]));
}
