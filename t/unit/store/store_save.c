/* Saving again: what stays, what is replaced, what is in the way. */
#include "config.h"

#include "unit/unit_store.h"

enum { TEXT_ROOM = 1024 };

static struct store *
begin(void)
{
	keyring_free(unit_create());
	return (unit_open(STORE_WRITE));
}

/* A second save of (user, a), of which nothing is given that need not be. */
static struct store_save
again(void)
{
	struct store_save save = unit_save("id-2", "user", "a");

	save.row.name = "Renamed";
	save.row.status = integration_statuses[3];
	save.row.active = false;
	save.row.has_auth_data = save.row.has_scope_data = false;
	save.row.created_at = "2025-02-02T02:02:02.000002";
	save.row.updated_at = "2025-02-02T02:02:02.000002";
	save.row.metadata = "{\"instance_name\":\"Renamed\"}";
	save.row.scope_data = NULL;
	save.row.auth_data = NULL;
	save.row.auth_data_len = 0;
	save.status_given = save.active_given = save.auth_data_given = false;
	save.scope_data_given = save.metadata_given = false;
	return (save);
}

/* Tell a row as one text. */
static void
tell(void *cookie, const struct integration *row)
{
	char *text = cookie;
	size_t len = strlen(text);

	snprintf(text + len, TEXT_ROOM - len,
	    "%s %s %s %s %s %s %d %d%d %s %s %s %s %.*s\n",
	    row->integration_id, row->created_by, row->unique_identifier,
	    row->name, row->integration_type, row->status, row->active,
	    row->has_auth_data, row->has_scope_data, row->created_at,
	    row->updated_at, row->metadata,
	    row->scope_data != NULL ? row->scope_data : "-",
	    row->auth_data != NULL ? (int)row->auth_data_len : 1,
	    row->auth_data != NULL ? (const char *)row->auth_data : "-");
}

/* Those are the rows of user. */
static void
has_rows(struct store *store, const char *user, const char *expected)
{
	char text[TEXT_ROOM] = "";

	unit_each_row(store, user, tell, text);
	ck_assert_str_eq(text, expected);
}

#define FIRST_MOMENT "2024-01-15T10:30:00.000000"
#define SECOND_MOMENT "2025-02-02T02:02:02.000002"
#define FIRST_ROW "id-1 user a Production sentry active 1 11 " FIRST_MOMENT \
	" " FIRST_MOMENT " {\"instance_name\":\"Production\"} " \
	"{\"org_slug\":\"acme\"} box\n"

START_TEST(first_save_is_stored_as_it_is)
{
	struct store *store = begin();
	struct arena arena = { 0 };
	char text[TEXT_ROOM] = "";
	struct integration row;

	unit_put_row(store, "id-1", "a");
	has_rows(store, "user", FIRST_ROW);
	has_rows(store, NULL, FIRST_ROW);
	ck_assert_int_eq(store_operator_find(store, "id-1",
	    STORE_DATA | STORE_BOX, &arena, &row), STORE_OK);
	tell(text, &row);
	ck_assert_str_eq(text, FIRST_ROW);
	arena_fini(&arena);
	store_close(store);
}
END_TEST

START_TEST(saving_again_keeps_what_is_not_given)
{
	struct store *store = begin();
	struct store_save save = again();

	unit_put_row(store, "id-1", "a");
	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
	has_rows(store, "user", "id-1 user a Renamed sentry active 1 11 "
	    FIRST_MOMENT " " SECOND_MOMENT
	    " {\"instance_name\":\"Production\"} {\"org_slug\":\"acme\"} "
	    "box\n");
	free(save.kept_metadata);
	store_close(store);
}
END_TEST

START_TEST(save_reads_as_the_row_that_is_stored)
{
	struct store *store = begin();
	struct store_save save = again();

	unit_put_row(store, "id-1", "a");
	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
	ck_assert_str_eq(save.stored.integration_id, "id-1");
	ck_assert_str_eq(save.stored.created_at, FIRST_MOMENT);
	ck_assert_str_eq(save.stored.name, "Renamed");
	ck_assert_str_eq(save.stored.status, "active");
	ck_assert(save.stored.active);
	ck_assert(save.stored.has_auth_data);
	ck_assert(save.stored.has_scope_data);
	ck_assert_str_eq(save.stored.metadata,
	    "{\"instance_name\":\"Production\"}");
	free(save.kept_metadata);
	store_close(store);
}
END_TEST

