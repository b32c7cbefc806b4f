/*
 * Master keys in SQLite: which there are, in which state, and the boxes under
 * them. Refuses to know the keys themselves.
 */
#include "config.h"

#include <string.h>

#include "ground/log.h"
#include "store/store_sqlite.h"
#include "secrets/vault.h"

/* Whether the row of MASTER_KEY_PRINTS is one of prints. */
static bool
is_known(struct db_query *query, const struct keyring_print *prints,
    size_t count)
{
	const char *purpose = db_text(query, 1);
	const void *fingerprint;
	size_t i, len;

	fingerprint = db_blob(query, 2, &len);
	if (purpose == NULL || fingerprint == NULL || len != KEYRING_PRINT_LEN)
		return (false);
	for (i = 0; i < count; i++)
		if (prints[i].key_id == db_int(query, 0) &&
		    strcmp(prints[i].purpose, purpose) == 0 &&
		    memcmp(prints[i].fingerprint, fingerprint, len) == 0)
			return (true);
	return (false);
}

enum store_rc
store_sqlite_keys_check(struct store *store,
    const struct keyring_print *prints, size_t count)
{
	struct db_query query = db_query(store_sqlite_db(store),
	    MASTER_KEY_PRINTS);
	bool all_known = true;
	size_t keys = 0;
	enum store_rc rc;

	for (; (rc = db_step(&query)) == STORE_OK; keys++)
		all_known &= is_known(&query, prints, count);
	db_done(&query);
	if (rc != STORE_NOT_FOUND)
		return (store_sqlite_as_read(rc));
	return (all_known && keys > 1 ? STORE_OK : STORE_OTHER_KEY);
}

static enum store_rc
read_data_version(struct db *db, int64_t *version)
{
	struct db_query query = db_query(db, DATA_VERSION);
	enum store_rc rc = db_step(&query);

	if (rc == STORE_OK)
		*version = db_int(&query, 0);
	db_done(&query);
	return (store_sqlite_as_read(rc));
}

static enum store_rc
read_states(struct db *db, struct store_sqlite_keys *keys)
{
	struct db_query query = db_query(db, MASTER_KEY_STATES);
	enum store_rc rc;

	while ((rc = db_step(&query)) == STORE_OK &&
	    keys->count < KEYRING_MAX) {
		keys->in_use[keys->count] = (uint32_t)db_int(&query, 0);
		if (db_int(&query, 1) != 0)
			keys->active = keys->in_use[keys->count];
		keys->count++;
	}
	db_done(&query);
	if (rc != STORE_NOT_FOUND && rc != STORE_OK)
		return (store_sqlite_as_read(rc));
	if (rc == STORE_NOT_FOUND && keys->active != 0)
		return (STORE_OK);
	log_error("database %s has no active master key, or too many keys; "
	    "restore a backup", db_path(db));
	return (STORE_UNAVAILABLE);
}

/* The version comes first: what is read after it is not older. */
enum store_rc
store_sqlite_refresh(struct store_sqlite *store)
{
	struct store_sqlite_keys keys = { 0 };
	enum store_rc rc;

	rc = read_data_version(store->db, &keys.data_version);
	if (rc != STORE_OK || (store->keys.is_known &&
	    store->keys.data_version == keys.data_version))
		return (rc);
	if ((rc = store_sqlite_check_schema(store->db)) != STORE_OK ||
	    (rc = read_states(store->db, &keys)) != STORE_OK)
		return (rc);
	store->keys = keys;
	store->keys.is_known = true;
	return (STORE_OK);
}

static const struct store_sqlite_keys *
keys_of(const struct store *store)
{
	return (&((const struct store_sqlite *)(const void *)store)->keys);
}

bool
store_sqlite_takes(const struct store *store, const struct store_save *save)
{
	const struct store_sqlite_keys *keys = keys_of(store);
	uint32_t key_id = vault_key_id(save->row.auth_data,
	    save->row.auth_data_len);
	size_t i;

	if (key_id == 0 || key_id == keys->active)
		return (true);
	for (i = 0; i < keys->count; i++)
		if (keys->in_use[i] == key_id)
			return (save->old_key_will_do);
	return (false);
}

uint32_t
store_sqlite_active_key(const struct store *store)
{
	return (keys_of(store)->active);
}

