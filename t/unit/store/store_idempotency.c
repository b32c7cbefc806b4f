/* Answers to Idempotency-Keys: kept, found, out of date, swept. */
#include "config.h"

#include "ground/ident.h"
#include "store/store_idempotency.h"
#include "unit/unit_store.h"

enum { LATER_S = 3600, SWEPT = 64 };

/* A moment so many seconds from now. */
static const char *
moment(char out[IDENT_TIME_LEN + 1], int64_t seconds)
{
	ident_time(out, ident_now_us() + seconds * 1000000);
	return (out);
}

/* A hash of that number. */
static const unsigned char *
hash(unsigned char out[PRINT_LEN], unsigned n)
{
	memset(out, 0, PRINT_LEN);
	memcpy(out, &n, sizeof n);
	return (out);
}

static void
add(struct store *store, unsigned request, const char *answer,
    int64_t seconds)
{
	unsigned char of[PRINT_LEN], body[PRINT_LEN];
	char at[IDENT_TIME_LEN + 1];
	const struct store_idempotency record = {
		.request = hash(of, request), .body = hash(body, 9),
		.created_by = "user", .integration_type = "jira",
		.etag = "\"1-x\"", .answer = answer,
		.expires_at = moment(at, seconds)
	};

	ck_assert_int_eq(store_idempotency_add(store, &record), STORE_OK);
}

static void
keep(struct store *store, unsigned request, const char *answer,
    int64_t seconds)
{
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	add(store, request, answer, seconds);
	ck_assert_int_eq(store_commit(store), STORE_OK);
}

/* The answer to a request, NULL for none. */
static void
finds(struct store *store, unsigned request, const char *answer)
{
	struct store_idempotency found;
	struct arena arena = { 0 };
	unsigned char of[PRINT_LEN], body[PRINT_LEN];
	enum store_rc rc;

	rc = store_idempotency_find(store, hash(of, request), &arena, &found);
	ck_assert_int_eq(rc, answer != NULL ? STORE_OK : STORE_NOT_FOUND);
	if (answer != NULL) {
		ck_assert_str_eq(found.answer, answer);
		ck_assert_str_eq(found.created_by, "user");
		ck_assert_str_eq(found.integration_type, "jira");
		ck_assert_str_eq(found.etag, "\"1-x\"");
		ck_assert_mem_eq(found.body, hash(body, 9), PRINT_LEN);
	}
	arena_fini(&arena);
}

static struct store *
begin(void)
{
	keyring_free(unit_create());
	return (unit_open(STORE_WRITE));
}

START_TEST(what_is_kept_is_found_until_it_is_out_of_date)
{
	struct store *store = begin();

	finds(store, 1, NULL);
	keep(store, 1, "one", LATER_S);
	keep(store, 2, "two\x1epieces", LATER_S);
	finds(store, 1, "one");
	finds(store, 2, "two\x1epieces");
	finds(store, 3, NULL);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	add(store, 4, "old", 0);
	finds(store, 4, NULL);
	add(store, 5, "new", LATER_S);
	finds(store, 5, "new");
	store_rollback(store);
	finds(store, 5, NULL);
	store_close(store);
}
END_TEST

START_TEST(what_is_out_of_date_is_replaced)
{
	struct store *store = begin();

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	add(store, 1, "old", -1);
	add(store, 1, "new", LATER_S);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	finds(store, 1, "new");
	store_close(store);
}
END_TEST

static size_t
count(void)
{
	return ((size_t)unit_number("SELECT count(*) FROM idempotency"));
}

/* Any commit removes some of them, the oldest first, and no others. */
START_TEST(each_commit_sweeps_some)
{
	struct store *store = begin();
	unsigned i;

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	for (i = 0; i < 2 * SWEPT; i++)
		add(store, i, "old", -1);
	add(store, i, "new", LATER_S);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	/* Where a database is a trip away, it was asked before they came. */
	if (unit_url() != NULL)
		unit_put_row(store, "id-0", "0");
	ck_assert_uint_eq(count(), SWEPT + 1);
	unit_put_row(store, "id-1", "a");
	ck_assert_uint_eq(count(), 1);
	unit_put_row(store, "id-2", "b");
	ck_assert_uint_eq(count(), 1);
	finds(store, 2 * SWEPT, "new");
	store_close(store);
}
END_TEST

static enum store_rc
save(struct store *store, void *cookie)
{
	return (store_save(store, cookie));
}

/* Somebody else sees to it that none can be removed. */
static void
forbid_deletion(void)
{
	unit_sql(unit_url() != NULL ?
	    "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS "
	    "$$ BEGIN RAISE EXCEPTION 'no'; END $$; CREATE TRIGGER no BEFORE "
	    "DELETE ON idempotency FOR EACH ROW EXECUTE FUNCTION no()" :
	    "CREATE TRIGGER no BEFORE DELETE ON idempotency BEGIN "
	    "SELECT RAISE(ABORT, 'no'); END");
}

START_TEST(what_cannot_be_swept_fails_nobody_s_change)
{
	struct writer *writer = unit_writer(30000);
	struct store *store = writer_store(writer);
	struct store_save saves[2] = { unit_save("id-1", "user", "a"),
	    unit_save("id-2", "user", "b") };
	struct writer_job jobs[2] = {
	    { .run = save, .cookie = &saves[0], .next = &jobs[1] },
	    { .run = save, .cookie = &saves[1] } };
	int i;

	forbid_deletion();
	keep(store, 1, "old", -1);
	for (i = 1; i <= 2; i++) {
		writer_commit(writer, jobs);
		ck_assert_int_eq(jobs[0].rc, STORE_OK);
		ck_assert_int_eq(jobs[1].rc, STORE_OK);
		ck_assert_int_eq(saves[1].stored.revision, i);
		free(saves[0].kept_metadata);
		free(saves[1].kept_metadata);
		saves[0].kept_metadata = saves[1].kept_metadata = NULL;
	}
	ck_assert_uint_eq(unit_rows(), 2);
	ck_assert_uint_eq(count(), 1);
	ck_assert_uint_eq(writer_counts(writer).split, 0);
	writer_close(writer);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_kept_is_found_until_it_is_out_of_date,
		what_is_out_of_date_is_replaced,
		each_commit_sweeps_some,
		what_cannot_be_swept_fails_nobody_s_change,
	};

	return (unit_main("store_idempotency", tests,
	    sizeof tests / sizeof tests[0]));
}
