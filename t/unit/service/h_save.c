/* Saving: what is answered, stored and sealed. */
#include "config.h"

#include "secrets/vault.h"
#include "unit/unit_app.h"

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
	unit_serve(&house.call);
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

static void
open_box(void *cookie, const struct integration *row)
{
	const struct unit_house *house = cookie;
	const struct vault_row to = { unit_owner, "a" };
	struct buf plain;

	buf_init(&plain, UNIT_MAX_BODY);
	unit_lacks(row->auth_data, row->auth_data_len, "canary-token");
	ck_assert_int_eq(vault_open(keeper_borrow(house->app.keeper), &to,
	    row->auth_data, row->auth_data_len, &plain), VAULT_OK);
	keeper_return(house->app.keeper);
	ck_assert_str_eq(buf_text(&plain),
	    "{\"access_token\":\"canary-token\" , \"x\":1E400}");
	buf_fini(&plain);
}

START_TEST(box_holds_auth_data_byte_for_byte)
{
	struct unit_house house;

	unit_begin(&house);
	(void)unit_ask(&house, UNIT_GOOD);
	unit_serve(&house.call);
	unit_each_row(writer_store(house.app.writer), unit_owner, open_box,
	    &house);
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
	unit_serve(&house.call);
	body = buf_text(&house.call.reply.body);
	id = strstr(body, "\"integration_id\":\"");
	ck_assert_ptr_nonnull(id);
	snprintf(expected, sizeof expected, "\"slack-%.36s\"", id + 18);
	unit_has(body, expected);
	unit_serve(&house.call);
	ck_assert_uint_eq(unit_rows(), 2);
	unit_end(&house);
}
END_TEST

START_TEST(other_type_under_one_identifier_is_409)
{
	struct unit_house house;

	unit_begin(&house);
	(void)unit_ask(&house, UNIT_GOOD);
	unit_serve(&house.call);
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
	ck_assert_str_eq(house.call.reply.headers, "Retry-After: 1\r\n");
	close(fd);
	unit_serve(&house.call);
	ck_assert_int_eq(house.call.reply.status, 200);
	unit_end(&house);
}
END_TEST

/* A rotation's first step, by another process. */
static uint32_t
rotate(void)
{
	struct store *store = unit_open(STORE_WRITE);
	struct keyring *keyring;
	uint32_t key_id;

	ck_assert_int_eq(keyring_append(unit_key_file), 0);
	keyring = keyring_load(unit_key_file);
	ck_assert_ptr_nonnull(keyring);
	key_id = keyring_active_id(keyring);
	keyring_free(keyring);
	unit_register(store, key_id);
	store_close(store);
	return (key_id);
}

static void
note_key(void *cookie, const struct integration *row)
{
	*(uint32_t *)cookie = vault_key_id(row->auth_data,
	    row->auth_data_len);
}

/* The request is answered by 200; the key that its box is under. */
static uint32_t
saved_under(struct unit_house *house)
{
	uint32_t key_id = 0;

	unit_serve(&house->call);
	ck_assert_int_eq(house->call.reply.status, 200);
	unit_each_row(writer_store(house->app.writer), unit_owner, note_key,
	    &key_id);
	return (key_id);
}

START_TEST(new_master_key_is_used_by_the_next_save)
{
	struct unit_house house;
	uint32_t key_id;

	unit_begin(&house);
	(void)unit_ask(&house, UNIT_GOOD);
	(void)saved_under(&house);
	key_id = rotate();
	ck_assert_uint_eq(saved_under(&house), key_id);
	key_id = rotate();
	ck_assert_uint_eq(saved_under(&house), key_id);
	unit_end(&house);
}
END_TEST

START_TEST(file_without_the_new_key_serves_until_the_former_is_retired)
{
	struct unit_house house;
	struct store *store;
	uint32_t first;

	unit_begin(&house);
	(void)unit_ask(&house, UNIT_GOOD);
	first = saved_under(&house);
	store = unit_open(STORE_WRITE);
	unit_register(store, first ^ 1);
	ck_assert_uint_eq(saved_under(&house), first);
	unit_has(unit_log(), "put the current key file in place");
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_master_key_mark(store, first, "retired",
	    "2024-01-15T10:30:00.000000"), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	unit_answers(&house, 500, UNIT_FAILURE("Internal error"));
	unit_has(unit_log(), "no master key that is in use");
	store_close(store);
	unit_end(&house);
}
END_TEST

START_TEST(faults_of_one_request_are_not_the_next_ones)
{
	struct unit_house house;

	unit_begin(&house);
	(void)unit_ask(&house, "{");
	unit_serve(&house.call);
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
		new_master_key_is_used_by_the_next_save,
		file_without_the_new_key_serves_until_the_former_is_retired,
		faults_of_one_request_are_not_the_next_ones,
	};

	return (unit_main("h_save", tests, sizeof tests / sizeof tests[0]));
}
