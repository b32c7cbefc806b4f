/* Saving: what is answered, stored and sealed. */
#include "config.h"

#include "unit_app.h"
#include "vault.h"

START_TEST(body_that_is_no_object_is_refused)
{
	struct unit_house house;

	unit_begin(&house);
	(void)unit_ask(&house, "");
	unit_answers(&house, 422, UNIT_MISSING(""));
	(void)unit_ask(&house, " null ");
	unit_answers(&house, 422, UNIT_MISSING(""));
	(void)unit_ask(&house, "[]");
	unit_answers(&house, 422, UNIT_NO_DICT);
	unit_ask(&house, "")->content_type = "text/plain";
	unit_answers(&house, 422, UNIT_NO_DICT);
	unit_end(&house);
}
END_TEST

START_TEST(saved_integration_is_answered)
{
	struct unit_house house;
	const char *body;

	unit_begin(&house);
	(void)unit_ask(&house, UNIT_GOOD);
	app_serve(&house.call);
	body = buf_text(&house.call.reply.body);
	ck_assert_int_eq(house.call.reply.status, 200);
	unit_has(body, "{\"success\":true,\"data\":{\"integration_id\":\"");
	unit_has(body, "\",\"name\":\"n\",\"integration_type\":\"jira\","
	    "\"status\":\"active\",\"active\":true,\"unique_identifier\":"
	    "\"a\",\"created_by\":\"user@example.com\",\"created_at\":\"");
	unit_has(body, "\",\"has_auth_data\":true,\"has_scope_data\":false,"
	    "\"metadata\":{\"instance_name\":\"n\",\"created_via\":\"manual\","
	    "\"version\":null,\"description\":null,\"tags\":[]}},"
	    "\"error\":null}");
	unit_has_not(body, "canary-token");
	unit_has_not(unit_log(), "canary-token");
	unit_end(&house);
}
END_TEST

static int
open_box(void *cookie, const struct integration *row)
{
	const struct unit_house *house = cookie;
	const struct vault_row to = { unit_owner, "a" };
	struct buf plain;

	buf_init(&plain, UNIT_MAX_BODY);
	unit_lacks(row->auth_data, row->auth_data_len, "canary-token");
	ck_assert_int_eq(vault_open(keeper_borrow(house->app.keeper, 0), &to,
	    row->auth_data, row->auth_data_len, &plain), VAULT_OK);
	keeper_return(house->app.keeper);
	ck_assert_str_eq(buf_text(&plain),
	    "{\"access_token\":\"canary-token\" , \"x\":1E400}");
	buf_fini(&plain);
	return (0);
}

START_TEST(box_holds_auth_data_byte_for_byte)
{
	struct unit_house house;

	unit_begin(&house);
	(void)unit_ask(&house, UNIT_GOOD);
	app_serve(&house.call);
	ck_assert_int_eq(store_integration_list(writer_store(
	    house.app.writer), unit_owner, open_box, &house), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1);
	unit_end(&house);
}
END_TEST

START_TEST(generated_identifier_is_type_and_id)
{
	struct unit_house house;
	const char *body, *id;
	char expected[64];

	unit_begin(&house);
	(void)unit_ask(&house, "{\"name\":\"n\",\"integration_type\":\"slack\","
	    "\"unique_identifier\":\"\"}");
	app_serve(&house.call);
	body = buf_text(&house.call.reply.body);
	id = strstr(body, "\"integration_id\":\"");
	ck_assert_ptr_nonnull(id);
	snprintf(expected, sizeof expected, "\"slack-%.36s\"", id + 18);
	unit_has(body, expected);
	app_serve(&house.call);
	ck_assert_uint_eq(unit_rows(), 2);
	unit_end(&house);
}
END_TEST

START_TEST(other_type_under_one_identifier_is_409)
{
	struct unit_house house;

	unit_begin(&house);
	(void)unit_ask(&house, UNIT_GOOD);
	app_serve(&house.call);
	(void)unit_ask(&house, "{\"name\":\"n\",\"integration_type\":\"slack\","
	    "\"unique_identifier\":\"a\"}");
	unit_answers(&house, 409, UNIT_FAILURE("unique_identifier already "
	    "belongs to a jira integration"));
	unit_end(&house);
}
END_TEST

START_TEST(database_that_is_busy_is_503)
{
	struct unit_house house;
	int fd;

	unit_begin(&house);
	fd = unit_take_lock();
	(void)unit_ask(&house, UNIT_GOOD);
	unit_answers(&house, 503, UNIT_FAILURE("Database is busy"));
	ck_assert_str_eq(house.call.reply.header, "Retry-After: 1");
	close(fd);
	app_serve(&house.call);
	ck_assert_int_eq(house.call.reply.status, 200);
	unit_end(&house);
}
END_TEST

START_TEST(faults_of_one_request_are_not_the_next_ones)
{
	struct unit_house house;

	unit_begin(&house);
	(void)unit_ask(&house, "{");
	app_serve(&house.call);
	(void)unit_ask(&house, "{\"integration_type\":\"jira\"}");
	unit_answers(&house, 422, UNIT_MISSING(",\"name\""));
	unit_end(&house);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		body_that_is_no_object_is_refused,
		saved_integration_is_answered,
		box_holds_auth_data_byte_for_byte,
		generated_identifier_is_type_and_id,
		other_type_under_one_identifier_is_409,
		database_that_is_busy_is_503,
		faults_of_one_request_are_not_the_next_ones,
	};

	return (unit_main("h_save", tests, sizeof tests / sizeof tests[0]));
}
