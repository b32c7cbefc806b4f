/* The lock between processes, and between open files of one. */
#include "config.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ground/ident.h"
#include "store/lockfile.h"
#include "unit/unit.h"

static struct lockfile *
open_lock(void)
{
	struct lockfile *lock = lockfile_open("a.db");

	ck_assert_ptr_nonnull(lock);
	return (lock);
}

START_TEST(file_is_made_for_its_owner_alone)
{
	struct stat st;
	struct lockfile *lock = open_lock();

	ck_assert_int_eq(stat("a.db.lock", &st), 0);
	ck_assert(S_ISREG(st.st_mode));
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(st.st_size, 0);
	lockfile_close(lock);
}
END_TEST

START_TEST(lock_is_had_once)
{
	struct lockfile *one = open_lock(), *other = open_lock();

	ck_assert_int_eq(lockfile_take(one, 0), STORE_OK);
	ck_assert_int_eq(lockfile_take(other, 0), STORE_BUSY);
	lockfile_give(one);
	ck_assert_int_eq(lockfile_take(other, 0), STORE_OK);
	ck_assert_int_eq(lockfile_take(one, 0), STORE_BUSY);
	lockfile_close(one);
	lockfile_close(other);
}
END_TEST

START_TEST(lock_is_given_back_by_a_process_that_dies)
{
	struct lockfile *lock = open_lock();
	int pipes[2], status;
	char c;
	pid_t pid;

	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		lock = lockfile_open("a.db");
		_exit(lockfile_take(lock, 0) != STORE_OK ||
		    write(pipes[1], "x", 1) != 1 || pause() != 0);
	}
	ck_assert_int_eq(read(pipes[0], &c, 1), 1);
	ck_assert_int_eq(lockfile_take(lock, 0), STORE_BUSY);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(lockfile_take(lock, 0), STORE_OK);
	lockfile_close(lock);
}
END_TEST

START_TEST(taking_waits_as_long_as_told)
{
	struct lockfile *one = open_lock(), *other = open_lock();
	int64_t began = ident_monotonic_ms(), took;

	ck_assert_int_eq(lockfile_take(one, 0), STORE_OK);
	ck_assert_int_eq(lockfile_take(other, 200), STORE_BUSY);
	took = ident_monotonic_ms() - began;
	ck_assert_int_ge(took, 200);
	ck_assert_int_lt(took, 10000);
	lockfile_close(one);
	lockfile_close(other);
}
END_TEST

START_TEST(link_is_not_followed)
{
	ck_assert_int_eq(symlink("elsewhere", "a.db.lock"), 0);
	ck_assert_ptr_null(lockfile_open("a.db"));
	ck_assert_int_eq(access("elsewhere", F_OK), -1);
	unit_has(unit_log(), "a.db.lock");
}
END_TEST

START_TEST(missing_directory_is_told)
{
	ck_assert_ptr_null(lockfile_open("none/a.db"));
	unit_has(unit_log(), "none/a.db.lock");
}
END_TEST

START_TEST(lock_file_that_was_replaced_locks_nothing_any_more)
{
	struct lockfile *old = open_lock(), *fresh;

	ck_assert_int_eq(unlink("a.db.lock"), 0);
	ck_assert_int_eq(lockfile_take(old, 0), STORE_UNAVAILABLE);
	unit_has(unit_log(), "a.db.lock was taken away or replaced");
	fresh = open_lock();
	ck_assert_int_eq(lockfile_take(fresh, 0), STORE_OK);
	ck_assert_int_eq(lockfile_take(old, 50), STORE_UNAVAILABLE);
	lockfile_close(old);
	lockfile_close(fresh);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		file_is_made_for_its_owner_alone,
		lock_is_had_once,
		lock_is_given_back_by_a_process_that_dies,
		taking_waits_as_long_as_told,
		link_is_not_followed,
		missing_directory_is_told,
		lock_file_that_was_replaced_locks_nothing_any_more,
	};

	return (unit_main("lockfile", tests,
	    sizeof tests / sizeof tests[0]));
}
