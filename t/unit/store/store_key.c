/* API keys in the store. */
#include "config.h"

#include "ground/scope.h"
#include "ground/words.h"
#include "store/store_key.h"
#include "unit/unit_store.h"

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
	    .user = "user@example.com", .name = "ci", .scopes = SCOPES_DEFAULT,
	    .types = WORDS_ALL, .created_at = moment };
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
	    .scopes = SCOPES_DEFAULT,
	    .types = WORDS_ALL, .created_at = moment, .expires_at = later };
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
	    .user = "other", .scopes = SCOPES_DEFAULT,
	    .types = WORDS_ALL, .created_at = moment };
	const struct store_key same_id = { .public_id = "aaaaaaaa",
	    .user = "other", .scopes = SCOPES_DEFAULT,
	    .types = WORDS_ALL, .created_at = moment };
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

/* Of keys that took each other's place, "aaaaaaaa" the first. */
static void
add_line(struct store *store, const char *ids)
{
	char id[APIKEY_PUBLIC_ID_LEN + 1], before[] = "aaaaaaaa";
	unsigned char hash[APIKEY_HASH_LEN] = { 0 };
	const struct store_key key = { .public_id = id,
	    .user = "user@example.com", .scopes = SCOPES_DEFAULT,
	    .types = WORDS_ALL, .created_at = moment };

	for (; *ids != '\0'; ids++) {
		memset(id, *ids, sizeof id - 1);
		id[sizeof id - 1] = '\0';
		hash[0] = (unsigned char)*ids;
		ck_assert_int_eq(add(store, hash, &key), STORE_OK);
		ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
		ck_assert_int_eq(store_key_replace(store, before, id, NULL),
		    STORE_OK);
		ck_assert_int_eq(store_commit(store), STORE_OK);
		memcpy(before, id, sizeof id);
	}
}

static void
is_revoked(struct store *store, const char *public_id, const char *at)
{
	struct arena arena = { 0 };
	struct store_key key;

	ck_assert_int_eq(store_operator_key(store, public_id, &arena, &key),
	    STORE_OK);
	ck_assert_pstr_eq(key.revoked_at, at);
	arena_fini(&arena);
}

START_TEST(what_took_the_place_of_a_key_is_revoked_with_it)
{
	struct store *store = begin();

	add_line(store, "bcd");
	ck_assert_int_eq(revoke_at(store, "cccccccc", moment), STORE_OK);
	is_revoked(store, "aaaaaaaa", NULL);
	is_revoked(store, "bbbbbbbb", NULL);
	is_revoked(store, "dddddddd", moment);
	ck_assert_int_eq(revoke_at(store, "aaaaaaaa", later), STORE_OK);
	is_revoked(store, "bbbbbbbb", later);
	is_revoked(store, "cccccccc", moment);
	is_revoked(store, "dddddddd", moment);
	/* And what were a circle is gone round once. */
	add_line(store, "e");
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_key_replace(store, "eeeeeeee", "aaaaaaaa",
	    NULL), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	ck_assert_int_eq(revoke_at(store, "eeeeeeee", later), STORE_OK);
	is_revoked(store, "eeeeeeee", later);
	store_close(store);
}
END_TEST

START_TEST(key_in_anothers_place_is_new_until_it_is_used)
{
	const struct store_key key = { .public_id = "bbbbbbbb",
	    .user = "user", .replaces = "aaaaaaaa", .scopes = SCOPES_DEFAULT,
	    .types = WORDS_ALL, .created_at = moment };
	struct store_found_key found = { 0 };
	struct store *store = begin();

	ck_assert_int_eq(store_key_find(store, hash_a, &found), STORE_OK);
	ck_assert(!found.is_new);
	ck_assert_int_eq(add(store, hash_b, &key), STORE_OK);
	ck_assert_int_eq(store_key_find(store, hash_b, &found), STORE_OK);
	ck_assert(found.is_new);
	ck_assert_str_eq(found.last_used_at, "");
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_key_use_first(store, "bbbbbbbb", later),
	    STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	ck_assert_int_eq(store_key_find(store, hash_b, &found), STORE_OK);
	ck_assert(!found.is_new);
	ck_assert_str_eq(found.last_used_at, later);
	store_close(store);
}
END_TEST

START_TEST(key_that_is_no_longer_good_has_no_first_use)
{
	const struct store_key key = { .public_id = "bbbbbbbb",
	    .user = "user", .expires_at = later, .scopes = SCOPES_DEFAULT,
	    .types = WORDS_ALL, .created_at = moment };
	struct store *store = begin();

	ck_assert_int_eq(add(store, hash_b, &key), STORE_OK);
	ck_assert_int_eq(revoke_at(store, "aaaaaaaa", moment), STORE_OK);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_key_use_first(store, "aaaaaaaa", later),
	    STORE_NOT_FOUND);
	ck_assert_int_eq(store_key_use_first(store, "bbbbbbbb", later),
	    STORE_NOT_FOUND);
	ck_assert_int_eq(store_key_use_first(store, "zzzzzzzz", later),
	    STORE_NOT_FOUND);
	ck_assert_int_eq(store_key_use_first(store, "bbbbbbbb", moment),
	    STORE_OK);
	/* That it was used before is noted all the same. */
	ck_assert_int_eq(store_key_use(store, "aaaaaaaa", later), STORE_OK);
	ck_assert_int_eq(store_key_use(store, "zzzzzzzz", later),
	    STORE_NOT_FOUND);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	store_close(store);
}
END_TEST

