/* Changes and deletions of a row that is there: what they find and leave. */
#include "config.h"

#include "ground/words.h"
#include "store/store_change.h"
#include "unit/unit_store.h"

#define FIRST "2024-01-15T10:30:00.000000"
#define SECOND "2025-02-02T02:02:02.000002"

static const struct store_asker user = { "user", WORDS_ALL };

static struct store *
begin(void)
{
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	return (store);
}

/* A change of the name and nothing else of the first revision. */
struct attempt {
	struct store_save save;
	struct store_change change;
};

static void
prepare(struct attempt *attempt)
{
	attempt->save = unit_save("id-1", "user", "a");
	attempt->save.row.name = "Renamed";
	attempt->save.row.updated_at = SECOND;
	attempt->save.row.metadata = "{}";
	attempt->save.row.scope_data = NULL;
	attempt->save.row.auth_data = NULL;
	attempt->save.auth_data_given = attempt->save.scope_data_given = false;
	attempt->save.metadata_given = false;
	attempt->change = (struct store_change){ .asker = user,
	    .integration_id = "id-1", .revision = 1, .save = &attempt->save };
}

static enum store_rc
put(struct store *store, struct attempt *attempt)
{
	enum store_rc rc;

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	rc = store_change(store, &attempt->change);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	return (rc);
}

/* The row, as the operator sees it. */
static void
is_row(struct store *store, const char *name, int64_t revision,
    const char *metadata, const char *box)
{
	struct arena arena = { 0 };
	struct integration row;

	ck_assert_int_eq(store_operator_find(store, "id-1", STORE_DATA |
	    STORE_BOX, &arena, &row), STORE_OK);
	ck_assert_str_eq(row.name, name);
	ck_assert_int_eq(row.revision, revision);
	ck_assert_str_eq(row.metadata, metadata);
	ck_assert_str_eq(row.created_at, FIRST);
	ck_assert_str_eq(row.scope_data, "{\"org_slug\":\"acme\"}");
	ck_assert_uint_eq(row.auth_data_len, strlen(box));
	ck_assert_mem_eq(row.auth_data, box, strlen(box));
	arena_fini(&arena);
}

/* What the database refuses is no success, and changes nothing. */
START_TEST(change_that_cannot_be_written_fails)
{
	struct store *store = begin();
	struct attempt attempt;

	if (unit_url() != NULL) {
		store_close(store);
		return;		/* it has no such words */
	}
	unit_sql("CREATE TRIGGER refuses BEFORE UPDATE ON integrations "
	    "BEGIN SELECT RAISE(ABORT, 'no'); END");
	prepare(&attempt);
	ck_assert_int_ne(put(store, &attempt), STORE_OK);
	free(attempt.save.kept_metadata);
	unit_sql("DROP TRIGGER refuses");
	prepare(&attempt);
	ck_assert_int_eq(put(store, &attempt), STORE_OK);
	ck_assert_int_eq(attempt.save.stored.revision, 2);
	free(attempt.save.kept_metadata);
	store_close(store);
}
END_TEST

START_TEST(change_replaces_what_is_given_and_leaves_the_rest)
{
	struct store *store = begin();
	struct attempt attempt;

	prepare(&attempt);
	ck_assert_int_eq(put(store, &attempt), STORE_OK);
	is_row(store, "Renamed", 2, "{\"instance_name\":\"Production\"}",
	    "box");
	ck_assert_int_eq(attempt.save.stored.revision, 2);
	ck_assert_str_eq(attempt.save.stored.updated_at, SECOND);
	ck_assert_str_eq(attempt.save.stored.created_at, FIRST);
	ck_assert_str_eq(attempt.save.stored.metadata,
	    "{\"instance_name\":\"Production\"}");
	ck_assert(attempt.save.stored.has_auth_data);
	free(attempt.save.kept_metadata);
	prepare(&attempt);
	attempt.change.revision = 2;
	attempt.save.row.auth_data = "new box";
	attempt.save.row.auth_data_len = 7;
	attempt.save.auth_data_given = attempt.save.metadata_given = true;
	ck_assert_int_eq(put(store, &attempt), STORE_OK);
	is_row(store, "Renamed", 3, "{}", "new box");
	store_close(store);
}
END_TEST

