#ifndef UNIT_KEYS_H
#define UNIT_KEYS_H

/* For tests of the life of API keys. */
#include "ground/scope.h"
#include "ground/words.h"
#include "store/store_key.h"
#include "unit/unit_store.h"

static const char unit_made[] = "2024-01-15T10:30:00.000000";

/* A store with one key, of "user", under that hash. */
static inline void
unit_keep_key(struct store *store, unsigned char hash0,
    const struct store_key *key)
{
	const unsigned char hash[APIKEY_HASH_LEN] = { hash0 };

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_key_add(store, hash, key), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
}

static inline struct store_key
unit_a_key(const char *public_id)
{
	return ((struct store_key){ .public_id = public_id, .user = "user",
	    .created_at = unit_made, .scopes = SCOPES_DEFAULT,
	    .types = WORDS_ALL });
}

/* Note that a key is used, in a transaction of its own. */
static inline void
unit_use_key(struct store *store, const char *public_id, const char *at)
{
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_key_use(store, public_id, at), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
}

/* One member of a key of user's is that text; NULL: none. */
#define unit_key_has(store, id, member, text) do { \
	const struct store_asker asker_ = { "user", WORDS_ALL }; \
	struct arena arena_ = { 0 }; \
	struct store_key key_; \
	ck_assert_int_eq(store_key_own(store, &asker_, id, &arena_, &key_), \
	    STORE_OK); \
	ck_assert_pstr_eq(key_.member, text); \
	arena_fini(&arena_); \
} while (0)

#endif