enum store_rc
store_sqlite_master_key_list(struct store *store,
    int (*each)(void *, const struct store_master_key *), void *cookie)
{
	struct db_query query = db_query(store_sqlite_db(store),
	    MASTER_KEY_LIST);
	struct store_master_key key;
	enum store_rc rc;

	while ((rc = db_step(&query)) == STORE_OK) {
		key.key_id = (uint32_t)db_int(&query, 0);
		key.state = db_text(&query, 1);
		key.created_at = db_text(&query, 2);
		key.state_since = db_text(&query, 3);
		if (each(cookie, &key) != 0)
			break;
	}
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : store_sqlite_as_read(rc));
}

enum store_rc
store_sqlite_master_key_find(struct store *store, uint32_t key_id,
    char state[STORE_STATE_MAX + 1])
{
	struct db_query query = db_query(store_sqlite_db(store),
	    MASTER_KEY_FIND);
	enum store_rc rc;

	db_bind_int(&query, key_id);
	rc = db_step(&query);
	if (rc == STORE_OK && store_sqlite_copy(state, STORE_STATE_MAX + 1,
	    db_text(&query, 0)) == -1)
		rc = STORE_UNAVAILABLE;
	db_done(&query);
	return (store_sqlite_as_read(rc));
}

enum store_rc
store_sqlite_register(struct db *db, const struct keyring_print *print,
    const char *now)
{
	struct db_query query = db_query(db, MASTER_KEY_STEP_DOWN);
	enum store_rc rc;

	db_bind_text(&query, now);
	db_bind_text(&query, print->purpose);
	if ((rc = store_sqlite_finish(&query)) != STORE_OK)
		return (rc);
	query = db_query(db, MASTER_KEY_ADD);
	db_bind_int(&query, print->key_id);
	db_bind_text(&query, print->purpose);
	db_bind_blob(&query, print->fingerprint, KEYRING_PRINT_LEN);
	db_bind_text(&query, now);
	return (store_sqlite_finish(&query));
}

enum store_rc
store_sqlite_master_key_add(struct store *store,
    const struct keyring_print *print, const char *now)
{
	/* A connection's own changes do not change its data_version. */
	store_sqlite_of(store)->keys.is_known = false;
	return (store_sqlite_register(store_sqlite_db(store), print, now));
}

enum store_rc
store_sqlite_master_key_mark(struct store *store, uint32_t key_id,
    const char *state, const char *now)
{
	struct db *db = store_sqlite_db(store);
	struct db_query query = db_query(db, MASTER_KEY_MARK);
	enum store_rc rc;

	store_sqlite_of(store)->keys.is_known = false;
	db_bind_text(&query, state);
	db_bind_text(&query, now);
	db_bind_int(&query, key_id);
	if ((rc = store_sqlite_finish(&query)) != STORE_OK)
		return (rc);
	return (db_changes(db) == 1 ? STORE_OK : STORE_NOT_FOUND);
}

/* The id as it stands in a box: vault.h. */
static void
put_id(unsigned char to[4], uint32_t key_id)
{
	to[0] = (unsigned char)(key_id >> 24);
	to[1] = (unsigned char)(key_id >> 16);
	to[2] = (unsigned char)(key_id >> 8);
	to[3] = (unsigned char)key_id;
}

enum store_rc
store_sqlite_box_list(struct store *store, uint32_t key_id, int64_t after,
    int (*each)(void *, const struct store_box *), void *cookie)
{
	struct db_query query = db_query(store_sqlite_db(store), BOX_LIST);
	struct store_box box;
	unsigned char id[4];
	enum store_rc rc;

	put_id(id, key_id);
	db_bind_int(&query, after);
	db_bind_blob(&query, id, sizeof id);
	while ((rc = db_step(&query)) == STORE_OK) {
		box.row = db_int(&query, 0);
		box.integration_id = db_text(&query, 1);
		box.created_by = db_text(&query, 2);
		box.unique_identifier = db_text(&query, 3);
		box.box = db_blob(&query, 4, &box.len);
		if (each(cookie, &box) != 0)
			break;
	}
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : store_sqlite_as_read(rc));
}

enum store_rc
store_sqlite_box_replace(struct store *store, const struct store_box *was,
    const void *box, size_t len)
{
	struct db *db = store_sqlite_db(store);
	struct db_query query = db_query(db, BOX_REPLACE);
	enum store_rc rc;

	db_bind_blob(&query, box, len);
	db_bind_int(&query, was->row);
	db_bind_blob(&query, was->box, was->len);
	if ((rc = store_sqlite_finish(&query)) != STORE_OK)
		return (rc);
	return (db_changes(db) == 1 ? STORE_OK : STORE_NOT_FOUND);
}
