/*
 * SQLite connections: settings, statements, the lock rule. Knows no table.
 *
 * The lock rule: SQLite before 3.51.3 can lose committed rows when a
 * checkpoint races a commit of another connection (sqlite.org/wal.html,
 * "walresetbug"). So no connection checkpoints by itself, and one flock(2) on
 * <database>.lock is held around every committing transaction and every
 * checkpoint, in every process.
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ground/conf.h"
#include "ground/ident.h"
#include "ground/log.h"
#include "ground/number.h"
#include "store/sqlite.h"
#include "store/sqlite_walfile.h"
#include "store/store_upkeep.h"

enum { PRAGMA_MAX = 32, PAUSE_NS = 2000000, READERS_MS = 2000 };

static int
on_commit(void *cookie, sqlite3 *handle, const char *name, int frames)
{
	struct sqlite *db = cookie;

	(void)handle;
	(void)name;
	db->log_frames = frames;
	return (SQLITE_OK);
}

/* Run one pragma; the text of its first column goes to value, if not NULL. */
static int
pragma(struct sqlite *db, const char *sql, char value[PRAGMA_MAX])
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
journal_pragma(struct sqlite *db, int journal_mode)
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
configure(struct sqlite *db, int journal_mode, enum store_mode mode)
{
	static const char *const pragmas[] = {
		"PRAGMA synchronous=FULL", "PRAGMA trusted_schema=OFF",
		"PRAGMA temp_store=MEMORY", "PRAGMA cell_size_check=ON",
		"PRAGMA journal_size_limit=67108864",
		"PRAGMA secure_delete=ON"
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
	/* It takes the place of the library's own, which makes checkpoints. */
	(void)sqlite3_wal_hook(db->handle, on_commit, db);
	if ((rc = pragma(db, "PRAGMA journal_mode", value)) != SQLITE_OK)
		return (rc);
	db->is_wal = strcmp(value, "wal") == 0;
	/* A first read, with which the log and its index are opened. */
	if ((rc = pragma(db, "PRAGMA schema_version", NULL)) != SQLITE_OK)
		return (rc);
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
probe_writing(struct sqlite *db)
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

/* What files are opened by; NULL: the library's own. */
static const char *vfs;

/*
 * Once in a process, before the first connection: nobody asks for the sum of
 * what is allocated, which takes a mutex each time. The library opens its
 * source of chance at the first use: now, while no sandbox is in the way.
 */
static void
begin_library(void)
{
	unsigned char chance;

	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_randomness(sizeof chance, &chance);
	vfs = sqlite_walfile_register();
}

enum store_rc
sqlite_open(struct sqlite **to, const struct store_conf *conf,
    enum store_mode mode)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sqlite *db;
	int rc;

	if ((db = calloc(1, sizeof *db)) == NULL) {
		log_error("out of memory while opening %s", conf->path);
		return (STORE_UNAVAILABLE);
	}
	/* One database has one lock, by whatever links it is reached. */
	db->visit_fd = -1;
	if (dbfile_find(&db->file, conf->path) == -1)
		goto fail;
	db->busy_timeout_ms = conf->busy_timeout_ms;
	if (mode != STORE_READ &&
	    (db->lock = lockfile_open(db->file.path)) == NULL)
		goto fail;
	(void)pthread_once(&once, begin_library);
	/* A reader needs to write too: the shared memory, and recovery. */
	rc = sqlite3_open_v2(db->file.path, &db->handle, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
	    SQLITE_OPEN_EXRESCODE, vfs);
	if (rc == SQLITE_OK)
		rc = configure(db, conf->journal_mode, mode);
	if (rc == SQLITE_OK && mode != STORE_READ)
		rc = probe_writing(db);
	if (rc != SQLITE_OK) {
		(void)sqlite_complain(db, rc, "cannot be opened");
		goto fail;
	}
	if (sqlite_join_files(db, mode) != STORE_OK)
		goto fail;
	/* The log is there by now. The library syncs its name with the first
	 * commit, and does not heed whether that fails. */
	if (mode != STORE_READ && dbfile_settle(&db->file) == -1)
		goto fail;
	*to = db;
	return (STORE_OK);
fail:
	sqlite_close(db);
	return (STORE_UNAVAILABLE);
}

void
sqlite_close(struct sqlite *db)
{
	size_t i;

	if (db == NULL)
		return;
	for (i = 0; i < SQLITE_STATEMENTS_MAX; i++)
		(void)sqlite3_finalize(db->stmt[i]);
	(void)sqlite3_finalize(db->begin);
	(void)sqlite3_finalize(db->commit);
	(void)sqlite3_close(db->handle);
	lockfile_close(db->lock);
	if (db->visit_fd != -1)
		close(db->visit_fd);
	dbfile_fini(&db->file);
	free(db);
}

enum store_rc
sqlite_exec(struct sqlite *db, const char *sql)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return (rc == SQLITE_OK ? STORE_OK : sqlite_complain(db, rc, "exec"));
}

