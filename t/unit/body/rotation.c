/* Rotating a key: what becomes of both, and when it is refused. */
#include "config.h"

#include "body/rotation.h"
#include "unit/unit_keys.h"

static const char now[] = "2024-02-01T00:00:00.000000";
static const char in_a_day[] = "2024-02-02T00:00:00.000000";
static const char in_a_month[] = "2024-03-01T00:00:00.000000";

struct house {
	struct store *store;
	struct rotation rotation;
	unsigned char hash[APIKEY_HASH_LEN];
};

/* A store with the key "aaaaaaaa", that ends then, and its rotation. */
static void
begin(struct house *house, const char *expires_at)
{
	struct store_key key = unit_a_key("aaaaaaaa");

	*house = (struct house){ .rotation = {
		.asker = { "user", WORDS_ALL }, .public_id = "aaaaaaaa",
		.now = now, .overlap_s = 86400, .scopes = WORDS_ALL,
		.types = WORDS_ALL, .new_id = "bbbbbbbb"
	}, .hash = { 2 } };
	house->rotation.hash = house->hash;
	keyring_free(unit_create());
	house->store = unit_open(STORE_WRITE);
	key.name = "ci";
	key.scopes = SCOPE_READ | SCOPE_METRICS;
	key.types = 5;
	key.expires_at = expires_at;
	unit_keep_key(house->store, 1, &key);
}

static enum store_rc
rotate(struct house *house, const char *new_id)
{
	enum store_rc rc;

	house->rotation.new_id = new_id;
	house->hash[0]++;
	ck_assert_int_eq(store_begin(house->store, UNIT_WAIT_MS), STORE_OK);
	rc = rotation_run(house->store, &house->rotation);
	ck_assert_int_eq(store_commit(house->store), STORE_OK);
	return (rc);
}

static void
refuses(struct house *house, enum rotation_rc why)
{
	ck_assert_int_eq(rotate(house, "zzzzzzzz"), STORE_CONFLICT);
	ck_assert_int_eq(house->rotation.rc, why);
}

START_TEST(new_key_is_as_the_other)
{
	const struct store_asker asker = { "user", WORDS_ALL };
	struct arena arena = { 0 };
	struct store_key key;
	struct house house;

	begin(&house, NULL);
	ck_assert_int_eq(rotate(&house, "bbbbbbbb"), STORE_OK);
	ck_assert_int_eq(store_key_own(house.store, &asker, "bbbbbbbb",
	    &arena, &key), STORE_OK);
	ck_assert_str_eq(key.name, "ci");
	ck_assert_uint_eq(key.scopes, SCOPE_READ | SCOPE_METRICS);
	ck_assert_uint_eq(key.types, 5);
	ck_assert_str_eq(key.created_at, now);
	ck_assert_str_eq(key.replaces, "aaaaaaaa");
	ck_assert_ptr_null(key.expires_at);
	ck_assert_ptr_null(key.revoked_at);
	arena_fini(&arena);
	unit_key_has(house.store, "aaaaaaaa", replaced_by, "bbbbbbbb");
	unit_key_has(house.store, "aaaaaaaa", expires_at, in_a_day);
	unit_key_has(house.store, "aaaaaaaa", revoked_at, NULL);
	store_close(house.store);
}
END_TEST

START_TEST(other_key_ends_no_later_than_it_would_have)
{
	struct house house;

	begin(&house, "2024-02-01T12:00:00.000000");
	ck_assert_int_eq(rotate(&house, "bbbbbbbb"), STORE_OK);
	unit_key_has(house.store, "aaaaaaaa", expires_at,
	    "2024-02-01T12:00:00.000000");
	store_close(house.store);
}
END_TEST

START_TEST(without_an_overlap_it_ends_now)
{
	struct house house;

	begin(&house, in_a_month);
	house.rotation.overlap_s = 0;
	ck_assert_int_eq(rotate(&house, "bbbbbbbb"), STORE_OK);
	unit_key_has(house.store, "aaaaaaaa", expires_at, now);
	refuses(&house, ROTATION_OVER);
	store_close(house.store);
}
END_TEST

/* It was made for 45 days, 13 hours and a half. */
START_TEST(new_key_ends_with_the_other_or_lasts_as_long_anew)
{
	struct house house;

	begin(&house, in_a_month);
	ck_assert_int_eq(rotate(&house, "bbbbbbbb"), STORE_OK);
	unit_key_has(house.store, "bbbbbbbb", expires_at, in_a_month);
	house.rotation.lasts_anew = true;
	ck_assert_int_eq(rotate(&house, "cccccccc"), STORE_OK);
	unit_key_has(house.store, "cccccccc", expires_at,
	    "2024-03-17T13:30:00.000000");
	/* The length is the first one's, whoever has rotated since. */
	house.rotation.lasts_anew = false;
	ck_assert_int_eq(rotate(&house, "dddddddd"), STORE_OK);
	unit_key_has(house.store, "dddddddd", expires_at, in_a_month);
	store_close(house.store);
}
END_TEST

