/*
 * The store in SQLite: making and opening a database, and transactions. What
 * its rows mean is in sqlite_*.c, how the library is spoken to is db.h's.
 */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "ground/log.h"
#include "store/dbfile.h"
#include "store/sqlite.h"

static void
close_store(struct store *store)
{
	db_close(sqlite_db(store));
	free(store);
}

enum store_rc
sqlite_store_ping(struct store *store)
{
	struct db_query query;
	enum store_rc rc;

	if (!db_is_whole(sqlite_db(store)))
		return (STORE_UNAVAILABLE);
	query = db_query(sqlite_db(store), PING);
	rc = db_step(&query);
	db_done(&query);
	return (sqlite_as_read(rc));
}

enum store_rc
sqlite_store_begin(struct store *store, int timeout_ms)
{
	struct db *db = sqlite_db(store);
	enum store_rc rc = db_begin(db, timeout_ms);

	sqlite_of(store)->head.is_known = false;
	if (rc != STORE_OK)
		return (rc);
	/* What is true of the keys now stays true until the commit. */
	if ((rc = sqlite_refresh(sqlite_of(store))) != STORE_OK)
		db_rollback(db);
	return (rc);
}

enum store_rc
sqlite_store_commit(struct store *store)
{
	sqlite_sweep(sqlite_of(store));
	return (db_commit(sqlite_db(store)));
}

void
sqlite_store_rollback(struct store *store)
{
	db_rollback(sqlite_db(store));
}

static enum store_rc
remember_keys(struct db *db, const struct keyring_print *prints, size_t count)
{
	char now[IDENT_TIME_LEN + 1];
	enum store_rc rc = STORE_OK;
	size_t i;

	ident_time(now, ident_now_us());
	for (i = 0; i < count && rc == STORE_OK; i++)
		rc = sqlite_register(db, &prints[i], now);
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
	if ((rc = sqlite_apply(db)) == STORE_OK)
		rc = remember_keys(db, prints, count);
	return (finish(db, rc));
}

enum store_rc
sqlite_store_create(const struct store_conf *conf,
    const struct keyring_print *prints, size_t count)
{
	struct db *db = NULL;
	enum store_rc rc;

	if ((rc = dbfile_make(conf->path)) != STORE_OK)
		return (rc);
	rc = db_open(&db, conf, STORE_WRITE, sqlite_sql);
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

enum store_rc
sqlite_store_upgrade(struct store *store, int timeout_ms)
{
	struct db *db = sqlite_db(store);
	enum store_rc rc;

	if ((rc = db_begin(db, timeout_ms)) != STORE_OK)
		return (rc);
	return (finish(db, sqlite_apply(db)));
}

#define ENTRY(type, name, parameters, arguments) .name = sqlite_store_##name,
#define ENTRY_PROC(name, parameters, arguments) .name = sqlite_store_##name,

static const struct store_ops sqlite_ops = {
	.close = close_store,
	STORE_OPS(ENTRY, ENTRY_PROC)
	STORE_UPKEEP_OPS(ENTRY, ENTRY_PROC)
};

/* What a store begins with: the right schema, and the keys' states. */
static enum store_rc
look(struct sqlite_store *store, enum store_mode mode)
{
	int has = 0, wants = 0;
	enum store_rc rc;

	if (mode != STORE_UPGRADE)
		return (sqlite_refresh(store));
	rc = sqlite_store_schema(&store->store, &has, &wants);
	if (rc == STORE_OK && (has > wants || has == 0))
		rc = sqlite_check_schema(store->db);
	return (rc);
}

enum store_rc
sqlite_store_open(struct store **to, const struct store_conf *conf,
    enum store_mode mode)
{
	struct sqlite_store *store;
	enum store_rc rc;

	if ((store = calloc(1, sizeof *store)) == NULL) {
		log_error("out of memory while opening %s", conf->path);
		return (STORE_UNAVAILABLE);
	}
	store->store.ops = &sqlite_ops;
	rc = db_open(&store->db, conf, mode, sqlite_sql);
	if (rc == STORE_OK)
		rc = look(store, mode);
	if (rc != STORE_OK) {
		close_store(&store->store);
		return (rc);
	}
	*to = &store->store;
	return (STORE_OK);
}
