/* The write-ahead log, checkpoints, and the database's own check. */
#include "config.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "store/store_upkeep.h"
#include "unit/unit_store.h"

/* How many integrations are in the database's file, without its log. */
static size_t
rows_without_log(void)
{
	struct store_conf conf = unit_store_conf();
	struct store *store = NULL;
	size_t count = 0;

	ck_assert_int_eq(system("cp strongroom.db copy.db"), 0);
	conf.path = "copy.db";
	if (store_open(&store, &conf, STORE_READ) == STORE_OK)
		unit_each_row(store, NULL, unit_count_row, &count);
	store_close(store);
	ck_assert_int_eq(system("rm -f copy.db*"), 0);
	return (count);
}

START_TEST(checkpoint_brings_the_log_into_the_database)
{
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	ck_assert_uint_eq(rows_without_log(), 0);
	store_checkpoint(store, 0, STORE_LOG_KEEP);
	ck_assert_uint_eq(rows_without_log(), 1);
	unit_put_row(store, "id-2", "b");
	ck_assert_uint_eq(unit_rows(), 2);
	store_close(store);
	ck_assert_uint_eq(unit_rows(), 2);
}
END_TEST

START_TEST(checkpoint_leaves_a_short_log_alone)
{
	struct store *store;
	size_t size;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	size = store_log_size(store);
	ck_assert_uint_gt(size, 0);
	store_checkpoint(store, size, STORE_LOG_KEEP);
	ck_assert_uint_eq(rows_without_log(), 0);
	store_checkpoint(store, size - 1, STORE_LOG_KEEP);
	ck_assert_uint_eq(rows_without_log(), 1);
	ck_assert_uint_eq(store_log_size(store), 0);
	store_close(store);
}
END_TEST

START_TEST(checkpoint_does_nothing_while_another_has_the_lock)
{
	struct store *store;
	int fd;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	fd = unit_take_lock();
	store_checkpoint(store, 0, STORE_LOG_KEEP);
	ck_assert_uint_eq(rows_without_log(), 0);
	close(fd);
	store_checkpoint(store, 0, STORE_LOG_KEEP);
	ck_assert_uint_eq(rows_without_log(), 1);
	store_close(store);
}
END_TEST

START_TEST(checkpoint_at_the_end_truncates_the_log)
{
	struct store *store;
	struct stat st;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	store_checkpoint(store, 0, STORE_LOG_TRUNCATE);
	ck_assert_int_eq(stat("strongroom.db-wal", &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	store_close(store);
	ck_assert_uint_eq(unit_rows(), 1);
}
END_TEST

START_TEST(last_close_does_not_checkpoint)
{
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	store_close(store);
	ck_assert_uint_eq(rows_without_log(), 0);
	ck_assert_uint_eq(unit_rows(), 1);
}
END_TEST

START_TEST(truncate_journal_keeps_no_log)
{
	struct store_conf conf = unit_store_conf();
	struct store *store;

	keyring_free(unit_create());
	conf.journal_mode = CONF_JOURNAL_TRUNCATE;
	ck_assert_int_eq(store_open(&store, &conf, STORE_WRITE), STORE_OK);
	unit_put_row(store, "id-1", "a");
	ck_assert_uint_eq(rows_without_log(), 1);
	store_checkpoint(store, 0, STORE_LOG_KEEP);
	store_close(store);
	ck_assert_uint_eq(unit_rows(), 1);
}
END_TEST

START_TEST(check_has_no_complaint_of_a_good_database)
{
	struct store_complaint *complaint;
	struct arena arena = { 0 };
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	ck_assert_int_eq(store_check(store, &arena, &complaint), STORE_OK);
	ck_assert_ptr_null(complaint);
	arena_fini(&arena);
	store_close(store);
}
END_TEST

/* Run SQL behind the store's back. */
static void
meddle(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(unit_database, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(check_complains_of_a_row_that_breaks_the_rules)
{
	struct store_complaint *complaint;
	struct arena arena = { 0 };
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	meddle("PRAGMA ignore_check_constraints = 1; "
	    "UPDATE integrations SET active = 7");
	unit_put_row(store, "id-2", "b");
	meddle("PRAGMA ignore_check_constraints = 1; "
	    "UPDATE integrations SET has_auth_data = 7");
	ck_assert_int_eq(store_check(store, &arena, &complaint), STORE_OK);
	ck_assert_ptr_nonnull(complaint);
	unit_has(complaint->text, "integrations");
	ck_assert_ptr_nonnull(complaint->next);
	ck_assert_ptr_nonnull(complaint->next->text);
	arena_fini(&arena);
	store_close(store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		checkpoint_brings_the_log_into_the_database,
		checkpoint_leaves_a_short_log_alone,
		checkpoint_does_nothing_while_another_has_the_lock,
		checkpoint_at_the_end_truncates_the_log,
		last_close_does_not_checkpoint,
		truncate_journal_keeps_no_log,
		check_has_no_complaint_of_a_good_database,
		check_complains_of_a_row_that_breaks_the_rules,
	};

	return (unit_main("store_log", tests, sizeof tests / sizeof tests[0]));
}