START_TEST(what_is_not_the_askers_is_not_there)
{
	struct store *store = begin();
	struct attempt attempt;

	prepare(&attempt);
	attempt.change.integration_id = "id-2";
	ck_assert_int_eq(put(store, &attempt), STORE_NOT_FOUND);
	prepare(&attempt);
	attempt.change.asker.user = "other";
	ck_assert_int_eq(put(store, &attempt), STORE_NOT_FOUND);
	prepare(&attempt);
	attempt.change.asker.types = words_bit(integration_types, "slack");
	ck_assert_int_eq(put(store, &attempt), STORE_NOT_FOUND);
	is_row(store, "Production", 1, "{\"instance_name\":\"Production\"}",
	    "box");
	attempt.change.asker.types = words_bit(integration_types, "sentry");
	ck_assert_int_eq(put(store, &attempt), STORE_OK);
	free(attempt.save.kept_metadata);
	store_close(store);
}
END_TEST

/* Each is told only where what comes before it is right. */
START_TEST(reasons_have_their_order)
{
	struct store *store = begin();
	struct attempt attempt;

	unit_register(store, 7);
	prepare(&attempt);
	attempt.change.revision = 5;
	attempt.change.lease_id = "01890a5d-ac96-4abc-8def-0123456789ab";
	attempt.save.if_match = (struct field_lines){ { "\"x\"" }, 1 };
	attempt.save.auth_data_given = true;
	/* A box's head: version, master key. */
	attempt.save.row.auth_data = "\1\0\0\0\5 a box of another key, long "
	    "enough to be one of ours in every way";
	attempt.save.row.auth_data_len = 64;
	ck_assert_int_eq(put(store, &attempt), STORE_PRECONDITION);
	attempt.save.if_match.line[0] = "*";
	ck_assert_int_eq(put(store, &attempt), STORE_LOST);
	attempt.change.lease_id = NULL;
	ck_assert_int_eq(put(store, &attempt), STORE_MOVED);
	attempt.change.revision = 1;
	ck_assert_int_eq(put(store, &attempt), STORE_SEAL_AGAIN);
	is_row(store, "Production", 1, "{\"instance_name\":\"Production\"}",
	    "box");
	store_close(store);
}
END_TEST

START_TEST(change_of_nothing_writes_nothing)
{
	struct store *store = begin();
	struct arena arena = { 0 };
	struct attempt attempt;
	struct integration was;

	ck_assert_int_eq(store_find(store, &user, "id-1", STORE_DATA, &arena,
	    &was), STORE_OK);
	prepare(&attempt);
	attempt.change.is_same = true;
	attempt.change.was = &was;
	ck_assert_int_eq(put(store, &attempt), STORE_OK);
	ck_assert_str_eq(attempt.save.stored.name, "Production");
	ck_assert_int_eq(attempt.save.stored.revision, 1);
	is_row(store, "Production", 1, "{\"instance_name\":\"Production\"}",
	    "box");
	attempt.change.revision = 2;
	ck_assert_int_eq(put(store, &attempt), STORE_MOVED);
	arena_fini(&arena);
	store_close(store);
}
END_TEST

START_TEST(change_that_was_rolled_back_can_be_run_again)
{
	struct store *store = begin();
	struct attempt attempt;

	prepare(&attempt);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_change(store, &attempt.change), STORE_OK);
	store_rollback(store);
	ck_assert_int_eq(put(store, &attempt), STORE_OK);
	ck_assert_int_eq(attempt.save.stored.revision, 2);
	ck_assert_int_eq(put(store, &attempt), STORE_MOVED);
	is_row(store, "Renamed", 2, "{\"instance_name\":\"Production\"}",
	    "box");
	free(attempt.save.kept_metadata);
	store_close(store);
}
END_TEST

/* The id of the lease that holds; empty: none does. */
static const char *
lease_of(struct store *store, struct store_use *use)
{
	ck_assert_int_eq(store_use(store, "id-1", use), STORE_OK);
	return (use->lease_id);
}

static void
grant(struct store *store, const char *lease_id)
{
	struct store_lease lease = { .asker = user, .integration_id = "id-1",
	    .lease_id = lease_id, .seconds = 300 };

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_lease_grant(store, &lease), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
}