/* The row that it found the first time is not there the second time. */
START_TEST(save_that_was_rolled_back_can_be_run_again)
{
	struct store *store = begin();
	struct store_save first = unit_save("id-1", "user", "a");
	struct store_save save = again();

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_save(store, &first), STORE_OK);
	ck_assert_int_eq(store_save(store, &save), STORE_OK);
	ck_assert_str_eq(save.stored.integration_id, "id-1");
	store_rollback(store);
	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
	ck_assert_str_eq(save.stored.integration_id, "id-2");
	ck_assert_ptr_null(save.kept_metadata);
	has_rows(store, "user", "id-2 user a Renamed sentry error 0 00 "
	    SECOND_MOMENT " " SECOND_MOMENT
	    " {\"instance_name\":\"Renamed\"} - -\n");
	store_close(store);
}
END_TEST

START_TEST(saving_again_replaces_what_is_given)
{
	struct store *store = begin();
	struct store_save save = again();

	unit_put_row(store, "id-1", "a");
	save.row.scope_data = "{}";
	save.row.auth_data = "another";
	save.row.auth_data_len = 7;
	save.status_given = save.active_given = save.auth_data_given = true;
	save.scope_data_given = save.metadata_given = true;
	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
	has_rows(store, "user", "id-1 user a Renamed sentry error 0 00 "
	    FIRST_MOMENT " " SECOND_MOMENT
	    " {\"instance_name\":\"Renamed\"} {} another\n");
	ck_assert_ptr_null(save.kept_metadata);
	store_close(store);
}
END_TEST

START_TEST(null_clears_what_is_stored)
{
	struct store *store = begin();
	struct store_save save = again();

	unit_put_row(store, "id-1", "a");
	save.auth_data_given = save.scope_data_given = true;
	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
	has_rows(store, "user", "id-1 user a Renamed sentry active 1 00 "
	    FIRST_MOMENT " " SECOND_MOMENT
	    " {\"instance_name\":\"Production\"} - -\n");
	free(save.kept_metadata);
	store_close(store);
}
END_TEST

START_TEST(auth_data_never_given_is_no_box)
{
	struct store *store = begin();
	struct store_save save = again();

	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
	has_rows(store, "user", "id-2 user a Renamed sentry error 0 00 "
	    SECOND_MOMENT " " SECOND_MOMENT
	    " {\"instance_name\":\"Renamed\"} - -\n");
	store_close(store);
}
END_TEST

START_TEST(other_type_conflicts_and_changes_nothing)
{
	struct store *store = begin();
	struct store_save save = again(), next = unit_save("id-3", "user",
	    "b");

	unit_put_row(store, "id-1", "a");
	save.row.integration_type = integration_types[1];
	save.auth_data_given = save.metadata_given = true;
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_save(store, &save), STORE_CONFLICT);
	ck_assert_str_eq(save.stored.integration_type, "sentry");
	/* The transaction is good for others. */
	ck_assert_int_eq(store_save(store, &next), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 2);
	free(save.kept_metadata);
	store_close(store);
}
END_TEST

START_TEST(type_is_compared_by_its_text)
{
	char type[] = "sentry";
	struct store *store = begin();
	struct store_save save = again();

	unit_put_row(store, "id-1", "a");
	save.row.integration_type = type;
	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
	free(save.kept_metadata);
	store_close(store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		first_save_is_stored_as_it_is,
		saving_again_keeps_what_is_not_given,
		save_reads_as_the_row_that_is_stored,
		save_that_was_rolled_back_can_be_run_again,
		saving_again_replaces_what_is_given,
		null_clears_what_is_stored,
		auth_data_never_given_is_no_box,
		other_type_conflicts_and_changes_nothing,
		type_is_compared_by_its_text,
	};

	return (unit_main("store_save", tests, sizeof tests / sizeof tests[0]));
}
