/* The writer for one save at a time: alone, locked out, failing, closed. */
#include "config.h"

#include <signal.h>
#include <sys/resource.h>

#include "unit/unit_writer.h"

enum { MANY = 200, LONG_MS = 30000, SHORT_MS = 200 };

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
	struct writer *writer = unit_writer(LONG_MS);

	ck_assert_int_eq(unit_commit_row(writer, "a"), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1);
	ck_assert_int_eq(unit_commit_row(writer, "b"), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 2);
	ck_assert_int_eq(store_ping(writer_store(writer)), STORE_OK);
	writer_close(writer);
}
END_TEST

START_TEST(save_with_a_thread_is_there_when_it_is_done)
{
	struct unit_desk desk;

	unit_start(&desk, unit_writer(LONG_MS), NULL);
	ck_assert_int_eq(unit_await_row(&desk, "a"), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1);
	unit_stop(&desk);
	ck_assert_uint_eq(unit_rows(), 1);
}
END_TEST

/* A save that began then was locked out for the time allowed. */
static void
was_locked_out(enum store_rc rc, int64_t began)
{
	int64_t took = ident_monotonic_ms() - began;

	ck_assert_int_eq(rc, STORE_BUSY);
	ck_assert_int_ge(took, SHORT_MS);
	ck_assert_int_lt(took, LONG_MS);
	ck_assert_uint_eq(unit_rows(), 0);
}

START_TEST(lock_held_elsewhere_is_busy_without_a_thread)
{
	struct writer *writer = unit_writer(SHORT_MS);
	int64_t began = ident_monotonic_ms();
	int fd = unit_take_lock();

	was_locked_out(unit_commit_row(writer, "a"), began);
	unit_give_lock(fd);
	ck_assert_int_eq(unit_commit_row(writer, "a"), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1);
	writer_close(writer);
}
END_TEST

START_TEST(lock_held_elsewhere_is_busy_with_a_thread)
{
	struct writer *writer = unit_writer(SHORT_MS);
	int64_t began = ident_monotonic_ms();
	int fd = unit_take_lock();
	struct unit_desk desk;

	unit_start(&desk, writer, NULL);
	was_locked_out(unit_await_row(&desk, "a"), began);
	unit_give_lock(fd);
	ck_assert_int_eq(unit_await_row(&desk, "a"), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1);
	unit_stop(&desk);
}
END_TEST

static void
ignore_limit(int sig)
{
	(void)sig;
}

START_TEST(failed_write_fails_its_save_and_not_the_next)
{
	if (unit_url() != NULL)
		return;		/* it has no files */
	static char metadata[256 * 1024];
	struct store_save save = unit_save("id-1", "user", "a");
	struct unit_desk desk;
	struct rlimit was, little;

	memset(metadata, 'x', sizeof metadata - 1);
	unit_start(&desk, unit_writer(LONG_MS), NULL);
	save.row.metadata = metadata;
	(void)signal(SIGXFSZ, ignore_limit);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	little = (struct rlimit){ sizeof metadata / 2, was.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
	ck_assert_int_eq(unit_await_save(&desk, &save), STORE_FULL);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
	ck_assert_uint_eq(unit_rows(), 0);
	ck_assert_int_eq(unit_await_save(&desk, &save), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1);
	free(save.kept_metadata);
	unit_stop(&desk);
}
END_TEST

START_TEST(close_ends_at_once_and_gives_the_lock_back)
{
	struct unit_desk desk;
	int64_t began;

	unit_start(&desk, unit_writer(LONG_MS), NULL);
	ck_assert_int_eq(unit_await_row(&desk, "a"), STORE_OK);
	began = ident_monotonic_ms();
	unit_stop(&desk);
	ck_assert_int_lt(ident_monotonic_ms() - began, LONG_MS);
	unit_give_lock(unit_take_lock());
	ck_assert_uint_eq(unit_rows(), 1);
}
END_TEST

START_TEST(close_of_an_idle_writer_ends)
{
	struct unit_desk desk;

	unit_start(&desk, unit_writer(LONG_MS), NULL);
	unit_stop(&desk);
}
END_TEST

/*
 * While the lock is somebody else's, whoever hands over jobs goes on; at the
 * stop nothing waits for it.
 */
START_TEST(jobs_are_taken_while_the_lock_is_held_and_none_waits_in_a_hurry)
{
	struct writer *writer = unit_writer(LONG_MS);
	struct store_save saves[MANY];
	struct writer_job jobs[MANY];
	struct unit_desk desk;
	bool is_done[MANY] = { false };
	char ids[MANY][16];
	int64_t began = ident_monotonic_ms();
	int fd = unit_take_lock(), i;

	unit_start(&desk, writer, NULL);
	for (i = 0; i < MANY; i++) {
		snprintf(ids[i], sizeof ids[i], "id-%d", i);
		saves[i] = unit_save(ids[i], "user", ids[i]);
		jobs[i] = (struct writer_job){ .run = unit_run_save,
		    .cookie = &saves[i], .owner = &is_done[i] };
		writer_submit(writer, &jobs[i]);
	}
	ck_assert_int_lt(ident_monotonic_ms() - began, LONG_MS);
	writer_hurry(writer);
	writer_stop(writer);
	ck_assert_int_lt(ident_monotonic_ms() - began, LONG_MS);
	for (i = 0; i < MANY; i++) {
		ck_assert(is_done[i]);
		ck_assert_int_eq(jobs[i].rc, STORE_BUSY);
	}
	unit_give_lock(fd);
	ck_assert_uint_eq(unit_rows(), 0);
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
		save_with_a_thread_is_there_when_it_is_done,
		lock_held_elsewhere_is_busy_without_a_thread,
		lock_held_elsewhere_is_busy_with_a_thread,
		failed_write_fails_its_save_and_not_the_next,
		close_ends_at_once_and_gives_the_lock_back,
		close_of_an_idle_writer_ends,
		jobs_are_taken_while_the_lock_is_held_and_none_waits_in_a_hurry,
	};

	return (unit_main("writer", tests, sizeof tests / sizeof tests[0]));
}
