/* The writer for one save at a time: alone, locked out, failing, closed. */
#include "config.h"

#include <signal.h>
#include <sys/resource.h>

#include "unit_store.h"
#include "store/writer.h"

enum { QUEUE = 4, LONG_MS = 30000, SHORT_MS = 200 };

static struct writer *
begin(int busy_timeout_ms)
{
	struct store_conf conf = unit_store_conf();
	struct writer *writer = NULL;

	keyring_free(unit_create());
	conf.busy_timeout_ms = busy_timeout_ms;
	ck_assert_int_eq(writer_open(&writer, &conf), STORE_OK);
	return (writer);
}

/* One save of a row of its own. */
static enum store_rc
save_one(struct writer *writer, const char *id)
{
	struct store_save save = unit_save(id, "user", id);
	enum store_rc rc = writer_save(writer, &save);

	free(save.kept_metadata);
	return (rc);
}

START_TEST(missing_database_is_not_opened)
{
	struct store_conf conf = unit_store_conf();
	struct writer *writer = NULL;

	conf.path = "none.db";
	ck_assert_int_eq(writer_open(&writer, &conf), STORE_UNAVAILABLE);
	ck_assert_ptr_null(writer);
}
END_TEST

START_TEST(close_takes_null)
{
	writer_close(NULL);
}
END_TEST

START_TEST(save_without_a_thread_is_committed_by_its_caller)
{
	struct writer *writer = begin(LONG_MS);

	ck_assert_int_eq(save_one(writer, "a"), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1);
	ck_assert_int_eq(save_one(writer, "b"), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 2);
	ck_assert_int_eq(store_ping(writer_store(writer)), STORE_OK);
	writer_close(writer);
}
END_TEST

START_TEST(save_with_a_thread_is_there_when_it_returns)
{
	struct writer *writer = begin(LONG_MS);

	ck_assert_int_eq(writer_start(writer, QUEUE, NULL), 0);
	ck_assert_int_eq(save_one(writer, "a"), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1);
	writer_close(writer);
	ck_assert_uint_eq(unit_rows(), 1);
}
END_TEST

/* A save that cannot have the lock is busy after the time allowed. */
static void
is_locked_out(struct writer *writer)
{
	int64_t began = ident_monotonic_ms(), took;
	int fd = unit_take_lock();

	ck_assert_int_eq(save_one(writer, "a"), STORE_BUSY);
	took = ident_monotonic_ms() - began;
	ck_assert_int_ge(took, SHORT_MS);
	ck_assert_int_lt(took, LONG_MS);
	close(fd);
	ck_assert_uint_eq(unit_rows(), 0);
	ck_assert_int_eq(save_one(writer, "a"), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1);
}

START_TEST(lock_held_elsewhere_is_busy_without_a_thread)
{
	struct writer *writer = begin(SHORT_MS);

	is_locked_out(writer);
	writer_close(writer);
}
END_TEST

START_TEST(lock_held_elsewhere_is_busy_with_a_thread)
{
	struct writer *writer = begin(SHORT_MS);

	ck_assert_int_eq(writer_start(writer, QUEUE, NULL), 0);
	is_locked_out(writer);
	writer_close(writer);
}
END_TEST

static void
ignore_limit(int sig)
{
	(void)sig;
}

START_TEST(failed_write_fails_its_save_and_not_the_next)
{
	static char metadata[256 * 1024];
	struct writer *writer = begin(LONG_MS);
	struct store_save save = unit_save("id-1", "user", "a");
	struct rlimit was, little;

	memset(metadata, 'x', sizeof metadata - 1);
	save.row.metadata = metadata;
	ck_assert_int_eq(writer_start(writer, QUEUE, NULL), 0);
	(void)signal(SIGXFSZ, ignore_limit);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	little = (struct rlimit){ sizeof metadata / 2, was.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
	ck_assert_int_eq(writer_save(writer, &save), STORE_WRITE_FAILED);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
	ck_assert_uint_eq(unit_rows(), 0);
	ck_assert_int_eq(writer_save(writer, &save), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1);
	free(save.kept_metadata);
	writer_close(writer);
}
END_TEST

START_TEST(close_ends_at_once_and_gives_the_lock_back)
{
	struct writer *writer = begin(LONG_MS);
	int64_t began;

	ck_assert_int_eq(writer_start(writer, QUEUE, NULL), 0);
	ck_assert_int_eq(save_one(writer, "a"), STORE_OK);
	began = ident_monotonic_ms();
	writer_close(writer);
	ck_assert_int_lt(ident_monotonic_ms() - began, LONG_MS);
	close(unit_take_lock());
	ck_assert_uint_eq(unit_rows(), 1);
}
END_TEST

START_TEST(close_of_an_idle_writer_ends)
{
	struct writer *writer = begin(LONG_MS);

	ck_assert_int_eq(writer_start(writer, QUEUE, NULL), 0);
	writer_close(writer);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		missing_database_is_not_opened,
		close_takes_null,
		save_without_a_thread_is_committed_by_its_caller,
		save_with_a_thread_is_there_when_it_returns,
		lock_held_elsewhere_is_busy_without_a_thread,
		lock_held_elsewhere_is_busy_with_a_thread,
		failed_write_fails_its_save_and_not_the_next,
		close_ends_at_once_and_gives_the_lock_back,
		close_of_an_idle_writer_ends,
	};

	return (unit_main("writer", tests, sizeof tests / sizeof tests[0]));
}
