/*
 * The store in SQLite: the closed table of its statements, and what they mean
 * as rows. Refuses to know HTTP, keys and boxes; how the library is spoken to
 * is db.h's.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db.h"
#include "log.h"
#include "schema.h"
#include "store_ops.h"

enum statement {
	PING,
	SCHEMA_VERSION,
	MASTER_KEY_ADD,
	MASTER_KEY_LIST,
	KEY_FIND,
	KEY_ADD,
	KEY_EXISTS,
	KEY_REVOKE,
	KEY_LIST,
	SAVE_FIND,
	SAVE_INSERT,
	SAVE_UPDATE,
	LIST_ALL,
	LIST_OF_USER,
	FIND_ONE,
	CHECK,
	STATEMENTS
};

#define ROW \
	"SELECT integration_id, created_by, unique_identifier, name, " \
	"integration_type, status, active, has_auth_data, has_scope_data, " \
	"created_at, updated_at, metadata, scope_data, auth_data " \
	"FROM integrations "

static const char *const sql[STATEMENTS + 1] = {
	[PING] = "SELECT count(*) FROM master_keys",
	[SCHEMA_VERSION] = "PRAGMA user_version",
	[MASTER_KEY_ADD] = "INSERT INTO master_keys (key_id, purpose, "
	    "fingerprint, created_at) VALUES (?, ?, ?, ?)",
	[MASTER_KEY_LIST] = "SELECT key_id, purpose, fingerprint "
	    "FROM master_keys",
	[KEY_FIND] = "SELECT public_id, user, expires_at, revoked_at "
	    "FROM api_keys WHERE key_hash = ?",
	[KEY_ADD] = "INSERT INTO api_keys (key_hash, public_id, user, name, "
	    "created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
	[KEY_EXISTS] = "SELECT 1 FROM api_keys WHERE public_id = ?",
	[KEY_REVOKE] = "UPDATE api_keys SET revoked_at = "
	    "coalesce(revoked_at, ?) WHERE public_id = ?",
	[KEY_LIST] = "SELECT public_id, user, name, created_at, expires_at, "
	    "revoked_at FROM api_keys ORDER BY created_at, public_id",
	[SAVE_FIND] = "SELECT id, integration_id, integration_type, status, "
	    "active, has_auth_data, has_scope_data, created_at, metadata "
	    "FROM integrations WHERE created_by = ? "
	    "AND unique_identifier = ?",
	[SAVE_INSERT] = "INSERT INTO integrations (integration_id, "
	    "created_by, unique_identifier, name, integration_type, status, "
	    "active, has_auth_data, has_scope_data, created_at, updated_at, "
	    "metadata, scope_data, auth_data) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SAVE_UPDATE] = "UPDATE integrations SET name = ?, status = ?, "
	    "active = ?, has_auth_data = ?, has_scope_data = ?, "
	    "updated_at = ?, metadata = ?, "
	    "scope_data = CASE ? WHEN 0 THEN scope_data ELSE ? END, "
	    "auth_data = CASE ? WHEN 0 THEN auth_data ELSE ? END "
	    "WHERE id = ?",
	[LIST_ALL] = ROW "ORDER BY id",
	[LIST_OF_USER] = ROW "WHERE created_by = ? ORDER BY id",
	[FIND_ONE] = ROW "WHERE integration_id = ?",
	[CHECK] = "PRAGMA integrity_check",
};

struct store_sqlite {
	struct store store;
	struct db *db;
};

static struct db *
db_of(struct store *store)
{
	return (((struct store_sqlite *)(void *)store)->db);
}

/* Step a statement that gives no rows, and release it. */
static enum store_rc
finish(struct db_query *query)
{
	enum store_rc rc = db_step(query);

	db_done(query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rc);
}

/* A failed read is the database being away, whatever the library calls it. */
static enum store_rc
as_read(enum store_rc rc)
{
	return (rc == STORE_OK || rc == STORE_NOT_FOUND ? rc :
	    STORE_UNAVAILABLE);
}

static void
sqlite_close(struct store *store)
{
	db_close(db_of(store));
	free(store);
}

static enum store_rc
sqlite_ping(struct store *store)
{
	struct db_query query = db_query(db_of(store), PING);
	enum store_rc rc = db_step(&query);

	db_done(&query);
	return (as_read(rc));
}

static enum store_rc
sqlite_begin(struct store *store)
{
	return (db_begin(db_of(store)));
}

static enum store_rc
sqlite_commit(struct store *store)
{
	return (db_commit(db_of(store)));
}

static void
sqlite_rollback(struct store *store)
{
	db_rollback(db_of(store));
}

static void
sqlite_checkpoint(struct store *store, size_t log_bytes)
{
	db_checkpoint(db_of(store), log_bytes);
}

