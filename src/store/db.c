/*
 * SQLite connections: settings, statements, the lock rule. With db_copy.c the
 * only file that sees sqlite3.h. Knows no table.
 *
 * The lock rule: SQLite before 3.51.3 can lose committed rows when a
 * checkpoint races a commit of another connection (sqlite.org/wal.html,
 * "walresetbug"). So no connection checkpoints by itself, and one flock(2) on
 * <database>.lock is held around every committing transaction and every
 * checkpoint, in every process.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "ground/conf.h"
#include "store/db.h"
#include "store/dbfile.h"
#include "store/lockfile.h"
#include "ground/log.h"
#include "ground/number.h"

enum { STATEMENTS_MAX = 48, PRAGMA_MAX = 32 };

struct db {
	sqlite3 *handle;
	const char *const *sql;
	sqlite3_stmt *stmt[STATEMENTS_MAX];
	sqlite3_stmt *begin;
	sqlite3_stmt *commit;
	struct dbfile file;
	struct lockfile *lock;	/* NULL: for reading only */
	bool is_wal;
	int busy_timeout_ms;
	int log_frames;		/* in the write-ahead log after a commit */
	uint64_t page_size;
	const volatile uint32_t *wal_index;	/* mapped by the library */
};

/* The WAL-index header, twice, in words (sqlite.org/walformat.html). */
enum { HEADER_WORDS = 12, CHANGE_WORD = 2, IS_INIT_WORD = 3 };

enum store_rc
db_classify(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
		return (STORE_OK);
	case SQLITE_DONE:
		return (STORE_NOT_FOUND);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return (STORE_BUSY);
	case SQLITE_FULL:
		return (STORE_FULL);
	case SQLITE_CONSTRAINT:
		return (STORE_CONFLICT);
	case SQLITE_CANTOPEN:
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return (STORE_UNAVAILABLE);
	default:
		return (STORE_WRITE_FAILED);
	}
}

enum store_rc
db_complain(struct db *db, int rc, const char *what)
{
	enum store_rc kind = db_classify(rc);

	log_error("database %s: %s: %s (%d, errno %d)%s", db->file.path, what,
	    sqlite3_errstr(rc), rc,
	    db->handle != NULL ? sqlite3_system_errno(db->handle) : 0,
	    kind == STORE_FULL ? "; make room on its file system" :
	    kind == STORE_BUSY ? "; another process holds it" :
	    "; see the disk and strongroom check");
	return (kind);
}

static int
on_commit(void *cookie, sqlite3 *handle, const char *name, int frames)
{
	struct db *db = cookie;

	(void)handle;
	(void)name;
	db->log_frames = frames;
	return (SQLITE_OK);
}

/* Run one pragma; the text of its first column goes to value, if not NULL. */
static int
pragma(struct db *db, const char *sql, char value[PRAGMA_MAX])
{
	sqlite3_stmt *stmt = NULL;
	int rc;

	rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
	if (rc != SQLITE_OK)
		return (rc);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW && value != NULL)
		snprintf(value, PRAGMA_MAX, "%s",
		    (const char *)sqlite3_column_text(stmt, 0));
	(void)sqlite3_finalize(stmt);
	return (rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc);
}

static const char *
journal_pragma(struct db *db, int journal_mode)
{
	if (journal_mode == CONF_JOURNAL_AUTO) {
		if (!dbfile_is_on_network(&db->file))
			return ("PRAGMA journal_mode=WAL");
		log_warning("database %s is on a network file system: "
		    "journal_mode=truncate is used, which is slower",
		    db->file.path);
		return ("PRAGMA journal_mode=TRUNCATE");
	}
	return (journal_mode == CONF_JOURNAL_WAL ?
	    "PRAGMA journal_mode=WAL" : "PRAGMA journal_mode=TRUNCATE");
}

static int
configure(struct db *db, int journal_mode, enum store_mode mode)
{
	static const char *const pragmas[] = {
		"PRAGMA synchronous=FULL", "PRAGMA wal_autocheckpoint=0",
		"PRAGMA trusted_schema=OFF", "PRAGMA temp_store=MEMORY",
		"PRAGMA cell_size_check=ON",
		"PRAGMA journal_size_limit=67108864"
	};
	char value[PRAGMA_MAX] = "";
	int rc, off;
	size_t i;

	(void)sqlite3_extended_result_codes(db->handle, 1);
	(void)sqlite3_busy_timeout(db->handle, db->busy_timeout_ms);
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
	    1, &off);
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1,
	    &off);
	for (i = 0; i < sizeof pragmas / sizeof pragmas[0]; i++)
		if ((rc = pragma(db, pragmas[i], NULL)) != SQLITE_OK)
			return (rc);
	if (mode != STORE_READ) {
		rc = pragma(db, journal_pragma(db, journal_mode), NULL);
		if (rc != SQLITE_OK)
			return (rc);
	}
	(void)sqlite3_wal_hook(db->handle, on_commit, db);
	if ((rc = pragma(db, "PRAGMA journal_mode", value)) != SQLITE_OK)
		return (rc);
	db->is_wal = strcmp(value, "wal") == 0;
	if ((rc = pragma(db, "PRAGMA page_size", value)) != SQLITE_OK)
		return (rc);
	return (number_parse(value, 512, 65536, &db->page_size) == 0 ?
	    SQLITE_OK : SQLITE_CORRUPT);
}

