/*
 * Master keys: which there are, and in which state. Refuses to know
 * the keys themselves.
 */
#include "config.h"

#include <string.h>

#include "ground/log.h"
#include "secrets/vault.h"
#include "store/rows.h"

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
store_keys_check(struct store *store,
    const struct keyring_print *prints, size_t count)
{
	struct db_query query = db_query(store->db,
	    MASTER_KEY_PRINTS);
	bool all_known = true;
	size_t keys = 0;
	enum store_rc rc;

	for (; (rc = db_step(&query)) == STORE_OK; keys++)
		all_known &= is_known(&query, prints, count);
	db_done(&query);
	if (rc != STORE_NOT_FOUND)
		return (rows_as_read(rc));
	return (all_known && keys > 1 ? STORE_OK : STORE_OTHER_KEY);
}

void
rows_ask_version(struct store *store)
{
	struct db_query query = db_query(store->db, DATA_VERSION);

	db_ahead(&query);
}

static enum store_rc
read_data_version(struct db *db, int64_t *version)
{
	struct db_query query = db_query(db, DATA_VERSION);
	enum store_rc rc = db_step(&query);

	if (rc == STORE_OK)
		*version = db_int(&query, 0);
	db_done(&query);
	return (rows_as_read(rc));
}

static enum store_rc
read_states(struct db *db, struct rows_keys *keys)
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
		return (rows_as_read(rc));
	if (rc == STORE_NOT_FOUND && keys->active != 0)
		return (STORE_OK);
	log_error("database %s has no active master key, or too many keys; "
	    "restore a backup", db_path(db));
	return (STORE_UNAVAILABLE);
}

/* The version comes first: what is read after it is not older. */
enum store_rc
rows_refresh(struct store *store)
{
	struct rows_keys keys = { 0 };
	enum store_rc rc;

	rc = read_data_version(store->db, &keys.data_version);
	if (rc != STORE_OK || (store->keys.is_known &&
	    store->keys.data_version == keys.data_version))
		return (rc);
	if ((rc = rows_check_schema(store->db)) != STORE_OK ||
	    (rc = read_states(store->db, &keys)) != STORE_OK)
		return (rc);
	store->keys = keys;
	store->keys.is_known = true;
	return (STORE_OK);
}

static const struct rows_keys *
keys_of(const struct store *store)
{
	return (&store->keys);
}

bool
rows_takes(const struct store *store, const struct store_save *save)
{
	const struct rows_keys *keys = keys_of(store);
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
store_active_key(const struct store *store)
{
	return (keys_of(store)->active);
}

static struct store_master_key *
copy_key(struct db_query *query, struct arena *arena)
{
	struct store_master_key *key = rows_array(arena, 1, sizeof *key);

	if (key == NULL)
		return (NULL);
	*key = (struct store_master_key){
	    .key_id = (uint32_t)db_int(query, 0),
	    .state = rows_text(query, 1, arena),
	    .created_at = rows_text(query, 2, arena),
	    .state_since = rows_text(query, 3, arena)
	};
	if (key->state != NULL && key->created_at != NULL &&
	    key->state_since != NULL)
		return (key);
	log_error("a master key cannot be read: memory is short, or its row "
	    "is damaged; see strongroom check");
	return (NULL);
}

enum store_rc
store_master_key_list(struct store *store, struct arena *arena,
    struct store_master_key **keys)
{
	struct store_master_key **last = keys;
	struct db_query query;
	enum store_rc rc;

	arena_fini(arena);
	*keys = NULL;
	query = db_query(store->db, MASTER_KEY_LIST);
	while ((rc = db_step(&query)) == STORE_OK) {
		if ((*last = copy_key(&query, arena)) == NULL) {
			rc = STORE_UNAVAILABLE;
			break;
		}
		last = &(*last)->next;
	}
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rows_as_read(rc));
}

enum store_rc
store_master_key_find(struct store *store, uint32_t key_id,
    char state[STORE_STATE_MAX + 1])
{
	struct db_query query = db_query(store->db,
	    MASTER_KEY_FIND);
	enum store_rc rc;

	db_bind_int(&query, key_id);
	rc = db_step(&query);
	if (rc == STORE_OK && rows_copy(state, STORE_STATE_MAX + 1,
	    db_text(&query, 0)) == -1)
		rc = STORE_UNAVAILABLE;
	db_done(&query);
	return (rows_as_read(rc));
}

enum store_rc
rows_register(struct db *db, const struct keyring_print *print,
    const char *now)
{
	struct db_query query = db_query(db, MASTER_KEY_STEP_DOWN);
	enum store_rc rc;

	db_bind_text(&query, now);
	db_bind_text(&query, print->purpose);
	if ((rc = rows_finish(&query)) != STORE_OK)
		return (rc);
	query = db_query(db, MASTER_KEY_ADD);
	db_bind_int(&query, print->key_id);
	db_bind_text(&query, print->purpose);
	db_bind_blob(&query, print->fingerprint, KEYRING_PRINT_LEN);
	db_bind_text(&query, now);
	return (rows_finish(&query));
}

enum store_rc
store_master_key_add(struct store *store,
    const struct keyring_print *print, const char *now)
{
	/* A connection's own changes do not change its data_version. */
	store->keys.is_known = false;
	return (rows_register(store->db, print, now));
}

enum store_rc
store_master_key_mark(struct store *store, uint32_t key_id,
    const char *state, const char *now)
{
	struct db *db = store->db;
	struct db_query query = db_query(db, MASTER_KEY_MARK);
	enum store_rc rc;

	store->keys.is_known = false;
	db_bind_text(&query, state);
	db_bind_text(&query, now);
	db_bind_int(&query, key_id);
	if ((rc = rows_finish(&query)) != STORE_OK)
		return (rc);
	return (db_changes(db) == 1 ? STORE_OK : STORE_NOT_FOUND);
}
