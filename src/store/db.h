#ifndef DB_H
#define DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store_types.h"

/*
 * A connection to a database, whatever keeps it, with the settings that a
 * durable store needs, its prepared statements, and the lock that guards
 * commits. Which library is spoken to, and how, is its driver's (db_driver.h).
 */
struct db;

/*
 * Statements by number, NULL ends each table: those of one number do the same,
 * in the words of each kind of database. One that ends in ON CONFLICT DO
 * NOTHING, and has done nothing, is STORE_CONFLICT, as is a row that cannot be.
 */
struct db_sql {
	const char *const *sqlite;
	const char *const *pgsql;
};

/*
 * Make what a new database needs before it is opened; STORE_CONFLICT: there is
 * one. The second takes that away again.
 */
enum store_rc db_make(const struct store_conf *conf)
    __attribute__((warn_unused_result));
void db_unmake(const struct store_conf *conf);

/*
 * Open a database. Statements are prepared when they are first used; their
 * tables outlive the connection.
 */
enum store_rc db_open(struct db **db, const struct store_conf *conf,
    enum store_mode mode, const struct db_sql *sql)
    __attribute__((warn_unused_result));

/* Takes NULL. */
void db_close(struct db *db);

/* The steps of the schema, the last of them without a text. */
const struct schema_step *db_schema(const struct db *db);

/*
 * The moment that leases and what is out of date are reckoned by, which is one
 * for all who use the database.
 */
int64_t db_now_us(struct db *db);

/* Run statements that return no rows and take no values. */
enum store_rc db_exec(struct db *db, const char *sql)
    __attribute__((warn_unused_result));

/* Its real path, or what else it is known by, lent. */
const char *db_path(const struct db *db);

/* Whether its files are those that were opened: store_is_in_place. */
bool db_is_in_place(struct db *db);

/* The same, and that the database was not written over. Not under the lock. */
bool db_is_whole(struct db *db);

/* The stamp of store.h, after a first read; and how two follow each other. */
bool db_stamp(struct db *db, struct store_stamp *stamp);
bool db_stamp_is_next(const struct db *db, const struct store_stamp *before,
    const struct store_stamp *after);

/* Whether two connections are to one and the same database. */
bool db_is_same(const struct db *one, const struct db *other);

/*
 * The transaction, the lock and the checkpoint, as store.h says. While it
 * begins ask is called, if it is not NULL: what it asks for by db_ahead comes
 * with the lock.
 */
enum store_rc db_begin(struct db *db, int timeout_ms,
    void (*ask)(void *cookie), void *cookie)
    __attribute__((warn_unused_result));
enum store_rc db_commit(struct db *db) __attribute__((warn_unused_result));
void db_rollback(struct db *db);

/*
 * After a statement or a commit that has failed: whether the fault may be that
 * of a statement before it, by db_put_off; whether nobody knows if the
 * transaction was committed.
 */
bool db_has_failed_late(const struct db *db);
bool db_is_unsure(const struct db *db);
size_t db_log_size(const struct db *db);
void db_checkpoint(struct db *db, size_t log_bytes, enum store_log after);

/* Copies, as store_backup and store_backup_open say. */
enum store_rc db_copy(struct db *db, const char *path)
    __attribute__((warn_unused_result));
enum store_rc db_copy_open(struct db *db, int *fd)
    __attribute__((warn_unused_result));

/*
 * Use statement number of the table: bind its values from 1 on (they must
 * outlive the last step), step through its rows, reset it. A text, blob or
 * column that is NULL stands for SQL's NULL.
 */
struct db_query {
	struct db *db;
	void *stmt;		/* NULL: it could not be prepared */
	int bound;
	enum store_rc rc;
};
struct db_query db_query(struct db *db, size_t number);
void db_bind_text(struct db_query *query, const char *text);
void db_bind_blob(struct db_query *query, const void *blob, size_t len);
void db_bind_int(struct db_query *query, int64_t n);

/* STORE_OK: a row is there; STORE_NOT_FOUND: no more; else the failure. */
enum store_rc db_step(struct db_query *query)
    __attribute__((warn_unused_result));

/*
 * Instead of db_step and db_done, in a transaction, where a database is a trip
 * away. Ahead: a statement that gives one row at most will be asked with these
 * values; what it has found by now is kept for that. Whatever is changed
 * meanwhile but by db_put_off makes what was kept be forgotten. Put off: a
 * statement changes something, but no row that was asked for and not taken
 * yet; it may fail as late as at the commit.
 */
void db_ahead(struct db_query *query);
enum store_rc db_put_off(struct db_query *query)
    __attribute__((warn_unused_result));

/* Columns of the row, from 0 on; lent until the next step or db_done. */
const char *db_text(struct db_query *query, int column);
const void *db_blob(struct db_query *query, int column, size_t *len);
int64_t db_int(struct db_query *query, int column);

/* The bytes of a text or blob column; a text's without the NUL. */
size_t db_size(struct db_query *query, int column);

/* Release the statement; rows that the last change touched. */
void db_done(struct db_query *query);
int64_t db_changes(struct db *db);

#endif
