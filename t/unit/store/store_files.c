/* The files of a database, taken away and replaced under who has it open. */
#include "config.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "store/store_upkeep.h"
#include "unit/unit_store.h"

static const char log_name[] = "strongroom.db-wal";
static const char index_name[] = "strongroom.db-shm";

static struct store *
begin(void)
{
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	return (store);
}

static void
put_file(const char *name, const char *content, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_eq(write(fd, content, len), (ssize_t)len);
	close(fd);
}

/* Nothing is begun, nothing is read, and it says why. */
static void
is_refused(struct store *store, const char *why)
{
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_UNAVAILABLE);
	unit_has(unit_log(), why);
	ck_assert(!store_is_in_place(store));
	ck_assert_int_eq(store_ping(store), STORE_UNAVAILABLE);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_UNAVAILABLE);
}

/* Nobody else can open it either, for writing or reading. */
static void
is_refused_to_others(const char *why)
{
	struct store_conf conf = unit_store_conf();
	struct store *store = NULL;

	ck_assert_int_eq(store_open(&store, &conf, STORE_WRITE),
	    STORE_UNAVAILABLE);
	unit_has(unit_log(), why);
	ck_assert_int_eq(store_open(&store, &conf, STORE_READ),
	    STORE_UNAVAILABLE);
	unit_has(unit_log(), why);
}

START_TEST(database_that_was_moved_is_not_trusted_when_it_is_back)
{
	struct store *store = begin();

	ck_assert_int_eq(rename("strongroom.db", "away.db"), 0);
	is_refused(store, "strongroom.db was taken away or replaced");
	ck_assert_int_eq(rename("away.db", "strongroom.db"), 0);
	is_refused(store, "restart the service");
	store_close(store);
	ck_assert_uint_eq(unit_rows(), 1);
}
END_TEST

START_TEST(log_that_was_removed_is_saved_into_the_database)
{
	struct store *store = begin();

	ck_assert_int_eq(unlink(log_name), 0);
	is_refused(store, "strongroom.db-wal was taken away or replaced");
	is_refused_to_others("is shorter than its index says");
	store_close(store);
	(void)unlink(log_name);
	(void)unlink(index_name);
	ck_assert_uint_eq(unit_rows(), 1);
}
END_TEST

START_TEST(log_that_was_replaced_is_refused)
{
	struct store *store = begin();

	ck_assert_int_eq(unlink(log_name), 0);
	put_file(log_name, "", 0);
	is_refused(store, "strongroom.db-wal was taken away or replaced");
	store_close(store);
}
END_TEST

START_TEST(log_that_was_emptied_is_refused)
{
	struct store *store = begin();

	ck_assert_int_eq(truncate(log_name, 0), 0);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_UNAVAILABLE);
	unit_has(unit_log(), "is shorter than its index says");
	is_refused_to_others("is shorter than its index says");
	store_close(store);
}
END_TEST

START_TEST(index_that_was_removed_is_refused_and_the_log_has_all)
{
	struct store *store = begin();

	ck_assert_int_eq(unlink(index_name), 0);
	is_refused(store, "strongroom.db-shm was taken away or replaced");
	is_refused_to_others("strongroom.db-shm was taken away");
	store_close(store);
	ck_assert_uint_eq(unit_rows(), 1);
}
END_TEST

START_TEST(commit_into_files_that_are_gone_is_no_success)
{
	struct store_save save = unit_save("id-2", "user", "b");
	struct store *store = begin();

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_save(store, &save), STORE_OK);
	ck_assert_int_eq(unlink(log_name), 0);
	ck_assert_int_eq(store_commit(store), STORE_WRITE_FAILED);
	store_close(store);
}
END_TEST

