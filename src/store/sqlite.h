#ifndef SQLITE_H
#define SQLITE_H

/*
 * A connection to an SQLite database: what the files of its driver share, and
 * nobody else includes. Functions do what their namesakes of db.h say.
 */
#include <stdatomic.h>

#include <sqlite3.h>

#include "store/db_driver.h"
#include "store/dbfile.h"
#include "store/lockfile.h"

enum { SQLITE_STATEMENTS_MAX = 96 };

struct sqlite {
	struct db db;
	sqlite3 *handle;
	sqlite3_stmt *stmt[SQLITE_STATEMENTS_MAX];
	sqlite3_stmt *begin;
	sqlite3_stmt *commit;
	struct dbfile file;
	struct lockfile *lock;	/* NULL: for reading only */
	int visit_fd;		/* then the lock file's, or -1 */
	bool is_wal;
	int busy_timeout_ms;
	int log_frames;		/* in the write-ahead log after a commit */
	int log_tried;		/* of them, when not all could be brought in */
	uint64_t page_size;
	const volatile uint32_t *wal_index;	/* mapped by the library */
};

/*
 * The files of a database that was opened just now: see that they are those
 * that others have open. mode as of sqlite_open.
 */
enum store_rc sqlite_join_files(struct sqlite *db, enum store_mode mode)
    __attribute__((warn_unused_result));

/*
 * Under the lock: whether the files are those that were opened, and as we left
 * them; if not, that is logged, and what only the log has is saved if that can
 * be done.
 */
bool sqlite_has_files(struct sqlite *db);

/* The kind of the library's failure ... */
enum store_rc sqlite_classify(int rc);

/*
 * ... which this logs besides, as what the library was doing; its text may name
 * columns and files, never values.
 */
enum store_rc sqlite_complain(struct sqlite *db, int rc, const char *what);

enum store_rc sqlite_open(struct sqlite **db, const struct store_conf *conf,
    enum store_mode mode) __attribute__((warn_unused_result));
void sqlite_close(struct sqlite *db);
enum store_rc sqlite_exec(struct sqlite *db, const char *sql)
    __attribute__((warn_unused_result));

bool sqlite_is_in_place(struct sqlite *db);
bool sqlite_is_whole(struct sqlite *db);
bool sqlite_stamp(struct sqlite *db, struct store_stamp *stamp);
bool sqlite_stamp_is_next(const struct store_stamp *before,
    const struct store_stamp *after);

enum store_rc sqlite_begin(struct sqlite *db, int timeout_ms)
    __attribute__((warn_unused_result));
enum store_rc sqlite_commit(struct sqlite *db)
    __attribute__((warn_unused_result));
void sqlite_rollback(struct sqlite *db);
size_t sqlite_log_size(const struct sqlite *db);
void sqlite_checkpoint(struct sqlite *db, size_t log_bytes,
    enum store_log after);

struct db_query sqlite_query(struct db *db, size_t number);
void sqlite_bind_text(struct db_query *query, const char *text);
void sqlite_bind_blob(struct db_query *query, const void *blob, size_t len);
void sqlite_bind_int(struct db_query *query, int64_t n);
enum store_rc sqlite_step(struct db_query *query)
    __attribute__((warn_unused_result));
const char *sqlite_text(struct db_query *query, int column);
const void *sqlite_blob(struct db_query *query, int column, size_t *len);
int64_t sqlite_int(struct db_query *query, int column);
size_t sqlite_size(struct db_query *query, int column);
void sqlite_done(struct db_query *query);

#endif
