/* That auth_data was handed out: counted, for whom it may be, as it was. */
#include "config.h"

#include "ground/words.h"
#include "store/store_reveal.h"
#include "unit/unit_store.h"

static const struct store_asker anybody = { .user = "user",
    .types = WORDS_ALL };

/* The moment of the nth reveal. */
static const char *
at(size_t n)
{
	static char text[IDENT_TIME_LEN + 1];

	snprintf(text, sizeof text, "2024-01-15T10:30:%02zu.000000", n);
	return (text);
}

/* Hand out the row of that id in a transaction of its own. */
static enum store_rc
reveal(struct store *store, const struct store_asker *asker, const char *id,
    int64_t revision, size_t n)
{
	const struct store_reveal what = { id, revision, at(n) };
	enum store_rc rc;

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	rc = asker != NULL ? store_reveal(store, asker, &what) :
	    store_operator_reveal(store, &what);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	return (rc);
}

static void
has_use(struct store *store, const char *id, int64_t count, const char *last)
{
	struct store_use use;

	ck_assert_int_eq(store_use(store, id, &use), STORE_OK);
	ck_assert_int_eq(use.reveal_count, count);
	ck_assert_str_eq(use.last_revealed_at, last);
}

static struct store *
begin(void)
{
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	unit_put_row(store, "id-2", "b");
	return (store);
}

START_TEST(reveals_of_a_row_are_counted)
{
	struct store *store = begin();

	has_use(store, "id-1", 0, "");
	ck_assert_int_eq(reveal(store, &anybody, "id-1", 1, 1), STORE_OK);
	has_use(store, "id-1", 1, at(1));
	ck_assert_int_eq(reveal(store, &anybody, "id-1", 1, 2), STORE_OK);
	ck_assert_int_eq(reveal(store, NULL, "id-1", 1, 3), STORE_OK);
	has_use(store, "id-1", 3, at(3));
	has_use(store, "id-2", 0, "");
	store_close(store);
}
END_TEST

START_TEST(who_may_not_see_a_row_is_handed_nothing)
{
	static const struct store_asker others[] = {
		{ .user = "other", .types = WORDS_ALL },
		{ .user = "User", .types = WORDS_ALL },
		/* The row is of the first type. */
		{ .user = "user", .types = 1 << 1 },
		{ .user = "user", .types = 0 },
	};
	const struct store_asker of_type = { .user = "user", .types = 1 };
	struct store *store = begin();
	size_t i;

	for (i = 0; i < sizeof others / sizeof others[0]; i++)
		ck_assert_int_eq(reveal(store, &others[i], "id-1", 1, 1),
		    STORE_NOT_FOUND);
	ck_assert_int_eq(reveal(store, &anybody, "id-3", 1, 1),
	    STORE_NOT_FOUND);
	ck_assert_int_eq(reveal(store, NULL, "id-3", 1, 1), STORE_NOT_FOUND);
	has_use(store, "id-1", 0, "");
	ck_assert_int_eq(reveal(store, &of_type, "id-1", 1, 1), STORE_OK);
	has_use(store, "id-1", 1, at(1));
	store_close(store);
}
END_TEST

START_TEST(another_revision_is_not_handed_out)
{
	struct store_save save = unit_save("id-1", "user", "a");
	struct store *store = begin();

	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
	ck_assert_int_eq(save.stored.revision, 2);
	ck_assert_int_eq(reveal(store, &anybody, "id-1", 1, 1), STORE_MOVED);
	ck_assert_int_eq(reveal(store, &anybody, "id-1", 3, 1), STORE_MOVED);
	ck_assert_int_eq(reveal(store, NULL, "id-1", 1, 1), STORE_MOVED);
	has_use(store, "id-1", 0, "");
	ck_assert_int_eq(reveal(store, &anybody, "id-1", 2, 1), STORE_OK);
	has_use(store, "id-1", 1, at(1));
	free(save.kept_metadata);
	store_close(store);
}
END_TEST

static enum store_rc
run_moved(struct store *store, void *cookie)
{
	const struct store_reveal what = { "id-1", 7, at(1) };

	(void)cookie;
	return (store_reveal(store, &anybody, &what));
}

START_TEST(reveal_that_comes_to_nothing_leaves_the_batch_good)
{
	struct writer *writer = unit_writer(5000);
	struct store_save saves[2] = { unit_save("id-1", "user", "a"),
	    unit_save("id-2", "user", "b") };
	struct writer_job jobs[3] = {
		{ .run = unit_run_save, .cookie = &saves[0] },
		{ .run = run_moved },
		{ .run = unit_run_save, .cookie = &saves[1] },
	};
	struct writer_counts counts;

	jobs[0].next = &jobs[1];
	jobs[1].next = &jobs[2];
	writer_commit(writer, jobs);
	ck_assert_int_eq(jobs[0].rc, STORE_OK);
	ck_assert_int_eq(jobs[1].rc, STORE_MOVED);
	ck_assert_int_eq(jobs[2].rc, STORE_OK);
	counts = writer_counts(writer);
	ck_assert_uint_eq(counts.commits, 1);
	ck_assert_uint_eq(counts.split, 0);
	writer_close(writer);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		reveals_of_a_row_are_counted,
		who_may_not_see_a_row_is_handed_nothing,
		another_revision_is_not_handed_out,
		reveal_that_comes_to_nothing_leaves_the_batch_good,
	};

	return (unit_main("store_reveal", tests,
	    sizeof tests / sizeof tests[0]));
}