START_TEST(second_name_is_refused)
{
	struct store_conf conf = unit_store_conf();
	struct store *store = begin();

	store_close(store);
	store = NULL;
	ck_assert_int_eq(link(unit_database, "other.db"), 0);
	ck_assert_int_eq(store_open(&store, &conf, STORE_WRITE),
	    STORE_UNAVAILABLE);
	unit_has(unit_log(), "has 2 names (hard links)");
	ck_assert_int_eq(unlink("other.db"), 0);
	ck_assert_int_eq(store_open(&store, &conf, STORE_WRITE), STORE_OK);
	store_close(store);
}
END_TEST

START_TEST(database_that_was_written_over_is_refused)
{
	static char other[65536];
	struct store *store = begin();

	store_checkpoint(store, 0, STORE_LOG_TRUNCATE);
	put_file(unit_database, other, sizeof other);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_UNAVAILABLE);
	unit_has(unit_log(), "was changed by another program");
	store_close(store);
}
END_TEST

START_TEST(own_checkpoints_raise_no_alarm)
{
	struct store *store = begin(), *other = unit_open(STORE_WRITE);
	int i;

	for (i = 0; i < 3; i++) {
		store_checkpoint(store, 0, STORE_LOG_TRUNCATE);
		ck_assert_int_eq(store_begin(other, UNIT_WAIT_MS), STORE_OK);
		store_rollback(other);
		unit_put_row(other, i == 0 ? "b" : i == 1 ? "c" : "d",
		    i == 0 ? "b" : i == 1 ? "c" : "d");
		store_checkpoint(other, 0, STORE_LOG_KEEP);
		ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
		store_rollback(store);
	}
	store_close(other);
	store_close(store);
	ck_assert_uint_eq(unit_rows(), 4);
}
END_TEST

START_TEST(files_may_be_replaced_while_nobody_has_them_open)
{
	struct store *store = begin();
	struct stat st;
	char *copy;
	int fd;

	store_checkpoint(store, 0, STORE_LOG_TRUNCATE);
	store_close(store);
	ck_assert_int_eq(stat(unit_database, &st), 0);
	copy = malloc((size_t)st.st_size);
	fd = open(unit_database, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(read(fd, copy, (size_t)st.st_size), st.st_size);
	close(fd);
	put_file(unit_database, copy, (size_t)st.st_size);
	free(copy);
	(void)unlink(log_name);
	(void)unlink(index_name);
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-2", "b");
	store_close(store);
	ck_assert_uint_eq(unit_rows(), 2);
}
END_TEST

/* A process that is killed amid a checkpoint leaves it marked as unfinished. */
START_TEST(checkpoint_that_was_broken_off_raises_no_alarm)
{
	struct store *store = begin(), *other = unit_open(STORE_WRITE);
	int fd = open("strongroom.db.lock", O_RDWR | O_CLOEXEC);
	uint32_t unknown = 0;
	struct stat st;

	/* is_known, behind the twelve bytes that name the kind of file. */
	ck_assert_int_eq(pwrite(fd, &unknown, sizeof unknown, 12),
	    sizeof unknown);
	close(fd);
	ck_assert_int_eq(stat(unit_database, &st), 0);
	ck_assert_int_eq(truncate(unit_database, st.st_size + 4096), 0);
	ck_assert_int_eq(store_begin(other, UNIT_WAIT_MS), STORE_OK);
	store_rollback(other);
	store_close(other);
	store_close(store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		database_that_was_moved_is_not_trusted_when_it_is_back,
		log_that_was_removed_is_saved_into_the_database,
		log_that_was_replaced_is_refused,
		log_that_was_emptied_is_refused,
		index_that_was_removed_is_refused_and_the_log_has_all,
		commit_into_files_that_are_gone_is_no_success,
		second_name_is_refused,
		database_that_was_written_over_is_refused,
		own_checkpoints_raise_no_alarm,
		files_may_be_replaced_while_nobody_has_them_open,
		checkpoint_that_was_broken_off_raises_no_alarm,
	};

	return (unit_main("store_files", tests,
	    sizeof tests / sizeof tests[0]));
}