/* Run a statement without values or rows, prepared at its first use. */
static int
run(struct sqlite *db, sqlite3_stmt **stmt, const char *sql)
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

static void
end_transaction(struct sqlite *db)
{
	(void)sqlite3_busy_timeout(db->handle, db->busy_timeout_ms);
	lockfile_give(db->lock);
}

/* One try. The lock is not held while others are waited for. */
static enum store_rc
begin_once(struct sqlite *db, int timeout_ms)
{
	enum store_rc rc = lockfile_take(db->lock, timeout_ms);
	int code;

	if (rc != STORE_OK)
		return (rc);
	if (!sqlite_has_files(db)) {
		lockfile_give(db->lock);
		return (STORE_UNAVAILABLE);
	}
	(void)sqlite3_busy_timeout(db->handle, 0);
	code = run(db, &db->begin, "BEGIN IMMEDIATE");
	if (code == SQLITE_OK)
		return (STORE_OK);
	rc = sqlite_classify(code);
	if (rc != STORE_BUSY)
		rc = sqlite_complain(db, code, "begin");
	end_transaction(db);
	return (rc);
}

enum store_rc
sqlite_begin(struct sqlite *db, int timeout_ms)
{
	const struct timespec pause = { 0, PAUSE_NS };
	int64_t until_ms = ident_monotonic_ms() + timeout_ms, left_ms;
	enum store_rc rc;

	for (;;) {
		left_ms = until_ms - ident_monotonic_ms();
		rc = begin_once(db, left_ms > 0 ? (int)left_ms : 0);
		if (rc != STORE_BUSY || ident_monotonic_ms() >= until_ms)
			return (rc);
		nanosleep(&pause, NULL);
	}
}

enum store_rc
sqlite_commit(struct sqlite *db)
{
	enum store_rc rc = STORE_OK;
	int code;

	/* Without a log, those who read are in the way, for a moment each. */
	if (!db->is_wal)
		(void)sqlite3_busy_timeout(db->handle, db->busy_timeout_ms <
		    READERS_MS ? db->busy_timeout_ms : READERS_MS);
	code = run(db, &db->commit, "COMMIT");
	if (code != SQLITE_OK) {
		rc = sqlite_complain(db, code, "commit");
		(void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
		if (rc != STORE_FULL && rc != STORE_BUSY)
			rc = STORE_WRITE_FAILED;
	} else if (!sqlite_is_in_place(db)) {
		/* It went into files that nobody will find. */
		rc = STORE_WRITE_FAILED;
	}
	end_transaction(db);
	return (rc);
}

void
sqlite_rollback(struct sqlite *db)
{
	/* After a failure the library may have rolled back by itself. */
	if (sqlite3_get_autocommit(db->handle) == 0)
		(void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	end_transaction(db);
}

int
store_library_version(void)
{
	return (sqlite3_libversion_number());
}
