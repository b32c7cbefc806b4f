/* The straight line of a request: the order of checks, opening, resetting. */
#include "config.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "unit/unit_app.h"

/* The time of day, which somebody sets back by an hour whenever it is read. */
static bool is_set_back;

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	static int hours;
	int rc = (int)syscall(SYS_clock_gettime, clock, now);

	if (is_set_back && clock == CLOCK_REALTIME)
		now->tv_sec -= ++hours * 3600L;
	return (rc);
}

START_TEST(duration_is_none_of_the_time_of_day)
{
	struct unit_house house;
	const char *said;

	unit_begin(&house);
	(void)unit_ask(&house, UNIT_GOOD);
	is_set_back = true;
	unit_serve(&house.call);
	is_set_back = false;
	ck_assert_int_eq(house.call.reply.status, 200);
	said = strstr(unit_log(), " duration_us=");
	ck_assert_ptr_nonnull(said);
	ck_assert_int_gt(atol(said + strlen(" duration_us=")), 0);
	ck_assert_int_lt(atol(said + strlen(" duration_us=")), 60000000);
	unit_end(&house);
}
END_TEST

/* A request with everything wrong is mended, check after check. */
START_TEST(first_check_that_fails_answers)
{
	struct unit_house house;
	struct http *http;

	unit_begin(&house);
	http = unit_ask(&house, "{");
	http->path = "/api/v2/integrations/save//";
	http->method = "PUT";
	unit_bear(http, "");
	http->api_keys = 0;
	http->is_too_large = http->is_cut = http->is_encoded = true;
	http->content_length = "x";
	http->content_type = "text/plain";
	unit_answers(&house, 404, UNIT_DETAIL("Not Found"));
	http->path = unit_save_path;
	unit_answers(&house, 405, UNIT_DETAIL("Method Not Allowed"));
	ck_assert_str_eq(house.call.reply.headers, "Allow: POST\r\n");
	http->method = "POST";
	unit_answers(&house, 401, UNIT_DETAIL("API key is required"));
	ck_assert_str_eq(house.call.reply.headers,
	    "WWW-Authenticate: ApiKey\r\n");
	unit_bear(http, "no-key-of-this-service");
	unit_answers(&house, 401, UNIT_DETAIL("Invalid API key"));
	ck_assert_str_eq(house.call.reply.headers,
	    "WWW-Authenticate: ApiKey\r\n");
	unit_bear(http, house.key);
	unit_answers(&house, 413, UNIT_DETAIL("Request body too large"));
	http->is_too_large = false;
	unit_answers(&house, 400, UNIT_DETAIL("Bad Request"));
	http->is_cut = false;
	unit_answers(&house, 400, UNIT_DETAIL("Bad Request"));
	http->content_length = "1";
	unit_answers(&house, 415, UNIT_DETAIL("Unsupported Media Type"));
	ck_assert_str_eq(house.call.reply.headers,
	    "Accept-Encoding: identity\r\n");
	http->is_encoded = false;
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
	unit_serve(&house.call);
	ck_assert_int_eq(house.call.reply.status, 200);
	unit_ask(&house, UNIT_GOOD)->path = "/api/v2/integrations/save/";
	unit_serve(&house.call);
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
	unit_bear(http, "");
	unit_answers(&house, 405, UNIT_DETAIL("Method Not Allowed"));
	ck_assert_str_eq(house.call.reply.headers, "Allow: GET, HEAD\r\n");
	http->method = "GET";
	unit_answers(&house, 200, "{\"status\":\"ok\"}");
	http->method = "HEAD";
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

START_TEST(health_does_not_trust_a_database_that_went_away)
{
	struct unit_house house;
	struct http *http;

	unit_begin(&house);
	http = unit_ask(&house, "");
	http->path = "/healthz";
	http->method = "GET";
	unit_answers(&house, 200, "{\"status\":\"ok\"}");
	ck_assert_ptr_nonnull(house.reader.store);
	ck_assert_int_eq(rename(unit_database, "away.db"), 0);
	unit_answers(&house, 503, "{\"status\":\"unavailable\","
	    "\"reason\":\"database\"}");
	ck_assert_ptr_null(house.reader.store);
	ck_assert_int_eq(rename("away.db", unit_database), 0);
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
	house.call.http.path = "/healthz";
	house.call.http.method = "GET";
	unit_answers(&house, 500, UNIT_DETAIL("Internal Server Error"));
	house.call.http.path = "/x";
	unit_answers(&house, 404, UNIT_DETAIL("Not Found"));
	unit_ask(&house, UNIT_GOOD)->document_root = "/";
	unit_answers(&house, 500, UNIT_FAILURE("Internal error"));
	unit_has(unit_log(), "document root contains the key file or the "
	    "database");
	unit_ask(&house, UNIT_GOOD)->document_root = "www";
	unit_serve(&house.call);
	ck_assert_int_eq(house.call.reply.status, 200);
	unit_end(&house);
}
END_TEST

/* The save is answered so where the web server serves files from root. */
static void
answers_under(struct unit_house *house, const char *root, int status)
{
	unit_ask(house, UNIT_GOOD)->document_root = root;
	unit_serve(&house->call);
	ck_assert_msg(house->call.reply.status == status, "%s: %d", root,
	    house->call.reply.status);
}

START_TEST(document_root_is_looked_at_with_each_request)
{
	struct unit_house house;

	unit_begin(&house);
	ck_assert_int_eq(mkdir("www", 0700), 0);
	ck_assert_int_eq(symlink("www", "root"), 0);
	answers_under(&house, "root", 200);
	ck_assert_int_eq(unlink("root"), 0);
	ck_assert_int_eq(symlink(".", "root"), 0);
	answers_under(&house, "root", 500);
	unit_has(unit_log(), "document root contains the key file or the "
	    "database");
	ck_assert_int_eq(unlink("root"), 0);
	answers_under(&house, "root", 200);
	ck_assert_int_eq(symlink("..", "root"), 0);
	answers_under(&house, "root", 500);
	ck_assert_int_eq(unlink("root"), 0);
	ck_assert_int_eq(symlink("www", "root"), 0);
	answers_under(&house, "root", 200);
	unit_end(&house);
}
END_TEST

START_TEST(document_root_with_the_way_to_the_database_is_refused)
{
	struct conf conf = unit_conf();
	struct unit_house house;
	char here[512], path[640];

	keyring_free(unit_create());
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	ck_assert_int_eq(mkdir("elsewhere", 0700), 0);
	ck_assert_int_eq(mkdir("way", 0700), 0);
	snprintf(path, sizeof path, "%s/way/link", here);
	ck_assert_int_eq(symlink(here, path), 0);
	snprintf(path, sizeof path, "%s/way/link/%s", here, unit_database);
	free(conf.database);
	conf.database = strdup(path);
	ck_assert_int_eq(app_open(&house.app, &conf), APP_OK);
	unit_add_key(&house, house.key, NULL, NULL);
	reader_init(&house.reader, &house.app, NULL);
	call_init(&house.call, &house.app, &house.reader);
	ck_assert_int_eq(symlink("way", "root"), 0);
	answers_under(&house, "root", 500);
	answers_under(&house, "elsewhere", 200);
	unit_end(&house);
}
END_TEST

START_TEST(body_that_nobody_will_read_is_counted_and_not_kept)
{
	static const struct { const char *path, *method; bool has_key; }
	    unread[] = {
		{ unit_save_path, "POST", false },
		{ unit_save_path, "GET", true },
		{ "/nothing", "POST", true },
		{ "/healthz", "GET", true },
	};
	struct unit_house house;
	struct http *http;
	size_t i;

	unit_begin(&house);
	for (i = 0; i < sizeof unread / sizeof unread[0]; i++) {
		http = unit_ask(&house, "canary");
		http->path = unread[i].path;
		http->method = unread[i].method;
		if (!unread[i].has_key)
			unit_bear(http, "stranger");
		app_admit(&house.call);
		ck_assert_uint_eq(http->body.len, 0);
		unit_lacks(http->body.data, http->body.cap, "canary");
		http_add_body(http, UNIT_GOOD, strlen(UNIT_GOOD));
		ck_assert_uint_eq(http->body.len, 0);
		ck_assert_uint_eq(http->received, strlen("canary" UNIT_GOOD));
		app_serve(&house.call);
		ck_assert_int_ne(house.call.reply.status, 422);
	}
	http = unit_ask(&house, "");
	app_admit(&house.call);
	http_add_body(http, UNIT_GOOD, strlen(UNIT_GOOD));
	app_serve(&house.call);
	ck_assert_int_eq(house.call.reply.status, 200);
	unit_end(&house);
}
END_TEST

START_TEST(save_is_answered_when_its_job_is_done_and_not_before)
{
	struct unit_house house;
	struct call *call = &house.call;

	unit_begin(&house);
	(void)unit_ask(&house, UNIT_GOOD);
	app_admit(call);
	ck_assert(!app_begin(call));
	unit_has_not(unit_log(), "status=");
	ck_assert_ptr_nonnull(call->job);
	writer_commit(house.app.writer, call->job);
	ck_assert(app_end(call));
	ck_assert_int_eq(call->reply.status, 200);
	unit_has(unit_log(), "status=200");
	(void)unit_ask(&house, "{}");
	app_admit(call);
	ck_assert(app_begin(call));
	ck_assert_int_eq(call->reply.status, 422);
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
	unit_serve(call);
	call_reset(call);
	ck_assert_uint_eq(call->http.body.len, 0);
	unit_lacks(call->http.body.data, call->http.body.cap, "canary");
	ck_assert_str_eq(call->http.api_key, "");
	ck_assert_uint_eq(call->http.api_key_len, 0);
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
		duration_is_none_of_the_time_of_day,
		first_check_that_fails_answers,
		both_spellings_of_the_path_save,
		health_needs_no_key,
		health_tells_that_the_database_is_away,
		health_does_not_trust_a_database_that_went_away,
		keys_inside_the_document_root_are_served_by_nobody,
		document_root_is_looked_at_with_each_request,
		document_root_with_the_way_to_the_database_is_refused,
		body_that_nobody_will_read_is_counted_and_not_kept,
		save_is_answered_when_its_job_is_done_and_not_before,
		reset_leaves_nothing_of_a_request,
		what_is_missing_or_does_not_fit_is_told_apart,
	};

	return (unit_main("app", tests, sizeof tests / sizeof tests[0]));
}
