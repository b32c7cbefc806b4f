/* A key in another's place is on the disk as used before it is answered. */
#include "config.h"

#include "store/store_key.h"
#include "unit/unit_app.h"

static const char self[] = "{\"success\":true,\"data\":{\"user\":";

/* Add a key in the place of another, that nobody has used; text is its. */
static void
add_new(struct unit_house *house, char text[APIKEY_LEN + 1], const char *id)
{
	struct store *store = writer_store(house->app.writer);
	unsigned char hash[APIKEY_HASH_LEN];
	const struct store_key row = { .public_id = id, .user = unit_owner,
	    .created_at = "2024-01-15T10:30:00.000000",
	    .scopes = SCOPES_DEFAULT, .types = WORDS_ALL,
	    .replaces = "aaaaaaaa" };

	apikey_make(text, id);
	apikey_hash(hash, keeper_borrow(house->app.keeper), text, APIKEY_LEN);
	keeper_return(house->app.keeper);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_key_add(store, hash, &row), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
}

static void
take_back(struct unit_house *house, const char *id)
{
	struct store *store = writer_store(house->app.writer);

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_key_revoke(store, id,
	    "2024-01-15T10:30:00.000000"), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
}

/* Whether the database has a use of the key. */
static bool
is_used(struct unit_house *house, const char *id)
{
	const struct store_asker asker = { unit_owner, WORDS_ALL };
	struct arena arena = { 0 };
	struct store_key key;
	bool is_used;

	ck_assert_int_eq(store_key_own(writer_store(house->app.writer),
	    &asker, id, &arena, &key), STORE_OK);
	is_used = key.last_used_at != NULL;
	arena_fini(&arena);
	return (is_used);
}

/* Ask for something with the key, up to where its request waits. */
static void
ask(struct unit_house *house, const char *key, const char *method,
    const char *path)
{
	struct http *http = &house->call.http;

	call_reset(&house->call);
	http->method = method;
	http->path = path;
	unit_bear(http, key);
	app_admit(&house->call);
}

START_TEST(first_use_is_committed_before_the_answer)
{
	struct unit_house house;
	char key[APIKEY_LEN + 1];

	unit_begin(&house);
	add_new(&house, key, "bbbbbbbb");
	ask(&house, key, "GET", "/api/v2/api-keys/self");
	ck_assert(!app_begin(&house.call));
	ck_assert(house.call.job->touches_keys);
	ck_assert(!is_used(&house, "bbbbbbbb"));
	writer_commit(house.app.writer, house.call.job);
	ck_assert(is_used(&house, "bbbbbbbb"));
	ck_assert(app_end(&house.call));
	ck_assert_int_eq(house.call.reply.status, 200);
	unit_has(buf_text(&house.call.reply.body), self);
	/* The second is like any key's. */
	ask(&house, key, "GET", "/api/v2/api-keys/self");
	ck_assert(app_begin(&house.call));
	ck_assert_int_eq(house.call.reply.status, 200);
	unit_end(&house);
}
END_TEST

START_TEST(save_waits_for_it_and_then_for_its_own_commit)
{
	struct unit_house house;
	char key[APIKEY_LEN + 1];

	unit_begin(&house);
	add_new(&house, key, "bbbbbbbb");
	unit_bear(unit_ask(&house, UNIT_GOOD), key);
	app_admit(&house.call);
	ck_assert(!app_begin(&house.call));
	writer_commit(house.app.writer, house.call.job);
	ck_assert(!app_end(&house.call));
	ck_assert_uint_eq(unit_rows(), 0);
	writer_commit(house.app.writer, house.call.job);
	ck_assert(app_end(&house.call));
	ck_assert_int_eq(house.call.reply.status, 200);
	ck_assert_uint_eq(unit_rows(), 1);
	unit_end(&house);
}
END_TEST

START_TEST(refusal_is_a_use_too)
{
	struct unit_house house;
	char key[APIKEY_LEN + 1];

	unit_begin(&house);
	add_new(&house, key, "bbbbbbbb");
	ask(&house, key, "GET", "/api/v2/api-keys");
	app_serve(&house.call);
	ck_assert_int_eq(house.call.reply.status, 403);
	ck_assert(is_used(&house, "bbbbbbbb"));
	unit_end(&house);
}
END_TEST

START_TEST(key_that_was_revoked_first_is_refused)
{
	struct unit_house house;
	char key[APIKEY_LEN + 1];

	unit_begin(&house);
	add_new(&house, key, "bbbbbbbb");
	unit_bear(unit_ask(&house, UNIT_GOOD), key);
	app_admit(&house.call);
	ck_assert(!app_begin(&house.call));
	take_back(&house, "bbbbbbbb");
	writer_commit(house.app.writer, house.call.job);
	ck_assert(app_end(&house.call));
	ck_assert_int_eq(house.call.reply.status, 401);
	ck_assert_str_eq(buf_text(&house.call.reply.body),
	    UNIT_DETAIL("Invalid API key"));
	ck_assert_uint_eq(unit_rows(), 0);
	ck_assert(!is_used(&house, "bbbbbbbb"));
	/* And from then on without a commit. */
	ask(&house, key, "GET", "/api/v2/api-keys/self");
	ck_assert(app_begin(&house.call));
	ck_assert_int_eq(house.call.reply.status, 401);
	unit_end(&house);
}
END_TEST

START_TEST(use_that_cannot_be_committed_is_no_use)
{
	struct unit_house house;
	char key[APIKEY_LEN + 1];
	int lock;

	unit_begin(&house);
	add_new(&house, key, "bbbbbbbb");
	ask(&house, key, "GET", "/api/v2/api-keys/self");
	lock = unit_take_lock();
	app_serve(&house.call);
	close(lock);
	ck_assert_int_eq(house.call.reply.status, 503);
	ck_assert_str_eq(buf_text(&house.call.reply.body),
	    "{\"success\":false,\"data\":null,\"error\":"
	    "\"Failed to list API keys: Database is busy\"}");
	ck_assert(!is_used(&house, "bbbbbbbb"));
	unit_end(&house);
}
END_TEST

/* Its request's body has come in a later turn. */
START_TEST(key_that_is_revoked_meanwhile_has_no_use)
{
	struct unit_house house;
	char key[APIKEY_LEN + 1];

	unit_begin(&house);
	add_new(&house, key, "bbbbbbbb");
	ask(&house, key, "POST", unit_save_path);
	take_back(&house, "bbbbbbbb");
	reader_turn(&house.reader);
	ck_assert(app_begin(&house.call));
	ck_assert_int_eq(house.call.reply.status, 401);
	ck_assert(!is_used(&house, "bbbbbbbb"));
	unit_end(&house);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		first_use_is_committed_before_the_answer,
		save_waits_for_it_and_then_for_its_own_commit,
		refusal_is_a_use_too,
		key_that_was_revoked_first_is_refused,
		use_that_cannot_be_committed_is_no_use,
		key_that_is_revoked_meanwhile_has_no_use,
	};

	return (unit_main("first_use", tests,
	    sizeof tests / sizeof tests[0]));
}
