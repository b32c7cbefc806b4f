/* A connection: how it is set up, what a commit waits for. */
#include "config.h"

#include "store/sqlite.h"
#include "unit/unit_store.h"
#include "unit/unit_sync.h"

static const char *const none[] = { NULL };
static const struct db_sql no_sql = { none, none };

static sqlite3 *
handle_of(struct db *db)
{
	return (((struct sqlite *)db)->handle);
}

static enum store_rc
open_db(struct db **db, enum store_mode mode, int journal_mode)
{
	struct store_conf conf = unit_store_conf();

	conf.journal_mode = journal_mode;
	return (db_open(db, &conf, mode, &no_sql));
}

/* What a pragma of the connection answers. */
static const char *
ask(struct db *db, const char *name)
{
	static char value[64];
	sqlite3_stmt *stmt = NULL;
	char sql[64];

	snprintf(sql, sizeof sql, "PRAGMA %s", name);
	ck_assert_int_eq(sqlite3_prepare_v2(handle_of(db), sql, -1, &stmt,
	    NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	snprintf(value, sizeof value, "%s",
	    (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	return (value);
}

static int
is_on(struct db *db, int option)
{
	int on = -1;

	ck_assert_int_eq(sqlite3_db_config(handle_of(db), option, -1, &on),
	    SQLITE_OK);
	return (on);
}

START_TEST(every_connection_is_set_up_alike)
{
	static const struct {
		const char *pragma;
		const char *value;
	} settings[] = {
		{ "synchronous", "2" },		/* FULL */
		{ "trusted_schema", "0" },
		{ "temp_store", "2" },		/* MEMORY */
		{ "cell_size_check", "1" },
		{ "journal_size_limit", "67108864" },
		{ "busy_timeout", "5000" },
	};
	static const enum store_mode modes[] = { STORE_READ, STORE_WRITE,
	    STORE_UPGRADE };
	struct db *db;
	size_t i, mode;

	keyring_free(unit_create());
	for (mode = 0; mode < sizeof modes / sizeof modes[0]; mode++) {
		ck_assert_int_eq(open_db(&db, modes[mode], CONF_JOURNAL_AUTO),
		    STORE_OK);
		for (i = 0; i < sizeof settings / sizeof settings[0]; i++)
			ck_assert_msg(strcmp(ask(db, settings[i].pragma),
			    settings[i].value) == 0, "%s is %s",
			    settings[i].pragma, ask(db, settings[i].pragma));
		ck_assert_int_eq(is_on(db, SQLITE_DBCONFIG_DEFENSIVE), 1);
		ck_assert_int_eq(is_on(db,
		    SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE), 1);
		db_close(db);
	}
}
END_TEST

START_TEST(schema_cannot_be_written_behind_the_librarys_back)
{
	struct db *db;

	keyring_free(unit_create());
	ck_assert_int_eq(open_db(&db, STORE_WRITE, CONF_JOURNAL_AUTO),
	    STORE_OK);
	ck_assert_int_eq(sqlite3_exec(handle_of(db), "PRAGMA "
	    "writable_schema=ON; DELETE FROM sqlite_schema", NULL, NULL, NULL),
	    SQLITE_ERROR);
	db_close(db);
}
END_TEST

/* In both kinds of journal; a commit with nothing to sync proves nothing. */
START_TEST(each_commit_is_synced)
{
	static const int journals[] = { CONF_JOURNAL_WAL,
	    CONF_JOURNAL_TRUNCATE };
	struct db *db;
	size_t i;
	int n;

	keyring_free(unit_create());
	for (i = 0; i < sizeof journals / sizeof journals[0]; i++) {
		ck_assert_int_eq(open_db(&db, STORE_WRITE, journals[i]),
		    STORE_OK);
		for (n = 0; n < 3; n++) {
			ck_assert_int_eq(db_begin(db, UNIT_WAIT_MS, NULL,
			    NULL), STORE_OK);
			ck_assert_int_eq(db_exec(db, "UPDATE master_keys SET "
			    "created_at = created_at || 'x'"), STORE_OK);
			unit_syncs = 0;
			ck_assert_int_eq(db_commit(db), STORE_OK);
			ck_assert_int_ge(unit_syncs, 1);
		}
		db_close(db);
	}
}
END_TEST

START_TEST(commit_that_is_not_synced_is_none)
{
	struct db *db;

	keyring_free(unit_create());
	ck_assert_int_eq(open_db(&db, STORE_WRITE, CONF_JOURNAL_AUTO),
	    STORE_OK);
	ck_assert_int_eq(db_begin(db, UNIT_WAIT_MS, NULL, NULL), STORE_OK);
	ck_assert_int_eq(db_exec(db, "UPDATE master_keys SET created_at = ''"),
	    STORE_OK);
	unit_let_syncs_fail(0);
	ck_assert_int_eq(db_commit(db), STORE_WRITE_FAILED);
	unit_has(unit_log(), "commit: disk I/O error");
	unit_let_syncs_fail(INT_MAX);
	db_close(db);
}
END_TEST

START_TEST(directory_that_cannot_be_synced_is_refused_to_a_writer)
{
	struct db *db = NULL;

	keyring_free(unit_create());
	unit_let_syncs_fail(0);
	ck_assert_int_eq(open_db(&db, STORE_WRITE, CONF_JOURNAL_AUTO),
	    STORE_UNAVAILABLE);
	ck_assert_ptr_null(db);
	unit_has(unit_log(), "the directory of ");
	ck_assert_int_eq(open_db(&db, STORE_READ, CONF_JOURNAL_AUTO),
	    STORE_OK);
	db_close(db);
}
END_TEST

/* The library would bring the log in after a commit that makes it 1000 pages
 * long. */
START_TEST(long_commit_makes_no_checkpoint)
{
	char before[65536], after[65536];
	struct db *db;
	FILE *file;
	size_t len;

	keyring_free(unit_create());
	file = fopen(unit_database, "r");
	ck_assert_ptr_nonnull(file);
	len = fread(before, 1, sizeof before, file);
	ck_assert_uint_gt(len, 0);
	ck_assert_int_eq(open_db(&db, STORE_WRITE, CONF_JOURNAL_WAL),
	    STORE_OK);
	ck_assert_int_eq(db_begin(db, UNIT_WAIT_MS, NULL, NULL), STORE_OK);
	ck_assert_int_eq(db_exec(db, "CREATE TABLE long (x); INSERT INTO long "
	    "VALUES (zeroblob(8000000))"), STORE_OK);
	ck_assert_int_eq(db_commit(db), STORE_OK);
	ck_assert_uint_gt(db_log_size(db), 8000000);
	rewind(file);
	ck_assert_uint_eq(fread(after, 1, sizeof after, file), len);
	ck_assert_mem_eq(before, after, len);
	fclose(file);
	db_close(db);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		every_connection_is_set_up_alike,
		schema_cannot_be_written_behind_the_librarys_back,
		each_commit_is_synced,
		commit_that_is_not_synced_is_none,
		directory_that_cannot_be_synced_is_refused_to_a_writer,
		long_commit_makes_no_checkpoint,
	};

	return (unit_main("sqlite", tests, sizeof tests / sizeof tests[0]));
}
