/*
 * The pass over what a migration has left to be computed: what is filled in,
 * what is left alone, and where it goes on.
 */
#include "config.h"

#include <sqlite3.h>

#include "body/backfill.h"
#include "secrets/print.h"
#include "secrets/vault.h"
#include "unit/unit_store.h"

enum { ROOM = 4096, ROWS = 7, BATCH = 3 };

static const char created_at[] = "2024-01-15T10:30:00.000000";

/* A database of an older schema, as far as this is concerned. */
struct house {
	struct store *store;
	struct keeper *keeper;
	struct backfill backfill;
};

/* Change the database behind the store's back. */
static void
tamper(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(unit_database, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK,
	    "%s: %s", sql, sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void
begin(struct house *house)
{
	*house = (struct house){ .store = NULL };
	keyring_free(unit_create());
	house->keeper = keeper_open(unit_key_file);
	ck_assert_ptr_nonnull(house->keeper);
	house->store = unit_open(STORE_WRITE);
}

static void
end(struct house *house)
{
	backfill_fini(&house->backfill);
	store_close(house->store);
	keeper_close(house->keeper);
}

/* A row with that auth_data sealed, or with none; unfilled. */
static void
put(struct house *house, const char *id, const char *auth_data)
{
	const struct vault_row owner = { "user", id };
	struct store_save save = unit_save(id, "user", id);
	struct buf box;

	buf_init(&box, ROOM);
	if (auth_data != NULL)
		ck_assert_int_eq(vault_seal(keeper_borrow(house->keeper),
		    &owner, auth_data, strlen(auth_data), &box), 0);
	if (auth_data != NULL)
		keeper_return(house->keeper);
	save.row.auth_data = box.data;
	save.row.auth_data_len = box.len;
	ck_assert_int_eq(unit_put(house->store, &save), STORE_OK);
	free(save.kept_metadata);
	buf_fini(&box);
}

/* As the migration has left it. */
static void
unfill(void)
{
	tamper("INSERT INTO backfill SELECT 0, max(id) FROM integrations");
}

static enum backfill_rc
next(struct house *house)
{
	return (backfill_read(&house->backfill, house->store, house->keeper,
	    BATCH));
}

/* Write what was read. */
static enum store_rc
write_it(struct house *house)
{
	enum store_rc rc;

	ck_assert_int_eq(store_begin(house->store, UNIT_WAIT_MS), STORE_OK);
	rc = backfill_write(house->store, &house->backfill);
	ck_assert_int_eq(store_commit(house->store), STORE_OK);
	if (rc == STORE_OK)
		backfill_count(&house->backfill);
	return (rc);
}

/* To the end; how many batches that takes. */
static int
finish(struct house *house)
{
	enum backfill_rc rc;
	int batches = 0;

	while ((rc = next(house)) == BACKFILL_READ) {
		ck_assert_int_eq(write_it(house), STORE_OK);
		batches++;
	}
	ck_assert_int_eq(rc, BACKFILL_OVER);
	return (batches);
}

/*
 * The row has that expiry, a print or none, and all else as it was put there.
 */
static void
is(struct house *house, const char *id, const char *expires_at,
    const char *auth_data)
{
	const struct vault_row owner = { "user", id };
	unsigned char print[PRINT_LEN];
	struct arena arena = { 0 };
	struct integration row;

	ck_assert_int_eq(store_operator_find(house->store, id, 0, &arena,
	    &row), STORE_OK);
	ck_assert_msg(strcmp(row.expires_at == NULL ? "" : row.expires_at,
	    expires_at) == 0, "%s: %s", id, row.expires_at);
	ck_assert_int_eq(row.revision, 1);
	ck_assert_str_eq(row.updated_at, created_at);
	if (auth_data == NULL) {
		ck_assert_msg(row.auth_print == NULL, "%s", id);
	} else {
		ck_assert_msg(row.auth_print != NULL, "%s", id);
		print_make(print, keeper_borrow(house->keeper), &owner,
		    auth_data, strlen(auth_data));
		keeper_return(house->keeper);
		ck_assert_mem_eq(row.auth_print, print, PRINT_LEN);
	}
	arena_fini(&arena);
}

static const struct {
	const char *auth_data;
	const char *expires_at;
} cases[ROWS] = {
	{ "{\"access_token\":\"canary\",\"expires_at\":"
	    "\"2031-02-03T04:05:06+01:00\"}", "2031-02-03T03:05:06.000000" },
	{ NULL, "" },
	{ "{}", "" },
	{ "{\"expires_at\":1,\"expires_at\":\"1900000000\"}",
	    "2030-03-17T17:46:40.000000" },
	{ "{\"expires_at\":null,\"x\":{\"expires_at\":5}}", "" },
	{ "{\"expires_at\":\"soon\"}", "" },
	{ "{ \"expires_at\" : 1900000000123 , \"n\":1E400}",
	    "2030-03-17T17:46:40.123000" },
};

static const char *
id_of(size_t i)
{
	static char id[16];

	snprintf(id, sizeof id, "id-%zu", i);
	return (id);
}

static void
put_all(struct house *house)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		put(house, id_of(i), cases[i].auth_data);
	unfill();
}

START_TEST(what_boxes_say_is_filled_in)
{
	struct house house;
	size_t i;

	begin(&house);
	put_all(&house);
	ck_assert_int_eq(finish(&house), 3);
	for (i = 0; i < ROWS; i++)
		is(&house, id_of(i), cases[i].expires_at, cases[i].auth_data);
	ck_assert_int_eq(house.backfill.filled, ROWS - 1);
	ck_assert_int_eq(house.backfill.unopened, 0);
	unit_has_not(unit_log(), "canary");
	end(&house);
}
END_TEST

START_TEST(fresh_database_has_nothing_to_fill_in)
{
	struct house house;

	begin(&house);
	put(&house, "id-1", "{}");
	ck_assert_int_eq(next(&house), BACKFILL_OVER);
	is(&house, "id-1", "", NULL);
	end(&house);
}
END_TEST

START_TEST(it_goes_on_where_it_was_left)
{
	struct house house;

	begin(&house);
	put_all(&house);
	ck_assert_int_eq(next(&house), BACKFILL_READ);
	ck_assert_int_eq(write_it(&house), STORE_OK);
	is(&house, "id-3", cases[3].expires_at, cases[3].auth_data);
	/* Read and never written: as a kill leaves it. */
	ck_assert_int_eq(next(&house), BACKFILL_READ);
	backfill_fini(&house.backfill);
	store_close(house.store);
	house.store = unit_open(STORE_WRITE);
	ck_assert_int_eq(next(&house), BACKFILL_READ);
	ck_assert_uint_eq(house.backfill.batch.count, 3);
	ck_assert_str_eq(house.backfill.batch.rows[0].integration_id, "id-4");
	ck_assert_int_eq(write_it(&house), STORE_OK);
	ck_assert_int_eq(finish(&house), 1);
	is(&house, "id-6", cases[6].expires_at, cases[6].auth_data);
	end(&house);
}
END_TEST

START_TEST(two_who_do_it_do_it_once)
{
	struct house house;
	struct store_backfill batch;

	begin(&house);
	put_all(&house);
	ck_assert_int_eq(next(&house), BACKFILL_READ);
	batch = house.backfill.batch;
	ck_assert_int_eq(write_it(&house), STORE_OK);
	ck_assert_int_eq(write_it(&house), STORE_MOVED);
	(void)finish(&house);
	ck_assert_int_eq(house.backfill.filled, ROWS - 1);
	house.backfill.batch = batch;
	house.backfill.batch.count = 0;
	ck_assert_int_eq(write_it(&house), STORE_MOVED);
	ck_assert_int_eq(next(&house), BACKFILL_OVER);
	end(&house);
}
END_TEST

/* Save again with no box, or with one; its print is the save's. */
static void
save_again(struct house *house, const char *id, const void *box, size_t len)
{
	struct store_save save = unit_save(id, "user", id);

	save.row.auth_data = box;
	save.row.auth_data_len = len;
	save.row.expires_at = created_at;
	ck_assert_int_eq(unit_put(house->store, &save), STORE_OK);
	free(save.kept_metadata);
}

START_TEST(what_was_saved_meanwhile_is_left_alone)
{
	struct house house;
	struct arena arena = { 0 };
	struct integration row;

	begin(&house);
	put_all(&house);
	ck_assert_int_eq(next(&house), BACKFILL_READ);
	save_again(&house, "id-0", NULL, 0);
	ck_assert_int_eq(write_it(&house), STORE_OK);
	ck_assert_int_eq(store_operator_find(house.store, "id-0", 0, &arena,
	    &row), STORE_OK);
	ck_assert_str_eq(row.expires_at, created_at);
	ck_assert_ptr_null(row.auth_print);
	ck_assert_int_eq(row.revision, 2);
	is(&house, "id-2", "", cases[2].auth_data);
	arena_fini(&arena);
	end(&house);
}
END_TEST

/* Seal the box of a row of the batch anew, as a rotation does. */
static void
seal_anew(struct house *house, size_t i, const char *auth_data)
{
	const struct integration *row = &house->backfill.batch.rows[i];
	const struct vault_row owner = { "user", row->unique_identifier };
	struct buf box;

	buf_init(&box, ROOM);
	ck_assert_int_eq(vault_seal(keeper_borrow(house->keeper), &owner,
	    auth_data, strlen(auth_data), &box), 0);
	keeper_return(house->keeper);
	ck_assert_int_eq(store_begin(house->store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_box_replace(house->store, row, box.data,
	    box.len), STORE_OK);
	ck_assert_int_eq(store_commit(house->store), STORE_OK);
	buf_fini(&box);
}

START_TEST(what_was_sealed_anew_meanwhile_is_read_again)
{
	struct house house;
	size_t i;

	begin(&house);
	put_all(&house);
	/* In the middle of a batch, and in the last one. */
	ck_assert_int_eq(next(&house), BACKFILL_READ);
	seal_anew(&house, 1, cases[2].auth_data);
	ck_assert_int_eq(write_it(&house), STORE_OK);
	is(&house, "id-0", cases[0].expires_at, cases[0].auth_data);
	is(&house, "id-2", "", NULL);
	ck_assert_int_eq(next(&house), BACKFILL_READ);
	ck_assert_str_eq(house.backfill.batch.rows[0].integration_id, "id-2");
	ck_assert_int_eq(write_it(&house), STORE_OK);
	ck_assert_int_eq(next(&house), BACKFILL_READ);
	ck_assert(house.backfill.batch.is_last);
	seal_anew(&house, 1, cases[6].auth_data);
	ck_assert_int_eq(write_it(&house), STORE_OK);
	is(&house, "id-6", "", NULL);
	ck_assert_int_eq(finish(&house), 1);
	for (i = 0; i < ROWS; i++)
		is(&house, id_of(i), cases[i].expires_at, cases[i].auth_data);
	end(&house);
}
END_TEST

START_TEST(what_was_changed_but_for_its_box_is_filled_in)
{
	struct store_save save = unit_save("id-0", "user", "id-0");
	struct arena arena = { 0 };
	struct integration row;
	struct house house;

	begin(&house);
	put_all(&house);
	ck_assert_int_eq(next(&house), BACKFILL_READ);
	save.auth_data_given = false;
	ck_assert_int_eq(unit_put(house.store, &save), STORE_OK);
	free(save.kept_metadata);
	(void)write_it(&house);
	(void)finish(&house);
	ck_assert_int_eq(store_operator_find(house.store, "id-0", 0, &arena,
	    &row), STORE_OK);
	ck_assert_str_eq(row.expires_at, cases[0].expires_at);
	ck_assert_ptr_nonnull(row.auth_print);
	ck_assert_int_eq(row.revision, 2);
	arena_fini(&arena);
	end(&house);
}
END_TEST

START_TEST(box_that_does_not_open_is_told_once_and_left)
{
	struct house house;

	begin(&house);
	put_all(&house);
	tamper("UPDATE integrations SET auth_data = (SELECT auth_data FROM "
	    "integrations WHERE integration_id = 'id-2') "
	    "WHERE integration_id = 'id-3'");
	(void)finish(&house);
	is(&house, "id-3", "", NULL);
	is(&house, "id-6", cases[6].expires_at, cases[6].auth_data);
	ck_assert_int_eq(house.backfill.unopened, 1);
	unit_has(unit_log(), "integration id-3 does not open");
	ck_assert_int_eq(finish(&house), 0);
	unit_has_not(unit_log(), "does not open");
	end(&house);
}
END_TEST

START_TEST(rows_that_came_later_are_not_looked_at)
{
	struct house house;

	begin(&house);
	put_all(&house);
	put(&house, "later", "{}");
	(void)finish(&house);
	is(&house, "later", "", NULL);
	is(&house, "id-6", cases[6].expires_at, cases[6].auth_data);
	end(&house);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_boxes_say_is_filled_in,
		fresh_database_has_nothing_to_fill_in,
		it_goes_on_where_it_was_left,
		two_who_do_it_do_it_once,
		what_was_saved_meanwhile_is_left_alone,
		what_was_sealed_anew_meanwhile_is_read_again,
		what_was_changed_but_for_its_box_is_filled_in,
		box_that_does_not_open_is_told_once_and_left,
		rows_that_came_later_are_not_looked_at,
	};

	return (unit_main("backfill", tests, sizeof tests / sizeof tests[0]));
}
