#ifndef DB_PARTS_H
#define DB_PARTS_H

/* What the files of db share of a connection. No one else includes this. */
#include <stdatomic.h>

#include <sqlite3.h>

#include "store/db.h"
#include "store/dbfile.h"
#include "store/lockfile.h"

enum { DB_STATEMENTS_MAX = 96 };

struct db {
	sqlite3 *handle;
	const char *const *sql;
	sqlite3_stmt *stmt[DB_STATEMENTS_MAX];
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
 * that others have open. mode as of db_open.
 */
enum store_rc db_join_files(struct db *db, enum store_mode mode)
    __attribute__((warn_unused_result));

/*
 * Under the lock: whether the files are those that were opened, and as we left
 * them; if not, that is logged, and what only the log has is saved if it can be.
 */
bool db_has_files(struct db *db);

#endif
