/*
 * The store in SQLite: opening, making and checking a database. What its rows
 * mean is in store_sqlite_*.c, how the library is spoken to is db.h's.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db_copy.h"
#include "dbfile.h"
#include "log.h"
#include "schema.h"
#include "store_sqlite.h"

struct db *
store_sqlite_db(struct store *store)
{
	return (((struct store_sqlite *)(void *)store)->db);
}

enum store_rc
store_sqlite_finish(struct db_query *query)
{
	enum store_rc rc = db_step(query);

	db_done(query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rc);
}

enum store_rc
store_sqlite_as_read(enum store_rc rc)
{
	return (rc == STORE_OK || rc == STORE_NOT_FOUND ? rc :
	    STORE_UNAVAILABLE);
}

int
store_sqlite_copy(char *to, size_t size, const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);

	if (len >= size)
		return (-1);
	memcpy(to, text == NULL ? "" : text, len + 1);
	return (0);
}

static void
sqlite_close(struct store *store)
{
	db_close(store_sqlite_db(store));
	free(store);
}

static enum store_rc
sqlite_ping(struct store *store)
{
	struct db_query query;
	enum store_rc rc;

	if (!db_is_in_place(store_sqlite_db(store)))
		return (STORE_UNAVAILABLE);
	query = db_query(store_sqlite_db(store), PING);
	rc = db_step(&query);
	db_done(&query);
	return (store_sqlite_as_read(rc));
}

static enum store_rc
sqlite_begin(struct store *store, int timeout_ms)
{
	return (db_begin(store_sqlite_db(store), timeout_ms));
}

static enum store_rc
sqlite_commit(struct store *store)
{
	return (db_commit(store_sqlite_db(store)));
}

static void
sqlite_rollback(struct store *store)
{
	db_rollback(store_sqlite_db(store));
}

static const struct db *
const_db(const struct store *store)
{
	return (((const struct store_sqlite *)(const void *)store)->db);
}

static bool
sqlite_is_same(const struct store *one, const struct store *other)
{
	return (db_is_same(const_db(one), const_db(other)));
}

static bool
sqlite_stamp(struct store *store, struct store_stamp *stamp)
{
	return (db_stamp(store_sqlite_db(store), stamp));
}

static size_t
sqlite_log_size(const struct store *store)
{
	return (db_log_size(const_db(store)));
}

static void
sqlite_checkpoint(struct store *store, size_t log_bytes, enum store_log after)
{
	db_checkpoint(store_sqlite_db(store), log_bytes, after);
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
	struct db_query query = db_query(store_sqlite_db(store),
	    MASTER_KEY_LIST);
	bool all_known = true, has_last = false;
	enum store_rc rc;

	while ((rc = db_step(&query)) == STORE_OK) {
		all_known &= is_known(&query, prints, count);
		has_last |= is_known(&query, &prints[count - 1], 1);
	}
	db_done(&query);
	if (rc != STORE_NOT_FOUND)
		return (store_sqlite_as_read(rc));
	return (all_known && has_last ? STORE_OK : STORE_OTHER_KEY);
}

static enum store_rc
sqlite_backup(struct store *store, const char *path)
{
	return (db_copy(store_sqlite_db(store), path));
}

static enum store_rc
sqlite_check(struct store *store, int (*each)(void *, const char *),
    void *cookie)
{
	struct db_query query = db_query(store_sqlite_db(store), CHECK);
	enum store_rc rc;

	while ((rc = db_step(&query)) == STORE_OK)
		if (strcmp(db_text(&query, 0), "ok") != 0 &&
		    each(cookie, db_text(&query, 0)) != 0)
			break;
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : store_sqlite_as_read(rc));
}

static const struct store_ops sqlite_ops = {
	.close = sqlite_close,
	.is_same = sqlite_is_same,
	.stamp = sqlite_stamp,
	.ping = sqlite_ping,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.log_size = sqlite_log_size,
	.checkpoint = sqlite_checkpoint,
	.keys_check = sqlite_keys_check,
	.key_find = store_sqlite_key_find,
	.key_add = store_sqlite_key_add,
	.key_revoke = store_sqlite_key_revoke,
	.key_list = store_sqlite_key_list,
	.save = store_sqlite_save,
	.integration_list = store_sqlite_integration_list,
	.integration_find = store_sqlite_integration_find,
	.box_count = store_sqlite_box_count,
	.backup = sqlite_backup,
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
	return (store_sqlite_as_read(rc));
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
		rc = store_sqlite_finish(&query);
	}
	return (rc);
}

/* Schema and keys in one transaction: a database has both or neither. */
static enum store_rc
fill(struct db *db, const struct keyring_print *prints, size_t count,
    int timeout_ms)
{
	enum store_rc rc;
	size_t i;

	if ((rc = db_begin(db, timeout_ms)) != STORE_OK)
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
store_sqlite_create(const struct store_conf *conf,
    const struct keyring_print *prints, size_t count)
{
	struct db *db = NULL;
	enum store_rc rc;

	if ((rc = dbfile_make(conf->path)) != STORE_OK)
		return (rc);
	rc = db_open(&db, conf, STORE_WRITE, store_sqlite_sql);
	if (rc == STORE_OK)
		rc = fill(db, prints, count, conf->busy_timeout_ms);
	/* So that a copy of the file alone is a database already. */
	if (rc == STORE_OK)
		db_checkpoint(db, 0, STORE_LOG_TRUNCATE);
	db_close(db);
	if (rc != STORE_OK)
		(void)unlink(conf->path);
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
    enum store_mode mode)
{
	struct store_sqlite *store;
	enum store_rc rc;

	if ((store = calloc(1, sizeof *store)) == NULL) {
		log_error("out of memory while opening %s", conf->path);
		return (STORE_UNAVAILABLE);
	}
	store->store.ops = &sqlite_ops;
	rc = db_open(&store->db, conf, mode,
	    store_sqlite_sql);
	if (rc == STORE_OK)
		rc = check_schema(store->db, conf->path);
	if (rc != STORE_OK) {
		sqlite_close(&store->store);
		return (rc);
	}
	*to = &store->store;
	return (STORE_OK);
}
