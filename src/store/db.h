#ifndef DB_H
#define DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store_types.h"

/*
 * A connection to an SQLite database with the settings that a durable store
 * needs, its prepared statements, and the lock file that guards commits and
 * checkpoints. Everything that the library's own interface is needed for.
 */
struct db;

/*
 * Open a database. sql is the table of statements (NULL ends it), each prepared
 * when it is first used; it outlives the connection.
 */
enum store_rc db_open(struct db **db, const struct store_conf *conf,
    enum store_mode mode, const char *const *sql)
    __attribute__((warn_unused_result));

/* Takes NULL. */
void db_close(struct db *db);

/* For db_copy and db_query: the kind of the library's failure ... */
enum store_rc db_classify(int rc);

/*
 * ... which this logs besides, as what the library was doing; its text may name
 * columns and files, never values; and the library's own connection.
 */
enum store_rc db_complain(struct db *db, int rc, const char *what);
void *db_handle(struct db *db);

/* The library's version, 3040001 for 3.40.1. */
int db_library_version(void);

/* Run statements that return no rows and take no values. */
enum store_rc db_exec(struct db *db, const char *sql)
    __attribute__((warn_unused_result));

/* Its real path, lent. */
const char *db_path(const struct db *db);

/* As dbfile_is_in_place, for the file that is open. */
bool db_is_in_place(struct db *db);

/* The same, and that the database was not written over. Not under the lock. */
bool db_is_whole(struct db *db);

/* The stamp of store.h, after a first read; and how two follow each other. */
bool db_stamp(struct db *db, struct store_stamp *stamp);
bool db_stamp_is_next(const struct store_stamp *before,
    const struct store_stamp *after);

/* Whether two connections are to one and the same file. */
bool db_is_same(const struct db *one, const struct db *other);

/* The transaction, the lock and the checkpoint, as store.h says. */
enum store_rc db_begin(struct db *db, int timeout_ms)
    __attribute__((warn_unused_result));
enum store_rc db_commit(struct db *db) __attribute__((warn_unused_result));
void db_rollback(struct db *db);
size_t db_log_size(const struct db *db);
void db_checkpoint(struct db *db, size_t log_bytes, enum store_log after);

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