/* Whether the row of MASTER_KEY_LIST is one of prints. */
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

static enum store_rc
sqlite_keys_check(struct store *store, const struct keyring_print *prints,
    size_t count)
{
	struct db_query query = db_query(db_of(store), MASTER_KEY_LIST);
	bool all_known = true, has_last = false;
	enum store_rc rc;

	while ((rc = db_step(&query)) == STORE_OK) {
		all_known &= is_known(&query, prints, count);
		has_last |= is_known(&query, &prints[count - 1], 1);
	}
	db_done(&query);
	if (rc != STORE_NOT_FOUND)
		return (as_read(rc));
	return (all_known && has_last ? STORE_OK : STORE_OTHER_KEY);
}

/* Copy a column's text into a fixed array; what does not fit is no value. */
static int
copy_text(char *to, size_t size, const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);

	if (len >= size)
		return (-1);
	memcpy(to, text == NULL ? "" : text, len + 1);
	return (0);
}

static enum store_rc
sqlite_key_find(struct store *store,
    const unsigned char hash[APIKEY_HASH_LEN], struct store_found_key *key)
{
	struct db_query query = db_query(db_of(store), KEY_FIND);
	enum store_rc rc;

	db_bind_blob(&query, hash, APIKEY_HASH_LEN);
	rc = db_step(&query);
	if (rc == STORE_OK) {
		key->is_revoked = db_text(&query, 3) != NULL;
		if (copy_text(key->public_id, sizeof key->public_id,
		    db_text(&query, 0)) == -1 ||
		    copy_text(key->user, sizeof key->user,
		    db_text(&query, 1)) == -1 ||
		    copy_text(key->expires_at, sizeof key->expires_at,
		    db_text(&query, 2)) == -1) {
			log_error("an API key's row does not make sense; run "
			    "strongroom check");
			rc = STORE_UNAVAILABLE;
		}
	}
	db_done(&query);
	return (as_read(rc));
}

static enum store_rc
sqlite_key_add(struct store *store,
    const unsigned char hash[APIKEY_HASH_LEN], const struct store_key *key)
{
	struct db_query query = db_query(db_of(store), KEY_ADD);

	db_bind_blob(&query, hash, APIKEY_HASH_LEN);
	db_bind_text(&query, key->public_id);
	db_bind_text(&query, key->user);
	db_bind_text(&query, key->name);
	db_bind_text(&query, key->created_at);
	db_bind_text(&query, key->expires_at);
	return (finish(&query));
}

static enum store_rc
sqlite_key_revoke(struct store *store, const char *public_id,
    const char *revoked_at)
{
	struct db_query query = db_query(db_of(store), KEY_EXISTS);
	enum store_rc rc;

	db_bind_text(&query, public_id);
	rc = db_step(&query);
	db_done(&query);
	if (rc != STORE_OK)
		return (rc);
	query = db_query(db_of(store), KEY_REVOKE);
	db_bind_text(&query, revoked_at);
	db_bind_text(&query, public_id);
	return (finish(&query));
}

static enum store_rc
sqlite_key_list(struct store *store,
    int (*each)(void *, const struct store_key *), void *cookie)
{
	struct db_query query = db_query(db_of(store), KEY_LIST);
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
	return (rc == STORE_NOT_FOUND ? STORE_OK : as_read(rc));
}

static enum store_rc
insert(struct db *db, const struct integration *row)
{
	struct db_query query = db_query(db, SAVE_INSERT);
	enum store_rc rc;

	db_bind_text(&query, row->integration_id);
	db_bind_text(&query, row->created_by);
	db_bind_text(&query, row->unique_identifier);
	db_bind_text(&query, row->name);
	db_bind_text(&query, row->integration_type);
	db_bind_text(&query, row->status);
	db_bind_int(&query, row->active);
	db_bind_int(&query, row->has_auth_data);
	db_bind_int(&query, row->has_scope_data);
	db_bind_text(&query, row->created_at);
	db_bind_text(&query, row->updated_at);
	db_bind_text(&query, row->metadata);
	db_bind_text(&query, row->scope_data);
	db_bind_blob(&query, row->auth_data, row->auth_data_len);
	rc = finish(&query);
	if (rc == STORE_CONFLICT) {
		log_error("a new integration's identifier is taken already");
		rc = STORE_ROW_FAILED;
	}
	return (rc);
}

