/* API keys in the store. */
#include "config.h"

#include "unit_store.h"

static const char moment[] = "2024-01-15T10:30:00.000000";
static const char later[] = "2024-06-01T00:00:00.000000";

static const unsigned char hash_a[APIKEY_HASH_LEN] = "a";
static const unsigned char hash_b[APIKEY_HASH_LEN] = "b";

/* Add a key in a transaction of its own. */
static enum store_rc
add(struct store *store, const unsigned char hash[APIKEY_HASH_LEN],
    const struct store_key *key)
{
	enum store_rc rc;

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	rc = store_key_add(store, hash, key);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	return (rc);
}

static enum store_rc
revoke_at(struct store *store, const char *public_id, const char *at)
{
	enum store_rc rc;

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	rc = store_key_revoke(store, public_id, at);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	return (rc);
}

/* A store with one key, hash_a's, that never expires. */
static struct store *
begin(void)
{
	const struct store_key key = { .public_id = "aaaaaaaa",
	    .user = "user@example.com", .name = "ci", .created_at = moment };
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	ck_assert_int_eq(add(store, hash_a, &key), STORE_OK);
	return (store);
}

START_TEST(key_is_found_by_its_hash)
{
	struct store *store = begin();
	struct store_found_key found = { 0 };

	ck_assert_int_eq(store_key_find(store, hash_a, &found), STORE_OK);
	ck_assert_str_eq(found.public_id, "aaaaaaaa");
	ck_assert_str_eq(found.user, "user@example.com");
	ck_assert_str_eq(found.expires_at, "");
	ck_assert(!found.is_revoked);
	store_close(store);
}
END_TEST

START_TEST(other_hash_finds_nothing)
{
	unsigned char hash[APIKEY_HASH_LEN] = "a";
	struct store *store = begin();
	struct store_found_key found = { 0 };

	ck_assert_int_eq(store_key_find(store, hash_b, &found),
	    STORE_NOT_FOUND);
	hash[APIKEY_HASH_LEN - 1] = 1;
	ck_assert_int_eq(store_key_find(store, hash, &found),
	    STORE_NOT_FOUND);
	store_close(store);
}
END_TEST

START_TEST(expiry_and_longest_user_are_kept)
{
	char user[STORE_USER_MAX + 1] = "";
	const struct store_key key = { .public_id = "bbbbbbbb", .user = user,
	    .created_at = moment, .expires_at = later };
	struct store *store = begin();
	struct store_found_key found = { 0 };
	size_t i;

	for (i = 0; i < 255; i++)
		memcpy(user + 4 * i, "\xf0\x9f\x98\x80", 4);
	ck_assert_int_eq(add(store, hash_b, &key), STORE_OK);
	ck_assert_int_eq(store_key_find(store, hash_b, &found), STORE_OK);
	ck_assert_str_eq(found.user, user);
	ck_assert_str_eq(found.expires_at, later);
	store_close(store);
}
END_TEST

START_TEST(hash_and_public_id_are_there_once)
{
	const struct store_key same_hash = { .public_id = "bbbbbbbb",
	    .user = "other", .created_at = moment };
	const struct store_key same_id = { .public_id = "aaaaaaaa",
	    .user = "other", .created_at = moment };
	struct store *store = begin();
	struct store_found_key found = { 0 };

	ck_assert_int_eq(add(store, hash_a, &same_hash), STORE_CONFLICT);
	ck_assert_int_eq(add(store, hash_b, &same_id), STORE_CONFLICT);
	ck_assert_int_eq(store_key_find(store, hash_a, &found), STORE_OK);
	ck_assert_str_eq(found.user, "user@example.com");
	ck_assert_int_eq(store_key_find(store, hash_b, &found),
	    STORE_NOT_FOUND);
	store_close(store);
}
END_TEST

START_TEST(revoked_key_is_revoked_for_every_connection_at_once)
{
	struct store *store = begin(), *reader = unit_open(STORE_READ);
	struct store_found_key found = { 0 };

	ck_assert_int_eq(store_key_find(reader, hash_a, &found), STORE_OK);
	ck_assert(!found.is_revoked);
	ck_assert_int_eq(revoke_at(store, "aaaaaaaa", later), STORE_OK);
	ck_assert_int_eq(store_key_find(reader, hash_a, &found), STORE_OK);
	ck_assert(found.is_revoked);
	store_close(reader);
	store_close(store);
}
END_TEST

START_TEST(unknown_key_cannot_be_revoked)
{
	struct store *store = begin();

	ck_assert_int_eq(revoke_at(store, "zzzzzzzz", later), STORE_NOT_FOUND);
	ck_assert_int_eq(revoke_at(store, "AAAAAAAA", later), STORE_NOT_FOUND);
	store_close(store);
}
END_TEST

/* What a list of keys told. */
struct told {
	char text[512];
	int most;
};

static int
tell(void *cookie, const struct store_key *key)
{
	struct told *told = cookie;
	size_t len = strlen(told->text);

	snprintf(told->text + len, sizeof told->text - len, "%s %s %s %s %s\n",
	    key->public_id, key->user, key->name != NULL ? key->name : "-",
	    key->expires_at != NULL ? key->expires_at : "-",
	    key->revoked_at != NULL ? key->revoked_at : "-");
	return (--told->most == 0);
}

START_TEST(keys_are_listed_oldest_first)
{
	const struct store_key older = { .public_id = "zzzzzzzz",
	    .user = "other", .created_at = "2023-01-15T10:30:00.000000",
	    .expires_at = later };
	struct told told = { .most = 9 };
	struct store *store = begin();

	ck_assert_int_eq(add(store, hash_b, &older), STORE_OK);
	ck_assert_int_eq(store_key_list(store, tell, &told), STORE_OK);
	ck_assert_str_eq(told.text,
	    "zzzzzzzz other - 2024-06-01T00:00:00.000000 -\n"
	    "aaaaaaaa user@example.com ci - -\n");
	store_close(store);
}
END_TEST

START_TEST(list_ends_when_it_is_told_to)
{
	const struct store_key newer = { .public_id = "zzzzzzzz",
	    .user = "other", .created_at = later };
	struct told told = { .most = 1 };
	struct store *store = begin();

	ck_assert_int_eq(add(store, hash_b, &newer), STORE_OK);
	ck_assert_int_eq(store_key_list(store, tell, &told), STORE_OK);
	ck_assert_str_eq(told.text, "aaaaaaaa user@example.com ci - -\n");
	store_close(store);
}
END_TEST

START_TEST(first_revocation_stays)
{
	struct told told = { .most = 9 };
	struct store *store = begin();

	ck_assert_int_eq(revoke_at(store, "aaaaaaaa", moment), STORE_OK);
	ck_assert_int_eq(revoke_at(store, "aaaaaaaa", later), STORE_OK);
	ck_assert_int_eq(store_key_list(store, tell, &told), STORE_OK);
	ck_assert_str_eq(told.text, "aaaaaaaa user@example.com ci - "
	    "2024-01-15T10:30:00.000000\n");
	store_close(store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		key_is_found_by_its_hash,
		other_hash_finds_nothing,
		expiry_and_longest_user_are_kept,
		hash_and_public_id_are_there_once,
		revoked_key_is_revoked_for_every_connection_at_once,
		unknown_key_cannot_be_revoked,
		keys_are_listed_oldest_first,
		list_ends_when_it_is_told_to,
		first_revocation_stays,
	};

	return (unit_main("store_key", tests,
	    sizeof tests / sizeof tests[0]));
}