/* Those of "u" are these, in pages of that many. */
static void
owns(struct store *store, size_t limit, const char *expected)
{
	const struct store_asker asker = { "u", WORDS_ALL };
	struct store_cursor after = { 0 };
	struct store_key_page page;
	struct arena arena = { 0 };
	char text[512] = "";
	size_t i;

	do {
		ck_assert_int_eq(store_key_page(store, &asker, &after, limit,
		    &arena, &page), STORE_OK);
		ck_assert_uint_le(page.count, limit);
		for (i = 0; i < page.count; i++)
			strncat(text, page.keys[i].public_id, 1);
		after = page.next;
	} while (!page.is_last);
	arena_fini(&arena);
	ck_assert_str_eq(text, expected);
}

START_TEST(users_keys_are_listed_newest_first)
{
	static const char *const ids[] = { "dddddddd", "bbbbbbbb",
	    "cccccccc", "eeeeeeee" };
	struct store_key key = { .user = "u", .scopes = SCOPES_DEFAULT,
	    .types = WORDS_ALL, .created_at = moment };
	const struct store_asker asker = { "u", WORDS_ALL };
	unsigned char hash[APIKEY_HASH_LEN] = { 0 };
	struct store *store = begin();
	struct arena arena = { 0 };
	size_t i;

	owns(store, 3, "");
	for (i = 0; i < 4; i++) {
		hash[0] = (unsigned char)i;
		key.public_id = ids[i];
		key.created_at = i == 3 ? later : moment;
		ck_assert_int_eq(add(store, hash, &key), STORE_OK);
	}
	for (i = 1; i <= 5; i++)
		owns(store, i, "edcb");
	ck_assert_int_eq(store_key_own(store, &asker, "cccccccc", &arena,
	    &key), STORE_OK);
	ck_assert_int_eq(store_key_own(store, &asker, "aaaaaaaa", &arena,
	    &key), STORE_NOT_FOUND);
	arena_fini(&arena);
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

/* Those are the keys, in pages of that many. */
static void
has_keys(struct store *store, size_t limit, const char *expected)
{
	struct store_cursor after = { 0 };
	struct store_key_page page;
	struct arena arena = { 0 };
	char text[512] = "";
	const struct store_key *key;
	size_t i, len;

	do {
		ck_assert_int_eq(store_operator_key_page(store, &after, limit,
		    &arena, &page), STORE_OK);
		ck_assert_uint_le(page.count, limit);
		for (i = 0; i < page.count; i++) {
			key = &page.keys[i];
			len = strlen(text);
			snprintf(text + len, sizeof text - len,
			    "%s %s %s %s %s\n", key->public_id, key->user,
			    key->name != NULL ? key->name : "-",
			    key->expires_at != NULL ? key->expires_at : "-",
			    key->revoked_at != NULL ? key->revoked_at : "-");
		}
		after = page.next;
	} while (!page.is_last);
	arena_fini(&arena);
	ck_assert_str_eq(text, expected);
}

START_TEST(keys_are_listed_oldest_first)
{
	const struct store_key older = { .public_id = "zzzzzzzz",
	    .user = "other", .scopes = SCOPES_DEFAULT,
	    .types = WORDS_ALL, .created_at = "2023-01-15T10:30:00.000000",
	    .expires_at = later };
	struct store *store = begin();

	ck_assert_int_eq(add(store, hash_b, &older), STORE_OK);
	has_keys(store, 9,
	    "zzzzzzzz other - 2024-06-01T00:00:00.000000 -\n"
	    "aaaaaaaa user@example.com ci - -\n");
	store_close(store);
}
END_TEST

START_TEST(keys_of_one_moment_are_on_one_page_or_the_next)
{
	static const char expected[] = "aaaaaaaa user@example.com ci - -\n"
	    "bbbbbbbb u - - -\n" "cccccccc u - - -\n" "dddddddd u - - -\n";
	struct store_key key = { .user = "u", .scopes = SCOPES_DEFAULT,
	    .types = WORDS_ALL, .created_at = moment };
	struct store *store = begin();
	unsigned char hash[APIKEY_HASH_LEN] = { 0 };
	static const char *const ids[] = { "dddddddd", "bbbbbbbb",
	    "cccccccc" };
	size_t i;

	for (i = 0; i < 3; i++) {
		hash[0] = (unsigned char)i;
		key.public_id = ids[i];
		ck_assert_int_eq(add(store, hash, &key), STORE_OK);
	}
	for (i = 1; i <= 5; i++)
		has_keys(store, i, expected);
	store_close(store);
}
END_TEST

START_TEST(first_revocation_stays)
{
	struct store *store = begin();

	ck_assert_int_eq(revoke_at(store, "aaaaaaaa", moment), STORE_OK);
	ck_assert_int_eq(revoke_at(store, "aaaaaaaa", later), STORE_OK);
	has_keys(store, 9, "aaaaaaaa user@example.com ci - "
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
		what_took_the_place_of_a_key_is_revoked_with_it,
		key_in_anothers_place_is_new_until_it_is_used,
		key_that_is_no_longer_good_has_no_first_use,
		users_keys_are_listed_newest_first,
		unknown_key_cannot_be_revoked,
		keys_are_listed_oldest_first,
		keys_of_one_moment_are_on_one_page_or_the_next,
		first_revocation_stays,
	};

	return (unit_main("store_key", tests,
	    sizeof tests / sizeof tests[0]));
}
