/* What is remembered of keys, and for how long. */
#include "config.h"

#include "ground/scope.h"
#include "ground/words.h"
#include "store/keycache.h"
#include "store/store_upkeep.h"
#include "unit/unit_writer.h"

static const char moment[] = "2024-01-15T10:30:00.000000";
static const unsigned char hash[APIKEY_HASH_LEN] = "a";

/* Stores: one to read by, one that changes what is there, as others do. */
struct house {
	struct keycache *cache;
	struct store *reader;
	struct store *writer;
};

static void
begin(struct house *house)
{
	keyring_free(unit_create());
	house->cache = keycache_new();
	house->reader = unit_open(STORE_READ);
	house->writer = unit_open(STORE_WRITE);
	ck_assert_ptr_nonnull(house->cache);
}

static void
end(struct house *house)
{
	store_close(house->reader);
	store_close(house->writer);
	keycache_free(house->cache);
}

static void
add(struct house *house, const unsigned char hashed[APIKEY_HASH_LEN],
    const char *public_id)
{
	const struct store_key key = { .public_id = public_id,
	    .user = "user@example.com", .scopes = SCOPES_DEFAULT,
	    .types = WORDS_ALL, .created_at = moment };

	ck_assert_int_eq(store_begin(house->writer, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_key_add(house->writer, hashed, &key), STORE_OK);
	ck_assert_int_eq(store_commit(house->writer), STORE_OK);
}

static void
add_key(struct house *house)
{
	add(house, hash, "aaaaaaaa");
}

static void
revoke_key(struct house *house)
{
	ck_assert_int_eq(store_begin(house->writer, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_key_revoke(house->writer, "aaaaaaaa", moment),
	    STORE_OK);
	ck_assert_int_eq(store_commit(house->writer), STORE_OK);
}

static enum store_rc
find(struct house *house, struct store_found_key *key)
{
	*key = (struct store_found_key){ 0 };
	return (keycache_find(house->cache, house->reader, hash, key));
}

START_TEST(stamp_lasts_until_something_is_committed)
{
	struct store_stamp one, other;
	struct house house;

	begin(&house);
	ck_assert(store_stamp(house.reader, &one));
	ck_assert(store_stamp(house.reader, &other));
	ck_assert_mem_eq(&one, &other, sizeof one);
	add_key(&house);
	ck_assert(store_stamp(house.reader, &other));
	ck_assert_mem_ne(&one, &other, sizeof one);
	end(&house);
}
END_TEST

START_TEST(key_is_found_again_and_again)
{
	struct store_found_key key;
	struct house house;
	int i;

	begin(&house);
	add_key(&house);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(find(&house, &key), STORE_OK);
		ck_assert_str_eq(key.user, "user@example.com");
		ck_assert(!key.is_revoked);
	}
	end(&house);
}
END_TEST

START_TEST(key_that_is_added_is_known_at_once)
{
	struct store_found_key key;
	struct house house;

	begin(&house);
	ck_assert_int_eq(find(&house, &key), STORE_NOT_FOUND);
	ck_assert_int_eq(find(&house, &key), STORE_NOT_FOUND);
	add_key(&house);
	ck_assert_int_eq(find(&house, &key), STORE_OK);
	end(&house);
}
END_TEST

START_TEST(key_that_is_revoked_is_revoked_at_once)
{
	struct store_found_key key;
	struct house house;
	int round;

	begin(&house);
	add_key(&house);
	for (round = 0; round < 2; round++)
		ck_assert_int_eq(find(&house, &key), STORE_OK);
	revoke_key(&house);
	for (round = 0; round < 2; round++) {
		ck_assert_int_eq(find(&house, &key), STORE_OK);
		ck_assert(key.is_revoked);
	}
	end(&house);
}
END_TEST

/* After a checkpoint the log begins anew; what is committed then counts. */
START_TEST(checkpoint_hides_no_revocation)
{
	struct store_found_key key;
	struct house house;

	begin(&house);
	add_key(&house);
	store_checkpoint(house.writer, 0, STORE_LOG_TRUNCATE);
	ck_assert_int_eq(find(&house, &key), STORE_OK);
	revoke_key(&house);
	ck_assert_int_eq(find(&house, &key), STORE_OK);
	ck_assert(key.is_revoked);
	end(&house);
}
END_TEST

/* Revoke, and swear that no key was changed: whether that is believed. */
static bool
is_kept(struct house *house, bool is_alone)
{
	struct store_found_key key;
	struct store_stamp before;
	struct store *other = unit_open(STORE_WRITE);

	ck_assert_int_eq(find(house, &key), STORE_OK);
	ck_assert_int_eq(store_begin(house->writer, UNIT_WAIT_MS), STORE_OK);
	ck_assert(store_stamp(house->writer, &before));
	ck_assert_int_eq(store_key_revoke(house->writer, "aaaaaaaa", moment),
	    STORE_OK);
	ck_assert_int_eq(store_commit(house->writer), STORE_OK);
	if (!is_alone) {
		ck_assert_int_eq(store_begin(other, UNIT_WAIT_MS), STORE_OK);
		ck_assert_int_eq(store_key_revoke(other, "bbbbbbbb", moment),
		    STORE_OK);
		ck_assert_int_eq(store_commit(other), STORE_OK);
	}
	store_close(other);
	keycache_keep(house->cache, house->writer, &before);
	ck_assert_int_eq(find(house, &key), STORE_OK);
	return (!key.is_revoked);
}

START_TEST(key_is_kept_over_a_commit_that_changes_none)
{
	struct house house;

	begin(&house);
	add_key(&house);
	ck_assert(is_kept(&house, true));
	end(&house);
}
END_TEST

static void
add_other_key(struct house *house)
{
	const unsigned char other[APIKEY_HASH_LEN] = "b";

	add(house, other, "bbbbbbbb");
}

START_TEST(key_is_not_kept_when_another_commits_as_well)
{
	struct house house;

	begin(&house);
	add_key(&house);
	add_other_key(&house);
	ck_assert(!is_kept(&house, false));
	end(&house);
}
END_TEST

/* What was found before somebody else's commit is not kept by one of ours. */
START_TEST(key_that_was_out_of_date_is_not_kept)
{
	struct store_found_key key;
	struct store_stamp before;
	struct house house;

	begin(&house);
	add_key(&house);
	add_other_key(&house);
	ck_assert_int_eq(find(&house, &key), STORE_OK);
	revoke_key(&house);
	ck_assert_int_eq(store_begin(house.writer, UNIT_WAIT_MS), STORE_OK);
	ck_assert(store_stamp(house.writer, &before));
	ck_assert_int_eq(store_key_revoke(house.writer, "bbbbbbbb", moment),
	    STORE_OK);
	ck_assert_int_eq(store_commit(house.writer), STORE_OK);
	keycache_keep(house.cache, house.writer, &before);
	ck_assert_int_eq(find(&house, &key), STORE_OK);
	ck_assert(key.is_revoked);
	end(&house);
}
END_TEST

/* A transaction that wrote nothing moves nothing on. */
START_TEST(key_is_found_after_a_commit_of_nothing)
{
	struct store_found_key key;
	struct store_stamp before;
	struct house house;

	begin(&house);
	add_key(&house);
	ck_assert_int_eq(find(&house, &key), STORE_OK);
	ck_assert_int_eq(store_begin(house.writer, UNIT_WAIT_MS), STORE_OK);
	ck_assert(store_stamp(house.writer, &before));
	ck_assert_int_eq(store_commit(house.writer), STORE_OK);
	keycache_keep(house.cache, house.writer, &before);
	ck_assert_int_eq(find(&house, &key), STORE_OK);
	revoke_key(&house);
	ck_assert_int_eq(find(&house, &key), STORE_OK);
	ck_assert(key.is_revoked);
	end(&house);
}
END_TEST

START_TEST(hits_and_misses_are_counted)
{
	struct keycache_counts counts;
	struct store_found_key key;
	struct house house;
	int i;

	begin(&house);
	add_key(&house);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(find(&house, &key), STORE_OK);
	counts = keycache_counts(house.cache);
	ck_assert_uint_eq(counts.hits, 2);
	ck_assert_uint_eq(counts.misses, 1);
	revoke_key(&house);
	ck_assert_int_eq(find(&house, &key), STORE_OK);
	counts = keycache_counts(house.cache);
	ck_assert_uint_eq(counts.hits, 2);
	ck_assert_uint_eq(counts.misses, 2);
	end(&house);
}
END_TEST

/* A job of the writer's. */
static enum store_rc
run_revoke(struct store *store, void *cookie)
{
	(void)cookie;
	return (store_key_revoke(store, "aaaaaaaa", moment));
}

static void
commit_between(struct house *house, struct writer_job job,
    struct store_found_key *key)
{
	struct store_conf conf = unit_store_conf();
	struct store_save save = unit_save("id-1", "user", "a");
	struct writer_job last = { .run = unit_run_save, .cookie = &save };
	struct writer *writer = NULL;
	struct unit_desk desk;
	bool is_first_done = false;

	begin(house);
	add_key(house);
	ck_assert_int_eq(writer_open(&writer, &conf), STORE_OK);
	unit_start(&desk, writer, house->cache);
	ck_assert_int_eq(find(house, key), STORE_OK);
	job.owner = &is_first_done;
	job.next = &last;
	unit_await_list(&desk, &job, &last);
	ck_assert_int_eq(job.rc, STORE_OK);
	ck_assert_int_eq(last.rc, STORE_OK);
	ck_assert_uint_eq(writer_counts(writer).commits, 1);
	ck_assert_int_eq(find(house, key), STORE_OK);
	unit_stop(&desk);
}

START_TEST(key_is_remembered_over_jobs_that_touch_none)
{
	struct store_save save = unit_save("id-2", "user", "b");
	struct store_found_key key;
	struct house house;

	commit_between(&house, (struct writer_job){ .run = unit_run_save,
	    .cookie = &save }, &key);
	ck_assert(!key.is_revoked);
	ck_assert_uint_eq(keycache_counts(house.cache).hits, 1);
	end(&house);
}
END_TEST

START_TEST(key_is_forgotten_after_a_job_that_touches_keys)
{
	struct store_found_key key;
	struct house house;

	commit_between(&house, (struct writer_job){ .run = run_revoke,
	    .touches_keys = true }, &key);
	ck_assert(key.is_revoked);
	ck_assert_uint_eq(keycache_counts(house.cache).hits, 0);
	end(&house);
}
END_TEST

START_TEST(without_a_write_ahead_log_each_look_up_reads)
{
	struct store_conf conf = unit_store_conf();
	struct store_found_key key;
	struct store_stamp stamp;
	struct house house;

	begin(&house);
	store_close(house.reader);
	store_close(house.writer);
	conf.journal_mode = CONF_JOURNAL_TRUNCATE;
	ck_assert_int_eq(store_open(&house.writer, &conf, STORE_WRITE),
	    STORE_OK);
	ck_assert_int_eq(store_open(&house.reader, &conf, STORE_READ),
	    STORE_OK);
	ck_assert(!store_stamp(house.reader, &stamp));
	add_key(&house);
	ck_assert_int_eq(find(&house, &key), STORE_OK);
	revoke_key(&house);
	ck_assert_int_eq(find(&house, &key), STORE_OK);
	ck_assert(key.is_revoked);
	end(&house);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		stamp_lasts_until_something_is_committed,
		key_is_found_again_and_again,
		key_that_is_added_is_known_at_once,
		key_that_is_revoked_is_revoked_at_once,
		checkpoint_hides_no_revocation,
		key_is_kept_over_a_commit_that_changes_none,
		key_is_not_kept_when_another_commits_as_well,
		key_that_was_out_of_date_is_not_kept,
		key_is_found_after_a_commit_of_nothing,
		hits_and_misses_are_counted,
		key_is_remembered_over_jobs_that_touch_none,
		key_is_forgotten_after_a_job_that_touches_keys,
		without_a_write_ahead_log_each_look_up_reads,
	};

	return (unit_main("keycache", tests,
	    sizeof tests / sizeof tests[0]));
}
