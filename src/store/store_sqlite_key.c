/*
 * API keys in SQLite.
 */
#include "config.h"

#include "ground/log.h"
#include "store/store_sqlite.h"

enum store_rc
store_sqlite_key_find(struct store *store,
    const unsigned char hash[APIKEY_HASH_LEN], struct store_found_key *key)
{
	struct db_query query;
	enum store_rc rc;

	query = db_query(store_sqlite_db(store), KEY_FIND);
	db_bind_blob(&query, hash, APIKEY_HASH_LEN);
	rc = db_step(&query);
	if (rc == STORE_OK) {
		key->is_revoked = db_text(&query, 3) != NULL;
		if (store_sqlite_copy(key->public_id, sizeof key->public_id,
		    db_text(&query, 0)) == -1 ||
		    store_sqlite_copy(key->user, sizeof key->user,
		    db_text(&query, 1)) == -1 ||
		    store_sqlite_copy(key->expires_at, sizeof key->expires_at,
		    db_text(&query, 2)) == -1) {
			log_error("an API key's row does not make sense; run "
			    "strongroom check");
			rc = STORE_UNAVAILABLE;
		}
	}
	db_done(&query);
	return (store_sqlite_as_read(rc));
}

enum store_rc
store_sqlite_key_add(struct store *store,
    const unsigned char hash[APIKEY_HASH_LEN], const struct store_key *key)
{
	struct db_query query = db_query(store_sqlite_db(store), KEY_ADD);

	db_bind_blob(&query, hash, APIKEY_HASH_LEN);
	db_bind_text(&query, key->public_id);
	db_bind_text(&query, key->user);
	db_bind_text(&query, key->name);
	db_bind_text(&query, key->created_at);
	db_bind_text(&query, key->expires_at);
	return (store_sqlite_finish(&query));
}

enum store_rc
store_sqlite_key_revoke(struct store *store, const char *public_id,
    const char *revoked_at)
{
	struct db_query query = db_query(store_sqlite_db(store), KEY_EXISTS);
	enum store_rc rc;

	db_bind_text(&query, public_id);
	rc = db_step(&query);
	db_done(&query);
	if (rc != STORE_OK)
		return (rc);
	query = db_query(store_sqlite_db(store), KEY_REVOKE);
	db_bind_text(&query, revoked_at);
	db_bind_text(&query, public_id);
	return (store_sqlite_finish(&query));
}

enum store_rc
store_sqlite_key_list(struct store *store,
    int (*each)(void *, const struct store_key *), void *cookie)
{
	struct db_query query = db_query(store_sqlite_db(store), KEY_LIST);
	struct store_key key;
	enum store_rc rc;

	while ((rc = db_step(&query)) == STORE_OK) {
		key.public_id = db_text(&query, 0);
		key.user = db_text(&query, 1);
		key.name = db_text(&query, 2);
		key.created_at = db_text(&query, 3);
		key.expires_at = db_text(&query, 4);
		key.revoked_at = db_text(&query, 5);
		if (each(cookie, &key) != 0)
			break;
	}
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : store_sqlite_as_read(rc));
}