/*
 * Where a file cannot be opened for writing, be it for a moment, the library
 * opens it for reading, and says so at the first write. That would be a
 * service that starts and can never save.
 */
static int
probe_writing(struct db *db)
{
	int rc;

	/* The database itself; then its log and the log's index. */
	if (sqlite3_db_readonly(db->handle, "main") != 0)
		return (SQLITE_READONLY);
	(void)sqlite3_busy_timeout(db->handle, 0);
	rc = sqlite3_exec(db->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	(void)sqlite3_busy_timeout(db->handle, db->busy_timeout_ms);
	/* Where another writes at the moment, it can be written. */
	return ((rc & 0xff) == SQLITE_BUSY ? SQLITE_OK : rc);
}

enum store_rc
db_open(struct db **to, const struct store_conf *conf, enum store_mode mode,
    const char *const *sql)
{
	unsigned char chance;
	struct db *db;
	int rc;

	if ((db = calloc(1, sizeof *db)) == NULL) {
		log_error("out of memory while opening %s", conf->path);
		return (STORE_UNAVAILABLE);
	}
	/* One database has one lock, by whatever links it is reached. */
	if (dbfile_find(&db->file, conf->path) == -1)
		goto fail;
	db->sql = sql;
	db->busy_timeout_ms = conf->busy_timeout_ms;
	if (mode != STORE_READ &&
	    (db->lock = lockfile_open(db->file.path)) == NULL)
		goto fail;
	/* The library opens its source of chance at the first use: now, while
	 * no sandbox is in the way. */
	sqlite3_randomness(sizeof chance, &chance);
	/* A reader needs to write too: the shared memory, and recovery. */
	rc = sqlite3_open_v2(db->file.path, &db->handle, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
	    SQLITE_OPEN_EXRESCODE, NULL);
	if (rc == SQLITE_OK)
		rc = configure(db, conf->journal_mode, mode);
	if (rc == SQLITE_OK && mode != STORE_READ)
		rc = probe_writing(db);
	if (rc != SQLITE_OK) {
		(void)db_complain(db, rc, "cannot be opened");
		goto fail;
	}
	/* The log is there by now. The library syncs its name with the first
	 * commit, and does not heed whether that fails. */
	if (mode != STORE_READ && dbfile_settle(&db->file) == -1)
		goto fail;
	*to = db;
	return (STORE_OK);
fail:
	db_close(db);
	return (STORE_UNAVAILABLE);
}

void
db_close(struct db *db)
{
	size_t i;

	if (db == NULL)
		return;
	for (i = 0; i < STATEMENTS_MAX; i++)
		(void)sqlite3_finalize(db->stmt[i]);
	(void)sqlite3_finalize(db->begin);
	(void)sqlite3_finalize(db->commit);
	(void)sqlite3_close(db->handle);
	lockfile_close(db->lock);
	dbfile_fini(&db->file);
	free(db);
}

enum store_rc
db_exec(struct db *db, const char *sql)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return (rc == SQLITE_OK ? STORE_OK : db_complain(db, rc, "exec"));
}

/* Run a statement without values or rows, prepared at its first use. */
static int
run(struct db *db, sqlite3_stmt **stmt, const char *sql)
{
	int rc = SQLITE_OK;

	if (*stmt == NULL)
		rc = sqlite3_prepare_v3(db->handle, sql, -1,
		    SQLITE_PREPARE_PERSISTENT, stmt, NULL);
	if (rc != SQLITE_OK)
		return (rc);
	rc = sqlite3_step(*stmt);
	(void)sqlite3_reset(*stmt);
	return (rc == SQLITE_DONE ? SQLITE_OK : rc);
}

/*
 * Where the library has mapped the WAL-index; NULL where there is none. It
 * stays there as long as the connection is open.
 */
