/*
 * The store in SQLite: making and opening a database, and transactions. What
 * its rows mean is in rows_*.c, how the library is spoken to is db.h's.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "ground/log.h"
#include "store/rows.h"

const struct db_sql rows_sql = { sqlite_sql, pgsql_sql };

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	db_close(store->db);
	free(store);
}

enum store_rc
store_ping(struct store *store)
{
	struct db_query query;
	enum store_rc rc;

	if (!db_is_whole(store->db))
		return (STORE_UNAVAILABLE);
	query = db_query(store->db, PING);
	rc = db_step(&query);
	db_done(&query);
	/* Where it was moved from here, it answers nobody any more. */
	if (rc == STORE_OK)
		rc = rows_refresh(store);
	return (rows_as_read(rc));
}

/* What is asked with the lock, and by whom else. */
struct asking {
	struct store *store;
	void (*ask)(struct store *, void *);
	void *cookie;
};

static void
ask_all(void *cookie)
{
	struct asking *asking = cookie;

	rows_ask_version(asking->store);
	rows_ask_head(asking->store);
	rows_ask_due(asking->store);
	if (asking->ask != NULL)
		asking->ask(asking->store, asking->cookie);
}

enum store_rc
store_begin(struct store *store, int timeout_ms)
{
	return (store_begin_asking(store, timeout_ms, NULL, NULL));
}

enum store_rc
store_begin_asking(struct store *store, int timeout_ms,
    void (*ask)(struct store *store, void *cookie), void *cookie)
{
	struct asking asking = { store, ask, cookie };
	struct db *db = store->db;
	enum store_rc rc = db_begin(db, timeout_ms, ask_all, &asking);

	store->head = (struct rows_head){ .is_known = false };
	if (rc != STORE_OK)
		return (rc);
	/* What is true of the keys now stays true until the commit. */
	if ((rc = rows_refresh(store)) != STORE_OK)
		db_rollback(db);
	return (rc);
}

enum store_rc
store_commit(struct store *store)
{
	enum store_rc rc = STORE_BUSY;

	store->is_undone = !rows_sweep(store);
	if (store->is_undone)
		db_rollback(store->db);
	else
		rc = db_commit(store->db);
	store->unsure = (struct rows_head){ .is_known = false };
	if (rc != STORE_OK && db_is_unsure(store->db) && store->head.is_new)
		store->unsure = store->head;
	return (rc);
}

bool
store_has_failed_late(const struct store *store)
{
	return (db_has_failed_late(store->db));
}

bool
store_is_undone(const struct store *store)
{
	return (store->is_undone);
}

bool
store_is_unsure(const struct store *store)
{
	return (store->unsure.is_known);
}

void
store_rollback(struct store *store)
{
	db_rollback(store->db);
}

/*
 * The row of the audit that was the last of the transaction tells, for all of
 * it is there or nothing, and the lock means that it has ended. That it is as
 * durable as any is what the next commit behind it says.
 */
enum store_rc
store_recall(struct store *store, int timeout_ms)
{
	struct db_query query;
	enum store_rc rc;

	assert(store->unsure.is_known);
	if ((rc = db_begin(store->db, timeout_ms, NULL, NULL)) != STORE_OK)
		return (rc);
	rc = rows_has_audit(store->db, &store->unsure);
	if (rc == STORE_OK) {
		query = db_query(store->db, TOUCH);
		rc = rows_finish(&query);
	}
	if (rc == STORE_OK)
		return (db_commit(store->db));
	store_rollback(store);
	return (rc);
}

static enum store_rc
remember_keys(struct db *db, const struct keyring_print *prints, size_t count)
{
	char now[IDENT_TIME_LEN + 1];
	enum store_rc rc = STORE_OK;
	size_t i;

	ident_time(now, ident_now_us());
	for (i = 0; i < count && rc == STORE_OK; i++)
		rc = rows_register(db, &prints[i], now);
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

	if ((rc = db_begin(db, timeout_ms, NULL, NULL)) != STORE_OK)
		return (rc);
	if ((rc = rows_apply_all(db)) == STORE_OK)
		rc = remember_keys(db, prints, count);
	return (finish(db, rc));
}

enum store_rc
store_create(const struct store_conf *conf,
    const struct keyring_print *prints, size_t count)
{
	struct db *db = NULL;
	enum store_rc rc;

	if ((rc = db_make(conf)) != STORE_OK)
		return (rc);
	rc = db_open(&db, conf, STORE_WRITE, &rows_sql);
	if (rc == STORE_OK)
		rc = fill(db, prints, count, conf->busy_timeout_ms);
	/* So that a copy of the file alone is a database already. */
	if (rc == STORE_OK)
		db_checkpoint(db, 0, STORE_LOG_TRUNCATE);
	db_close(db);
	if (rc != STORE_OK)
		db_unmake(conf);
	return (rc);
}

enum store_rc
store_upgrade(struct store *store, int timeout_ms)
{
	struct db *db = store->db;
	enum store_rc rc;

	if ((rc = db_begin(db, timeout_ms, NULL, NULL)) != STORE_OK)
		return (rc);
	return (finish(db, rows_apply(db)));
}

/* What a store begins with: the right schema, and the keys' states. */
static enum store_rc
look(struct store *store, enum store_mode mode)
{
	int has = 0, wants = 0;
	enum store_rc rc;

	if (mode != STORE_UPGRADE)
		return (rows_refresh(store));
	rc = store_schema(store, &has, &wants);
	if (rc == STORE_OK && (has > wants || has == 0))
		rc = rows_check_schema(store->db);
	return (rc);
}

enum store_rc
store_open(struct store **to, const struct store_conf *conf,
    enum store_mode mode)
{
	struct store *store;
	enum store_rc rc;

	if ((store = calloc(1, sizeof *store)) == NULL) {
		log_error("out of memory while opening %s", conf->path);
		return (STORE_UNAVAILABLE);
	}
	rc = db_open(&store->db, conf, mode, &rows_sql);
	if (rc == STORE_OK)
		rc = look(store, mode);
	if (rc != STORE_OK) {
		store_close(store);
		return (rc);
	}
	*to = store;
	return (STORE_OK);
}

void
store_complain_busy(void (*say)(const char *, ...), int waited_ms)
{
	say("the database's lock was not had in %d ms: another process holds "
	    "it", waited_ms);
}

int64_t
store_boxes_under(const struct store_box_counts *counts, uint32_t key_id)
{
	size_t i;

	for (i = 0; i < counts->count; i++)
		if (counts->of[i].key_id == key_id)
			return (counts->of[i].boxes);
	return (0);
}
