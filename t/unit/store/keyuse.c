/* When keys were used: what is noted, and what comes of it. */
#include "config.h"

#include "store/keyuse.h"
#include "unit/unit_keys.h"

enum { MANY = 1000, HOUR_S = 3600 };

/* How many uses wait; they are taken, and done with. */
static size_t
take(struct keyuse *uses, enum store_rc rc)
{
	struct keyuse_batch batch;
	size_t count;

	if (!keyuse_take(uses, &batch))
		return (0);
	count = batch.count;
	batch.job.rc = rc;
	keyuse_settle(uses, &batch);
	return (count);
}

static void
moment_in(char at[IDENT_TIME_LEN + 1], int64_t seconds)
{
	ident_time(at, ident_now_us() + seconds * 1000000);
}

START_TEST(key_is_noted_once_a_minute)
{
	struct keyuse *uses = keyuse_new();

	ck_assert(!keyuse_has_waited(uses, 0));
	keyuse_note(uses, "aaaaaaaa", "");
	keyuse_note(uses, "aaaaaaaa", "");
	keyuse_note(uses, "bbbbbbbb", "");
	ck_assert(keyuse_has_waited(uses, 0));
	ck_assert(!keyuse_has_waited(uses, KEYUSE_PAUSE_MS));
	ck_assert_uint_eq(take(uses, STORE_OK), 2);
	ck_assert(!keyuse_has_waited(uses, 0));
	keyuse_note(uses, "aaaaaaaa", "");
	ck_assert_uint_eq(take(uses, STORE_OK), 0);
	keyuse_free(uses);
}
END_TEST

START_TEST(what_another_process_has_noted_lately_is_not_noted_again)
{
	static const struct {
		int seconds;
		size_t noted;
	} cases[] = { { -1, 0 }, { -50, 0 }, { -70, 1 }, { -HOUR_S, 1 },
	    { 50, 0 }, { 70, 1 }, { HOUR_S, 1 } };
	char at[IDENT_TIME_LEN + 1];
	struct keyuse *uses;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uses = keyuse_new();
		moment_in(at, cases[i].seconds);
		keyuse_note(uses, "aaaaaaaa", at);
		keyuse_note(uses, "aaaaaaaa", at);
		ck_assert_uint_eq(take(uses, STORE_OK), cases[i].noted);
		keyuse_free(uses);
	}
}
END_TEST

START_TEST(each_of_many_is_kept_until_it_is_taken)
{
	struct keyuse *uses = keyuse_new();
	struct keyuse_batch batch;
	bool seen[MANY] = { false };
	char id[16];
	size_t i, n;

	for (i = 0; i < MANY; i++) {
		snprintf(id, sizeof id, "%08zu", i);
		keyuse_note(uses, id, "");
	}
	ck_assert(keyuse_take(uses, &batch));
	ck_assert_uint_eq(batch.count, MANY);
	for (i = 0; i < MANY; i++) {
		n = strtoul(batch.entries[i].public_id, NULL, 10);
		ck_assert(n < MANY && !seen[n]);
		seen[n] = true;
	}
	batch.job.rc = STORE_OK;
	keyuse_settle(uses, &batch);
	ck_assert_uint_eq(take(uses, STORE_OK), 0);
	keyuse_free(uses);
}
END_TEST

START_TEST(what_was_not_written_for_the_lock_waits_again)
{
	struct keyuse *uses = keyuse_new();

	keyuse_note(uses, "aaaaaaaa", "");
	ck_assert_uint_eq(take(uses, STORE_BUSY), 1);
	ck_assert_uint_eq(take(uses, STORE_BUSY), 1);
	ck_assert_uint_eq(take(uses, STORE_UNAVAILABLE), 1);
	ck_assert_uint_eq(take(uses, STORE_OK), 0);
	keyuse_free(uses);
}
END_TEST

START_TEST(use_is_written_beside_the_key)
{
	struct store_key key = unit_a_key("aaaaaaaa");
	char before[IDENT_TIME_LEN + 1], after[IDENT_TIME_LEN + 1];
	const struct store_asker asker = { "user", WORDS_ALL };
	struct keyuse *uses = keyuse_new();
	struct arena arena = { 0 };
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_keep_key(store, 1, &key);
	moment_in(before, 0);
	keyuse_note(uses, "aaaaaaaa", "");
	keyuse_note(uses, "gone1234", "");
	moment_in(after, 0);
	keyuse_flush(uses, store, UNIT_WAIT_MS);
	ck_assert_int_eq(store_key_own(store, &asker, "aaaaaaaa", &arena,
	    &key), STORE_OK);
	ck_assert_ptr_nonnull(key.last_used_at);
	ck_assert_str_ge(key.last_used_at, before);
	ck_assert_str_le(key.last_used_at, after);
	arena_fini(&arena);
	store_close(store);
	keyuse_free(uses);
}
END_TEST

START_TEST(flush_waits_for_the_lock_no_longer_than_that)
{
	struct store_key key = unit_a_key("aaaaaaaa");
	struct keyuse *uses = keyuse_new();
	struct store *store;
	int lock;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_keep_key(store, 1, &key);
	keyuse_note(uses, "aaaaaaaa", "");
	lock = unit_take_lock();
	keyuse_flush(uses, store, 0);
	unit_key_has(store, "aaaaaaaa", last_used_at, NULL);
	unit_give_lock(lock);
	ck_assert(keyuse_has_waited(uses, 0));
	keyuse_free(uses);
	store_close(store);
}
END_TEST

/* A commit of the writer's own, with uses that wait. */
static enum store_rc
commit_with(struct keyuse *uses, struct writer *writer)
{
	writer_take_uses(writer, uses);
	keyuse_note(uses, "aaaaaaaa", "");
	return (unit_commit_row(writer, "id-1"));
}

START_TEST(use_rides_on_the_next_commit)
{
	struct store_key key = unit_a_key("aaaaaaaa");
	struct writer *writer = unit_writer(UNIT_WAIT_MS);
	struct keyuse *uses = keyuse_new();
	struct writer_counts counts;

	unit_keep_key(writer_store(writer), 1, &key);
	ck_assert_int_eq(commit_with(uses, writer), STORE_OK);
	counts = writer_counts(writer);
	ck_assert_uint_eq(counts.commits, 1);
	ck_assert(!keyuse_has_waited(uses, 0));
	ck_assert_uint_eq(unit_rows(), 1);
	writer_close(writer);
	keyuse_free(uses);
}
END_TEST

START_TEST(use_that_cannot_be_written_fails_no_save)
{
	struct writer *writer = unit_writer(UNIT_WAIT_MS);
	struct keyuse *uses = keyuse_new();

	unit_sql("DROP TABLE key_uses");
	ck_assert_int_eq(commit_with(uses, writer), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1);
	ck_assert(!keyuse_has_waited(uses, 0));
	writer_close(writer);
	keyuse_free(uses);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		key_is_noted_once_a_minute,
		what_another_process_has_noted_lately_is_not_noted_again,
		each_of_many_is_kept_until_it_is_taken,
		what_was_not_written_for_the_lock_waits_again,
		use_is_written_beside_the_key,
		flush_waits_for_the_lock_no_longer_than_that,
		use_rides_on_the_next_commit,
		use_that_cannot_be_written_fails_no_save,
	};

	return (unit_main("keyuse", tests, sizeof tests / sizeof tests[0]));
}