static const volatile uint32_t *
find_wal_index(struct db *db)
{
	sqlite3_file *file = NULL;
	void volatile *region = NULL;
	int size = 32768;	/* of a region, by the format */

	if (!db->is_wal || sqlite3_file_control(db->handle, "main",
	    SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
	    file->pMethods == NULL || file->pMethods->iVersion < 2 ||
	    file->pMethods->xShmMap(file, 0, size, 0, &region) != SQLITE_OK)
		return (NULL);
	return (region);
}

/*
 * The header changes with every commit, in whatever process. By comparing it
 * with its copy the library's readers, too, know whether theirs is the newest
 * state.
 */
bool
db_stamp(struct db *db, struct store_stamp *stamp)
{
	uint32_t first[HEADER_WORDS], second[HEADER_WORDS];
	size_t i;

	_Static_assert(sizeof first == sizeof stamp->bytes, "one header");
	if (db->wal_index == NULL &&
	    (db->wal_index = find_wal_index(db)) == NULL)
		return (false);
	for (i = 0; i < HEADER_WORDS; i++)
		first[i] = db->wal_index[i];
	atomic_thread_fence(memory_order_seq_cst);
	for (i = 0; i < HEADER_WORDS; i++)
		second[i] = db->wal_index[HEADER_WORDS + i];
	memcpy(stamp->bytes, first, sizeof first);
	return (memcmp(first, second, sizeof first) == 0 &&
	    *(unsigned char *)&first[IS_INIT_WORD] == 1);
}

bool
db_stamp_is_next(const struct store_stamp *before,
    const struct store_stamp *after)
{
	uint32_t first[HEADER_WORDS], second[HEADER_WORDS];

	/* The library counts commits here. */
	memcpy(first, before->bytes, sizeof first);
	memcpy(second, after->bytes, sizeof second);
	return (second[CHANGE_WORD] == first[CHANGE_WORD] + 1);
}

const char *
db_path(const struct db *db)
{
	return (db->file.path);
}

bool
db_is_in_place(const struct db *db)
{
	return (dbfile_is_in_place(&db->file));
}

bool
db_is_same(const struct db *one, const struct db *other)
{
	return (dbfile_is_same(&one->file, &other->file));
}

enum store_rc
db_begin(struct db *db, int timeout_ms)
{
	enum store_rc rc = lockfile_take(db->lock, timeout_ms);
	int code;

	if (rc != STORE_OK)
		return (rc);
	if (!db_is_in_place(db)) {
		lockfile_give(db->lock);
		return (STORE_UNAVAILABLE);
	}
	code = run(db, &db->begin, "BEGIN IMMEDIATE");
	if (code == SQLITE_OK)
		return (STORE_OK);
	rc = db_complain(db, code, "begin");
	lockfile_give(db->lock);
	return (rc);
}

enum store_rc
db_commit(struct db *db)
{
	enum store_rc rc = STORE_OK;
	int code;

	code = run(db, &db->commit, "COMMIT");
	if (code != SQLITE_OK) {
		rc = db_complain(db, code, "commit");
		(void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
		/* The lock was held, so a busy commit is a strange one. */
		if (rc != STORE_FULL && rc != STORE_BUSY)
			rc = STORE_WRITE_FAILED;
	}
	lockfile_give(db->lock);
	return (rc);
}

void
db_rollback(struct db *db)
{
	/* After a failure the library may have rolled back by itself. */
	if (sqlite3_get_autocommit(db->handle) == 0)
		(void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	lockfile_give(db->lock);
}

void *
db_handle(struct db *db)
{
	return (db->handle);
}

int
db_library_version(void)
{
	return (sqlite3_libversion_number());
}

size_t
db_log_size(const struct db *db)
{
	return ((size_t)db->log_frames * db->page_size);
}

void
db_checkpoint(struct db *db, size_t log_bytes, enum store_log after)
{
	int rc;

	if (db_log_size(db) <= log_bytes ||
	    lockfile_take(db->lock, 0) != STORE_OK)
		return;
	db->log_frames = 0;
	/* Readers are not waited for: others wait for the lock meanwhile. */
	(void)sqlite3_busy_timeout(db->handle, 0);
	rc = sqlite3_wal_checkpoint_v2(db->handle, NULL,
	    after == STORE_LOG_TRUNCATE ? SQLITE_CHECKPOINT_TRUNCATE :
	    SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
		(void)db_complain(db, rc, "checkpoint");
	(void)sqlite3_busy_timeout(db->handle, db->busy_timeout_ms);
	lockfile_give(db->lock);
}

struct db_query
db_query(struct db *db, size_t number)
{
	struct db_query query = { .db = db, .rc = STORE_OK };
	int rc = SQLITE_OK;

	if (db->stmt[number] == NULL)
		rc = sqlite3_prepare_v3(db->handle, db->sql[number], -1,
		    SQLITE_PREPARE_PERSISTENT, &db->stmt[number], NULL);
	if (rc != SQLITE_OK)
		query.rc = db_complain(db, rc, "prepare");
	query.stmt = db->stmt[number];
	return (query);
}

int64_t
db_changes(struct db *db)
{
	return (sqlite3_changes64(db->handle));
}