static enum store_rc
update(struct db *db, const struct store_save *save, int64_t id)
{
	const struct integration *row = &save->row;
	struct db_query query = db_query(db, SAVE_UPDATE);

	db_bind_text(&query, row->name);
	db_bind_text(&query, row->status);
	db_bind_int(&query, row->active);
	db_bind_int(&query, row->has_auth_data);
	db_bind_int(&query, row->has_scope_data);
	db_bind_text(&query, row->updated_at);
	db_bind_text(&query, row->metadata);
	db_bind_int(&query, save->scope_data_given);
	db_bind_text(&query, row->scope_data);
	db_bind_int(&query, save->auth_data_given);
	db_bind_blob(&query, row->auth_data, row->auth_data_len);
	db_bind_int(&query, id);
	return (finish(&query));
}

/*
 * Let what was not given be what the row of SAVE_FIND has, and keep the texts
 * beyond the row. STORE_ROW_FAILED: the row is none that we write.
 */
static enum store_rc
keep(struct store_save *save, struct db_query *found)
{
	struct integration *row = &save->row;
	const char *metadata = db_text(found, 8), *status = db_text(found, 3);

	if (copy_text(save->kept_integration_id,
	    sizeof save->kept_integration_id, db_text(found, 1)) == -1 ||
	    copy_text(save->kept_created_at, sizeof save->kept_created_at,
	    db_text(found, 7)) == -1 || metadata == NULL || status == NULL)
		goto strange;
	row->integration_id = save->kept_integration_id;
	row->created_at = save->kept_created_at;
	if (!save->status_given)
		row->status = integration_word(integration_statuses, status);
	if (!save->active_given)
		row->active = db_int(found, 4) != 0;
	if (!save->auth_data_given)
		row->has_auth_data = db_int(found, 5) != 0;
	if (!save->scope_data_given)
		row->has_scope_data = db_int(found, 6) != 0;
	if (!save->metadata_given) {
		if ((save->kept_metadata = strdup(metadata)) == NULL) {
			log_error("out of memory while saving");
			return (STORE_ROW_FAILED);
		}
		row->metadata = save->kept_metadata;
	}
	if (row->status != NULL)
		return (STORE_OK);
strange:
	log_error("an integration's row does not make sense; run strongroom "
	    "check");
	return (STORE_ROW_FAILED);
}

static enum store_rc
sqlite_save(struct store *store, struct store_save *save)
{
	struct integration *row = &save->row;
	const char *type;
	struct db_query found;
	enum store_rc rc;
	int64_t id = 0;

	if (save->is_generated)
		return (insert(db_of(store), row));
	found = db_query(db_of(store), SAVE_FIND);
	db_bind_text(&found, row->created_by);
	db_bind_text(&found, row->unique_identifier);
	rc = db_step(&found);
	if (rc == STORE_OK) {
		id = db_int(&found, 0);
		type = db_text(&found, 2) == NULL ? NULL :
		    integration_word(integration_types, db_text(&found, 2));
		if (type == row->integration_type) {
			rc = keep(save, &found);
		} else {
			rc = type == NULL ? STORE_ROW_FAILED :
			    STORE_CONFLICT;
			row->integration_type = type;
		}
	}
	db_done(&found);
	if (rc == STORE_NOT_FOUND)
		return (insert(db_of(store), row));
	return (rc == STORE_OK ? update(db_of(store), save, id) : rc);
}

static void
read_row(struct db_query *query, struct integration *row)
{
	row->integration_id = db_text(query, 0);
	row->created_by = db_text(query, 1);
	row->unique_identifier = db_text(query, 2);
	row->name = db_text(query, 3);
	row->integration_type = db_text(query, 4);
	row->status = db_text(query, 5);
	row->active = db_int(query, 6) != 0;
	row->has_auth_data = db_int(query, 7) != 0;
	row->has_scope_data = db_int(query, 8) != 0;
	row->created_at = db_text(query, 9);
	row->updated_at = db_text(query, 10);
	row->metadata = db_text(query, 11);
	row->scope_data = db_text(query, 12);
	row->auth_data = db_blob(query, 13, &row->auth_data_len);
}

static enum store_rc
sqlite_integration_list(struct store *store, const char *user,
    int (*each)(void *, const struct integration *), void *cookie)
{
	struct db_query query = db_query(db_of(store),
	    user == NULL ? LIST_ALL : LIST_OF_USER);
	struct integration row;
	enum store_rc rc;

	if (user != NULL)
		db_bind_text(&query, user);
	while ((rc = db_step(&query)) == STORE_OK) {
		read_row(&query, &row);
		if (each(cookie, &row) != 0)
			break;
	}
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : as_read(rc));
}

static enum store_rc
sqlite_integration_find(struct store *store, const char *integration_id,
    int (*each)(void *, const struct integration *), void *cookie)
{
	struct db_query query = db_query(db_of(store), FIND_ONE);
	struct integration row;
	enum store_rc rc;

	db_bind_text(&query, integration_id);
	if ((rc = db_step(&query)) == STORE_OK) {
		read_row(&query, &row);
		(void)each(cookie, &row);
	}
	db_done(&query);
	return (as_read(rc));
}

