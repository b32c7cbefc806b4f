/*
 * The store in SQLite: opening, making and checking a database. What its rows
 * mean is in store_sqlite_*.c, how the library is spoken to is db.h's.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/db_copy.h"
#include "store/dbfile.h"
#include "ground/log.h"
#include "store/store_sqlite.h"

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
	struct db *db = store_sqlite_db(store);
	enum store_rc rc = db_begin(db, timeout_ms);

	if (rc != STORE_OK)
		return (rc);
	/* What is true of the keys now stays true until the commit. */
	if ((rc = store_sqlite_refresh(store_sqlite_of(store))) != STORE_OK)
		db_rollback(db);
	return (rc);
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

static enum store_rc
remember_keys(struct db *db, const struct keyring_print *prints, size_t count)
{
	char now[IDENT_TIME_LEN + 1];
	enum store_rc rc = STORE_OK;
	size_t i;

	ident_time(now, ident_now_us());
	for (i = 0; i < count && rc == STORE_OK; i++)
		rc = store_sqlite_register(db, &prints[i], now);
	return (rc);
}

static enum store_rc
finish(struct db *db, enum store_rc rc)
{
	if (rc == STORE_OK)
		return (db_commit(db));
	db_rollback(db);
	return (rc);
}

/* Schema and keys in one transaction: a database has both or neither. */
static enum store_rc
fill(struct db *db, const struct keyring_print *prints, size_t count,
    int timeout_ms)
{
	enum store_rc rc;

	if ((rc = db_begin(db, timeout_ms)) != STORE_OK)
		return (rc);
	if ((rc = store_sqlite_apply(db)) == STORE_OK)
		rc = remember_keys(db, prints, count);
	return (finish(db, rc));
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
sqlite_upgrade(struct store *store, int timeout_ms)
{
	struct db *db = store_sqlite_db(store);
	enum store_rc rc;

	if ((rc = db_begin(db, timeout_ms)) != STORE_OK)
		return (rc);
	return (finish(db, store_sqlite_apply(db)));
}

static const struct store_ops sqlite_ops = {
	.close = sqlite_close,
	.is_same = sqlite_is_same,
	.stamp = sqlite_stamp,
	.stamp_is_next = db_stamp_is_next,
	.ping = sqlite_ping,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.log_size = sqlite_log_size,
	.checkpoint = sqlite_checkpoint,
	.schema = store_sqlite_schema,
	.upgrade = sqlite_upgrade,
	.keys_check = store_sqlite_keys_check,
	.active_key = store_sqlite_active_key,
	.master_key_list = store_sqlite_master_key_list,
	.master_key_find = store_sqlite_master_key_find,
	.master_key_add = store_sqlite_master_key_add,
	.master_key_mark = store_sqlite_master_key_mark,
	.box_list = store_sqlite_box_list,
	.box_replace = store_sqlite_box_replace,
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

/* What a store begins with: the right schema, and the keys' states. */
static enum store_rc
look(struct store_sqlite *store, enum store_mode mode)
{
	int has, wants;
	enum store_rc rc;

	if (mode != STORE_UPGRADE)
		return (store_sqlite_refresh(store));
	rc = store_sqlite_schema(&store->store, &has, &wants);
	if (rc == STORE_OK && (has > wants || has == 0))
		rc = store_sqlite_check_schema(store->db);
	return (rc);
}

int
store_sqlite_library_version(void)
{
	return (db_library_version());
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
	rc = db_open(&store->db, conf, mode, store_sqlite_sql);
	if (rc == STORE_OK)
		rc = look(store, mode);
	if (rc != STORE_OK) {
		sqlite_close(&store->store);
		return (rc);
	}
	*to = &store->store;
	return (STORE_OK);
}