START_TEST(change_of_auth_data_ends_a_lease)
{
	static const char lease_id[] = "01890a5d-ac96-4abc-8def-0123456789ab";
	struct store *store = begin();
	struct attempt attempt;
	struct store_use use;

	grant(store, lease_id);
	prepare(&attempt);
	attempt.change.lease_id = lease_id;
	ck_assert_int_eq(put(store, &attempt), STORE_OK);
	ck_assert_str_eq(attempt.change.use.lease_id, lease_id);
	free(attempt.save.kept_metadata);
	prepare(&attempt);
	attempt.change.revision = 2;
	attempt.save.auth_data_given = attempt.save.metadata_given = true;
	ck_assert_int_eq(put(store, &attempt), STORE_OK);
	ck_assert_str_eq(attempt.change.use.lease_id, "");
	ck_assert_str_eq(lease_of(store, &use), "");
	attempt.change.lease_id = lease_id;
	ck_assert_int_eq(put(store, &attempt), STORE_LOST);
	store_close(store);
}
END_TEST

START_TEST(lease_ends_by_order_though_nothing_is_changed)
{
	static const char lease_id[] = "01890a5d-ac96-4abc-8def-0123456789ab";
	const struct integration was = { .integration_id = "id-1" };
	struct store *store = begin();
	struct attempt attempt;
	struct store_use use;

	grant(store, lease_id);
	prepare(&attempt);
	attempt.change.is_same = true;
	attempt.change.was = &was;
	attempt.change.lease_id = lease_id;
	ck_assert_int_eq(put(store, &attempt), STORE_OK);
	ck_assert_str_eq(lease_of(store, &use), lease_id);
	attempt.change.ends_lease = true;
	ck_assert_int_eq(put(store, &attempt), STORE_OK);
	ck_assert_str_eq(lease_of(store, &use), "");
	store_close(store);
}
END_TEST

static enum store_rc
delete(struct store *store, struct store_deletion *deletion)
{
	enum store_rc rc;

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	rc = store_delete(store, deletion);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	return (rc);
}

START_TEST(deleted_row_is_told_and_gone_with_its_lease)
{
	static const char lease_id[] = "01890a5d-ac96-4abc-8def-0123456789ab";
	struct store_deletion deletion = { .asker = user,
	    .integration_id = "id-1" };
	struct store *store = begin();
	struct store_use use;

	grant(store, lease_id);
	ck_assert_int_eq(delete(store, &deletion), STORE_OK);
	ck_assert_str_eq(deletion.row.name, "Production");
	ck_assert_str_eq(deletion.row.scope_data, "{\"org_slug\":\"acme\"}");
	ck_assert_ptr_null(deletion.row.auth_data);
	ck_assert_str_eq(deletion.use.lease_id, lease_id);
	ck_assert_uint_eq(unit_rows(), 0);
	ck_assert_int_eq(delete(store, &deletion), STORE_NOT_FOUND);
	/* The next one is in its place. */
	unit_put_row(store, "id-1", "a");
	ck_assert_str_eq(lease_of(store, &use), "");
	arena_fini(&deletion.arena);
	store_close(store);
}
END_TEST

START_TEST(deletion_asks_who_and_which)
{
	struct store_deletion deletion = { .asker = user,
	    .integration_id = "id-1" };
	struct store *store = begin();

	deletion.asker.user = "other";
	ck_assert_int_eq(delete(store, &deletion), STORE_NOT_FOUND);
	deletion.asker.user = "user";
	deletion.asker.types = words_bit(integration_types, "slack");
	ck_assert_int_eq(delete(store, &deletion), STORE_NOT_FOUND);
	deletion.asker.types = WORDS_ALL;
	deletion.if_match = (struct field_lines){ { "\"2-x\"" }, 1 };
	ck_assert_int_eq(delete(store, &deletion), STORE_PRECONDITION);
	deletion.if_match.count = 0;
	deletion.if_none_match = (struct field_lines){ { "*" }, 1 };
	ck_assert_int_eq(delete(store, &deletion), STORE_PRECONDITION);
	ck_assert_uint_eq(unit_rows(), 1);
	deletion.if_none_match.line[0] = "\"2-x\"";
	ck_assert_int_eq(delete(store, &deletion), STORE_OK);
	arena_fini(&deletion.arena);
	store_close(store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		change_that_cannot_be_written_fails,
		change_replaces_what_is_given_and_leaves_the_rest,
		what_is_not_the_askers_is_not_there,
		reasons_have_their_order,
		change_of_nothing_writes_nothing,
		change_that_was_rolled_back_can_be_run_again,
		change_of_auth_data_ends_a_lease,
		lease_ends_by_order_though_nothing_is_changed,
		deleted_row_is_told_and_gone_with_its_lease,
		deletion_asks_who_and_which,
	};

	return (unit_main("store_change", tests,
	    sizeof tests / sizeof tests[0]));
}
