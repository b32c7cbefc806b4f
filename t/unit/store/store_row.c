/* Rows beside each other: owners, identifiers, lists, boxes. */
#include "config.h"

#include "unit/unit_store.h"

enum { TEXT_ROOM = 256, BOX_LEN = 1 << 20 };

/* A store with one row: id-1, of user, under a. */
static struct store *
begin(void)
{
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	return (store);
}

/* Tell a row's id. */
static void
tell(void *cookie, const struct integration *row)
{
	char *text = cookie;
	size_t len = strlen(text);

	snprintf(text + len, TEXT_ROOM - len, "%s ", row->integration_id);
}

/* Those are the ids of user's rows, oldest first. */
static void
has_rows(struct store *store, const char *user, const char *expected)
{
	char text[TEXT_ROOM] = "";

	unit_each_row(store, user, tell, text);
	ck_assert_str_eq(text, expected);
}

START_TEST(owners_neither_see_nor_block_each_other)
{
	struct store *store = begin();
	struct store_save save = unit_save("id-2", "USER", "a");

	save.row.integration_type = integration_types[1];
	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
	ck_assert_str_eq(save.stored.integration_id, "id-2");
	has_rows(store, "user", "id-1 ");
	has_rows(store, "USER", "id-2 ");
	has_rows(store, "other", "");
	store_close(store);
}
END_TEST

START_TEST(identifiers_are_compared_as_bytes)
{
	static const char *const others[] = { "A", "a ", " a", "a\xcc\x81",
	    "\xc3\xa1" };
	struct store *store = begin();
	char id[16];
	size_t i;

	for (i = 0; i < sizeof others / sizeof others[0]; i++) {
		snprintf(id, sizeof id, "id-%zu", i + 2);
		unit_put_row(store, id, others[i]);
	}
	has_rows(store, "user", "id-1 id-2 id-3 id-4 id-5 id-6 ");
	store_close(store);
}
END_TEST

START_TEST(generated_identifier_always_creates)
{
	struct store *store = begin();
	struct store_save save = unit_save("id-2", "user", "sentry-id-2");

	save.is_generated = true;
	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
	has_rows(store, "user", "id-1 id-2 ");
	store_close(store);
}
END_TEST

START_TEST(generated_identifier_that_is_taken_fails_alone)
{
	struct store *store = begin();
	struct store_save save = unit_save("id-2", "user", "a");
	struct store_save next = unit_save("id-3", "user", "b");

	save.is_generated = true;
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	if (unit_url() != NULL) {
		/* Where the outcome is put off, all of it fails. */
		ck_assert_int_eq(store_save(store, &save), STORE_OK);
		ck_assert_int_eq(store_commit(store), STORE_WRITE_FAILED);
		ck_assert(store_has_failed_late(store));
		has_rows(store, "user", "id-1 ");
		store_close(store);
		return;
	}
	ck_assert_int_eq(store_save(store, &save), STORE_ROW_FAILED);
	ck_assert_int_eq(store_save(store, &next), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	has_rows(store, "user", "id-1 id-3 ");
	store_close(store);
}
END_TEST

START_TEST(saves_of_one_transaction_see_each_other)
{
	struct store *store = begin();
	struct store_save one = unit_save("id-2", "user", "b");
	struct store_save other = unit_save("id-3", "user", "b");

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_save(store, &one), STORE_OK);
	ck_assert_int_eq(store_save(store, &other), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	ck_assert_str_eq(other.stored.integration_id, "id-2");
	has_rows(store, "user", "id-1 id-2 ");
	store_close(store);
}
END_TEST

START_TEST(rows_are_listed_oldest_first)
{
	struct store *store = begin();
	struct store_save save = unit_save("id-0", "other", "z");

	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
	unit_put_row(store, "id-9", "y");
	unit_put_row(store, "id-5", "x");
	has_rows(store, NULL, "id-1 id-0 id-9 id-5 ");
	has_rows(store, "user", "id-1 id-9 id-5 ");
	store_close(store);
}
END_TEST

START_TEST(row_is_found_by_its_id)
{
	struct store *store = begin();
	struct arena arena = { 0 };
	struct integration row = { 0 };

	unit_put_row(store, "id-2", "b");
	ck_assert_int_eq(store_operator_find(store, "id-2", 0, &arena, &row),
	    STORE_OK);
	ck_assert_str_eq(row.unique_identifier, "b");
	ck_assert_int_eq(store_operator_find(store, "id-3", 0, &arena, &row),
	    STORE_NOT_FOUND);
	ck_assert_int_eq(store_operator_find(store, "ID-2", 0, &arena, &row),
	    STORE_NOT_FOUND);
	arena_fini(&arena);
	store_close(store);
}
END_TEST

START_TEST(long_columns_are_read_on_request)
{
	struct store *store = begin();
	struct arena arena = { 0 };
	struct integration row;

	ck_assert_int_eq(store_operator_find(store, "id-1", 0, &arena, &row),
	    STORE_OK);
	ck_assert_ptr_null(row.metadata);
	ck_assert_ptr_null(row.scope_data);
	ck_assert_ptr_null(row.auth_data);
	ck_assert_uint_eq(row.auth_data_len, 0);
	ck_assert_int_eq(store_operator_find(store, "id-1", STORE_DATA, &arena,
	    &row), STORE_OK);
	ck_assert_str_eq(row.metadata, "{\"instance_name\":\"Production\"}");
	ck_assert_str_eq(row.scope_data, "{\"org_slug\":\"acme\"}");
	ck_assert_ptr_null(row.auth_data);
	ck_assert_int_eq(store_operator_find(store, "id-1", STORE_BOX, &arena,
	    &row), STORE_OK);
	ck_assert_ptr_null(row.metadata);
	ck_assert_uint_eq(row.auth_data_len, 3);
	ck_assert_mem_eq(row.auth_data, "box", 3);
	arena_fini(&arena);
	store_close(store);
}
END_TEST

static unsigned char box[BOX_LEN];

START_TEST(box_of_any_bytes_is_kept)
{
	struct store *store = begin();
	struct store_save save = unit_save("id-2", "user", "b");
	struct arena arena = { 0 };
	struct integration row;
	size_t i;

	for (i = 0; i < sizeof box; i++)
		box[i] = (unsigned char)(i ^ i >> 8);
	save.row.auth_data = box;
	save.row.auth_data_len = sizeof box;
	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
	ck_assert_int_eq(store_operator_find(store, "id-2", STORE_BOX, &arena,
	    &row), STORE_OK);
	ck_assert_uint_eq(row.auth_data_len, sizeof box);
	ck_assert_mem_eq(row.auth_data, box, sizeof box);
	arena_fini(&arena);
	store_close(store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		owners_neither_see_nor_block_each_other,
		identifiers_are_compared_as_bytes,
		generated_identifier_always_creates,
		generated_identifier_that_is_taken_fails_alone,
		saves_of_one_transaction_see_each_other,
		rows_are_listed_oldest_first,
		row_is_found_by_its_id,
		long_columns_are_read_on_request,
		box_of_any_bytes_is_kept,
	};

	return (unit_main("store_row", tests,
	    sizeof tests / sizeof tests[0]));
}