START_TEST(new_key_that_nobody_has_used_gives_way_to_another)
{
	struct house house;

	begin(&house, NULL);
	ck_assert_int_eq(rotate(&house, "bbbbbbbb"), STORE_OK);
	house.rotation.now = "2024-02-01T01:00:00.000000";
	ck_assert_int_eq(rotate(&house, "cccccccc"), STORE_OK);
	unit_key_has(house.store, "bbbbbbbb", revoked_at,
	    "2024-02-01T01:00:00.000000");
	unit_key_has(house.store, "cccccccc", revoked_at, NULL);
	unit_key_has(house.store, "aaaaaaaa", replaced_by, "cccccccc");
	/* A second time makes the first one no longer. */
	unit_key_has(house.store, "aaaaaaaa", expires_at, in_a_day);
	store_close(house.store);
}
END_TEST

START_TEST(new_key_that_was_used_stays)
{
	struct house house;

	begin(&house, NULL);
	ck_assert_int_eq(rotate(&house, "bbbbbbbb"), STORE_OK);
	unit_use_key(house.store, "bbbbbbbb", now);
	refuses(&house, ROTATION_DONE_BEFORE);
	unit_key_has(house.store, "bbbbbbbb", revoked_at, NULL);
	unit_key_has(house.store, "aaaaaaaa", replaced_by, "bbbbbbbb");
	store_close(house.store);
}
END_TEST

START_TEST(use_of_what_has_replaced_the_new_key_counts_too)
{
	struct house house;

	begin(&house, NULL);
	ck_assert_int_eq(rotate(&house, "bbbbbbbb"), STORE_OK);
	house.rotation.public_id = "bbbbbbbb";
	ck_assert_int_eq(rotate(&house, "cccccccc"), STORE_OK);
	unit_use_key(house.store, "cccccccc", now);
	house.rotation.public_id = "aaaaaaaa";
	refuses(&house, ROTATION_DONE_BEFORE);
	unit_key_has(house.store, "cccccccc", revoked_at, NULL);
	store_close(house.store);
}
END_TEST

START_TEST(key_that_is_over_is_not_rotated)
{
	struct house house;

	begin(&house, now);
	refuses(&house, ROTATION_OVER);
	store_close(house.store);
	ck_assert_int_eq(chdir(".."), 0);
	unit_setup();
	begin(&house, NULL);
	ck_assert_int_eq(store_begin(house.store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_key_revoke(house.store, "aaaaaaaa", now),
	    STORE_OK);
	ck_assert_int_eq(store_commit(house.store), STORE_OK);
	refuses(&house, ROTATION_OVER);
	store_close(house.store);
}
END_TEST

START_TEST(who_asks_needs_what_the_new_key_may_do)
{
	struct house house;

	begin(&house, NULL);
	house.rotation.scopes = ~(unsigned)SCOPE_METRICS;
	refuses(&house, ROTATION_FORBIDDEN);
	ck_assert_uint_eq(house.rotation.lacks_scopes, SCOPE_METRICS);
	ck_assert_uint_eq(house.rotation.lacks_types, 0);
	house.rotation.scopes = WORDS_ALL;
	house.rotation.types = 4;
	refuses(&house, ROTATION_FORBIDDEN);
	ck_assert_uint_eq(house.rotation.lacks_types, 1);
	house.rotation.types = 7;
	ck_assert_int_eq(rotate(&house, "bbbbbbbb"), STORE_OK);
	store_close(house.store);
}
END_TEST

START_TEST(id_that_is_taken_changes_nothing)
{
	struct store_key key = unit_a_key("cccccccc");
	struct house house;

	begin(&house, NULL);
	unit_keep_key(house.store, 9, &key);
	ck_assert_int_eq(rotate(&house, "bbbbbbbb"), STORE_OK);
	ck_assert_int_eq(rotate(&house, "cccccccc"), STORE_CONFLICT);
	ck_assert_int_eq(house.rotation.rc, ROTATION_TAKEN);
	unit_key_has(house.store, "bbbbbbbb", revoked_at, NULL);
	unit_key_has(house.store, "aaaaaaaa", replaced_by, "bbbbbbbb");
	store_close(house.store);
}
END_TEST

START_TEST(others_have_no_such_key)
{
	struct house house;

	begin(&house, NULL);
	house.rotation.asker.user = "other";
	ck_assert_int_eq(rotate(&house, "bbbbbbbb"), STORE_NOT_FOUND);
	unit_key_has(house.store, "aaaaaaaa", replaced_by, NULL);
	store_close(house.store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		new_key_is_as_the_other,
		other_key_ends_no_later_than_it_would_have,
		without_an_overlap_it_ends_now,
		new_key_ends_with_the_other_or_lasts_as_long_anew,
		new_key_that_nobody_has_used_gives_way_to_another,
		new_key_that_was_used_stays,
		use_of_what_has_replaced_the_new_key_counts_too,
		key_that_is_over_is_not_rotated,
		who_asks_needs_what_the_new_key_may_do,
		id_that_is_taken_changes_nothing,
		others_have_no_such_key,
	};

	return (unit_main("rotation", tests,
	    sizeof tests / sizeof tests[0]));
}
