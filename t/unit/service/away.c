/* What the loop does not do itself, and what has to wait for room. */
#include "config.h"

#include "unit/unit_reveal.h"

enum { LARGE = 20000, SMALL = 100 };

/* A save whose name is so long. */
static void
fill(char body[LARGE + SMALL], int len)
{
	snprintf(body, LARGE + SMALL, "{\"name\":\"%0*d\","
	    "\"integration_type\":\"jira\",\"unique_identifier\":\"b\"}", len,
	    0);
}

START_TEST(large_body_is_read_elsewhere)
{
	struct unit_house house;
	struct call *call = &house.call;
	char body[LARGE + SMALL];
	int i;

	unit_begin(&house);
	call->http.body.max = sizeof body;
	for (i = 0; i < 2; i++) {
		fill(body, i == 0 ? 1 : LARGE);
		(void)unit_ask(&house, body);
		app_admit(call);
		ck_assert(!app_begin(call));
		ck_assert_int_eq(call->is_reading, i == 1);
		if (!unit_read(call, false))
			writer_commit(house.app.writer, call->job);
		/* The name is too long for a row, which is seen there. */
		ck_assert(unit_read(call, i == 1 || app_end(call)));
		ck_assert_int_eq(call->reply.status, i == 0 ? 200 : 422);
	}
	unit_end(&house);
}
END_TEST

/* The routes that read all of an integration. */
static const struct {
	const char *method, *what, *body;
} reads[] = {
	{ "GET", "", "" },
	{ "GET", "auth_data", "" },
	{ "POST", "auth_data/sealed", "{\"public_key\":"
	    "\"CSfe1Gkfqdx8Tpz9Yi8X7vbXuVGhBmM1gqRgUTUaRU8=\"}" },
	{ "POST", "verify", "{\"access_token\":\"x\"}" },
	{ "PATCH", "", "{\"name\":\"m\"}" }
};

enum { READS = sizeof reads / sizeof reads[0] };

/* Ask; the row is read elsewhere, and there is that much room for it. */
static void
begin(struct unit_vault *vault, size_t i, size_t room)
{
	struct call *call = &vault->house.call;

	(void)unit_vault_ask(vault, reads[i].method, reads[i].what,
	    reads[i].body);
	app_admit(call);
	call->room.limit = room;
	ck_assert(!app_begin(call));
	ck_assert(call->is_reading);
}

/* Do all that is to be done, up to the answer. */
static void
serve(struct unit_vault *vault)
{
	struct call *call = &vault->house.call;
	bool is_answered = unit_read(call, false);

	while (!is_answered) {
		ck_assert(!call->is_held);
		writer_commit(vault->house.app.writer, call->job);
		is_answered = unit_read(call, app_end(call));
	}
	ck_assert_int_eq(call->reply.status, 200);
}

/* It is held, and nothing is left of what it had read. */
static void
is_held(struct unit_vault *vault, size_t room)
{
	struct call *call = &vault->house.call;

	ck_assert(!unit_read(call, false));
	ck_assert(call->is_held);
	ck_assert_ptr_null(call->work);
	ck_assert_uint_gt(call->room.needs, room);
}

/* There is as much room now as it needs. */
static void
begin_again(struct unit_vault *vault)
{
	struct call *call = &vault->house.call;

	call->room.limit = call->room.needs;
	ck_assert(!app_begin(call));
	ck_assert(!call->is_held);
}

START_TEST(row_without_room_is_held_and_read_again)
{
	struct unit_vault vault;
	size_t i;

	unit_vault_begin(&vault);
	for (i = 0; i < READS; i++) {
		begin(&vault, i, SMALL);
		is_held(&vault, SMALL);
		/* By the time that there is room it is larger. */
		unit_sql("UPDATE integrations SET revision = revision + 1, "
		    "name = name || printf('%040d', 0)");
		begin_again(&vault);
		is_held(&vault, vault.house.call.room.limit);
		begin_again(&vault);
		serve(&vault);
		begin(&vault, i, UNIT_MAX_BODY);
		serve(&vault);
	}
	unit_vault_end(&vault);
}
END_TEST

START_TEST(key_that_was_revoked_meanwhile_reads_nothing)
{
	struct unit_vault vault;
	size_t i;

	unit_vault_begin(&vault);
	for (i = 0; i < READS; i++) {
		unit_add_key_for(&vault.house, WORDS_ALL, vault.house.key,
		    NULL, NULL);
		begin(&vault, i, SMALL);
		is_held(&vault, SMALL);
		unit_sql("UPDATE api_keys SET revoked_at = "
		    "'2024-01-15T10:30:00.000000'");
		begin_again(&vault);
		ck_assert(unit_read(&vault.house.call, false));
		ck_assert_int_eq(vault.house.call.reply.status, 401);
	}
	unit_vault_end(&vault);
}
END_TEST

/* The routes whose answers are read a page at a time. */
static const char *const lists[] = {
	"/api/v2/integrations", "/api/v2/api-keys", "/api/v2/audit"
};

enum { LISTS = sizeof lists / sizeof lists[0] };

/* A house whose key may do all, and has saved something. */
static void
begin_house(struct unit_house *house)
{
	unit_begin(house);
	unit_add_key_for(house, WORDS_ALL, house->key, NULL, NULL);
	(void)unit_ask(house, UNIT_GOOD);
	unit_serve(&house->call);
	ck_assert_int_eq(house->call.reply.status, 200);
}

/* Ask for a list; it is for a reader, and there is that much room for it. */
static void
begin_list(struct unit_house *house, size_t i, size_t room)
{
	struct http *http = unit_ask(house, "");

	http->method = "GET";
	http->path = lists[i];
	app_admit(&house->call);
	ck_assert(!app_begin(&house->call));
	ck_assert(house->call.is_reading);
	house->call.room.limit = room;
}

START_TEST(list_without_room_is_held_and_read_again)
{
	struct unit_house house;
	struct call *call = &house.call;
	char *whole;
	size_t i;

	begin_house(&house);
	for (i = 0; i < LISTS; i++) {
		begin_list(&house, i, SIZE_MAX);
		ck_assert(unit_read(call, false));
		ck_assert_int_eq(call->reply.status, 200);
		whole = strdup(buf_text(&call->reply.body));
		ck_assert_ptr_nonnull(whole);
		begin_list(&house, i, 1);
		ck_assert(!unit_read(call, false));
		ck_assert(call->is_held);
		ck_assert_ptr_null(call->work);
		ck_assert_uint_gt(call->room.needs, 1);
		call->room.limit = call->room.needs;
		ck_assert(unit_read(call, app_begin(call)));
		ck_assert_str_eq(buf_text(&call->reply.body), whole);
		free(whole);
	}
	unit_end(&house);
}
END_TEST

START_TEST(list_that_nobody_comes_to_is_busy)
{
	struct unit_house house;
	struct call *call = &house.call;
	size_t i;

	begin_house(&house);
	for (i = 0; i < LISTS; i++) {
		begin_list(&house, i, SIZE_MAX);
		call->job->rc = STORE_BUSY;
		ck_assert(app_end(call));
		ck_assert_int_eq(call->reply.status, 503);
	}
	unit_end(&house);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		large_body_is_read_elsewhere,
		row_without_room_is_held_and_read_again,
		key_that_was_revoked_meanwhile_reads_nothing,
		list_without_room_is_held_and_read_again,
		list_that_nobody_comes_to_is_busy,
	};

	return (unit_main("away", tests, sizeof tests / sizeof tests[0]));
}