static enum store_rc
sqlite_check(struct store *store, int (*each)(void *, const char *),
    void *cookie)
{
	struct db_query query = db_query(db_of(store), CHECK);
	enum store_rc rc;

	while ((rc = db_step(&query)) == STORE_OK)
		if (strcmp(db_text(&query, 0), "ok") != 0 &&
		    each(cookie, db_text(&query, 0)) != 0)
			break;
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : as_read(rc));
}

static const struct store_ops sqlite_ops = {
	.close = sqlite_close,
	.ping = sqlite_ping,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.checkpoint = sqlite_checkpoint,
	.keys_check = sqlite_keys_check,
	.key_find = sqlite_key_find,
	.key_add = sqlite_key_add,
	.key_revoke = sqlite_key_revoke,
	.key_list = sqlite_key_list,
	.save = sqlite_save,
	.integration_list = sqlite_integration_list,
	.integration_find = sqlite_integration_find,
	.check = sqlite_check,
};

static enum store_rc
schema_version(struct db *db, int64_t *version)
{
	struct db_query query = db_query(db, SCHEMA_VERSION);
	enum store_rc rc = db_step(&query);

	if (rc == STORE_OK)
		*version = db_int(&query, 0);
	db_done(&query);
	return (as_read(rc));
}

static int64_t
newest_version(void)
{
	size_t i = 0;

	while (schema_sqlite[i + 1].sql != NULL)
		i++;
	return (schema_sqlite[i].version);
}

static enum store_rc
remember_keys(struct db *db, const struct keyring_print *prints, size_t count)
{
	char now[IDENT_TIME_LEN + 1];
	struct db_query query;
	enum store_rc rc = STORE_OK;
	size_t i;

	ident_time(now, ident_now_us());
	for (i = 0; i < count && rc == STORE_OK; i++) {
		query = db_query(db, MASTER_KEY_ADD);
		db_bind_int(&query, prints[i].key_id);
		db_bind_text(&query, prints[i].purpose);
		db_bind_blob(&query, prints[i].fingerprint,
		    KEYRING_PRINT_LEN);
		db_bind_text(&query, now);
		rc = finish(&query);
	}
	return (rc);
}

/* Schema and keys in one transaction: a database has both or neither. */
static enum store_rc
fill(struct db *db, const struct keyring_print *prints, size_t count)
{
	enum store_rc rc;
	size_t i;

	if ((rc = db_begin(db)) != STORE_OK)
		return (rc);
	for (i = 0; rc == STORE_OK && schema_sqlite[i].sql != NULL; i++)
		rc = db_exec(db, schema_sqlite[i].sql);
	if (rc == STORE_OK)
		rc = remember_keys(db, prints, count);
	if (rc == STORE_OK)
		return (db_commit(db));
	db_rollback(db);
	return (rc);
}

enum store_rc
store_sqlite_create(const struct store_conf *conf, const char *path,
    const struct keyring_print *prints, size_t count)
{
	struct db *db = NULL;
	enum store_rc rc;

	if ((rc = db_make_file(path)) != STORE_OK)
		return (rc);
	rc = db_open(&db, conf, path, STORE_WRITE, sql);
	if (rc == STORE_OK)
		rc = fill(db, prints, count);
	db_close(db);
	if (rc != STORE_OK)
		(void)unlink(path);
	return (rc);
}

static enum store_rc
check_schema(struct db *db, const char *path)
{
	int64_t version = 0;
	enum store_rc rc = schema_version(db, &version);

	if (rc != STORE_OK || version == newest_version())
		return (rc);
	if (version > newest_version()) {
		log_error("database %s has schema %lld, newer than the %lld of "
		    "this program: install the newer strongroom", path,
		    (long long)version, (long long)newest_version());
		return (STORE_NEWER);
	}
	log_error("database %s is no database of strongroom: run strongroom "
	    "init for a new one", path);
	return (STORE_UNAVAILABLE);
}

enum store_rc
store_sqlite_open(struct store **to, const struct store_conf *conf,
    const char *path, enum store_mode mode)
{
	struct store_sqlite *store;
	enum store_rc rc;

	if ((store = calloc(1, sizeof *store)) == NULL) {
		log_error("out of memory while opening %s", path);
		return (STORE_UNAVAILABLE);
	}
	store->store.ops = &sqlite_ops;
	rc = db_open(&store->db, conf, path, mode, sql);
	if (rc == STORE_OK)
		rc = check_schema(store->db, path);
	if (rc != STORE_OK) {
		sqlite_close(&store->store);
		return (rc);
	}
	*to = &store->store;
	return (STORE_OK);
}
