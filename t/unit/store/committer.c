/* Lists of jobs: what is committed together, and what a failure takes along. */
#include "config.h"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "unit/unit_store.h"

enum { JOBS = 6, LONG_MS = 30000, SHORT_MS = 100 };

/* A job that notes how often it was run, and may fail. */
struct task {
	struct writer_job job;
	struct store_save save;
	char id[32];
	enum store_rc rc;	/* what its run comes to, after saving */
	int failures;		/* how many times; then STORE_OK */
	int pause_ms;		/* it takes that long */
	int runs;
};

static enum store_rc
run(struct store *store, void *cookie)
{
	struct task *task = cookie;
	const struct timespec pause = { task->pause_ms / 1000,
	    task->pause_ms % 1000 * 1000000L };
	enum store_rc rc = store_save(store, &task->save);

	ck_assert_int_eq(rc, STORE_OK);
	if (task->pause_ms > 0)
		nanosleep(&pause, NULL);
	return (task->runs++ < task->failures ? task->rc : STORE_OK);
}

/* A list of count jobs, each with a row of its own. */
static struct writer_job *
make_list(struct task *tasks, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		tasks[i] = (struct task){
		    .job = { .run = run, .cookie = &tasks[i],
			.next = i + 1 < count ? &tasks[i + 1].job : NULL },
		};
		snprintf(tasks[i].id, sizeof tasks[i].id, "id-%d", i);
		tasks[i].save = unit_save(tasks[i].id, "user", tasks[i].id);
	}
	return (&tasks[0].job);
}

/* Let a job fail whenever it is run. */
static void
spoil(struct task *task, enum store_rc rc)
{
	task->rc = rc;
	task->failures = JOBS;
}

/* Those results; and those that are STORE_OK, and no others, have rows. */
static void
has_results(const struct task *tasks, const enum store_rc *rcs, int count)
{
	struct store *store = unit_open(STORE_READ);
	struct arena arena = { 0 };
	struct integration row;
	int i;

	for (i = 0; i < count; i++) {
		ck_assert_msg(tasks[i].job.rc == rcs[i], "%d: %d", i,
		    (int)tasks[i].job.rc);
		ck_assert_int_eq(store_operator_find(store, tasks[i].id, 0,
		    &arena, &row), rcs[i] == STORE_OK ? STORE_OK :
		    STORE_NOT_FOUND);
	}
	arena_fini(&arena);
	store_close(store);
}

START_TEST(list_is_one_commit)
{
	static const enum store_rc all_well[JOBS] = { STORE_OK };
	struct writer *writer = unit_writer(LONG_MS);
	struct task tasks[JOBS];
	struct writer_counts counts;
	int i;

	writer_commit(writer, make_list(tasks, JOBS));
	has_results(tasks, all_well, JOBS);
	for (i = 0; i < JOBS; i++)
		ck_assert_int_eq(tasks[i].runs, 1);
	counts = writer_counts(writer);
	ck_assert_uint_eq(counts.commits, 1);
	ck_assert_uint_eq(counts.jobs, JOBS);
	ck_assert_uint_eq(counts.split, 0);
	ck_assert_uint_eq(counts.busy, 0);
	writer_close(writer);
}
END_TEST

/* In the writer's thread, which has ended when the count is looked at. */
static void
notice(void *cookie)
{
	++*(int *)cookie;
}

START_TEST(list_is_one_commit_of_the_thread_and_ends_where_it_ended)
{
	int notices = 0;
	struct writer *writer = unit_writer(LONG_MS);
	struct task tasks[JOBS];

	ck_assert_int_eq(writer_start(writer, NULL, notice, &notices), 0);
	writer_submit(writer, make_list(tasks, JOBS));
	writer_stop(writer);
	ck_assert_uint_eq(writer_counts(writer).commits, 1);
	ck_assert_int_eq(notices, 1);
	ck_assert_ptr_eq(writer_collect(writer), &tasks[0].job);
	ck_assert_ptr_null(tasks[JOBS - 1].job.next);
	ck_assert_ptr_null(writer_collect(writer));
	ck_assert_uint_eq(unit_rows(), JOBS);
	writer_close(writer);
}
END_TEST

/* Whichever of them fail, be it the first, the last or all. */
START_TEST(job_that_fails_takes_no_other_along)
{
	enum { ALL = 1 << JOBS };
	struct writer *writer = unit_writer(LONG_MS);
	enum store_rc rcs[JOBS];
	struct task tasks[JOBS];
	char prefix[16];
	int failing, i;

	for (failing = 1; failing < ALL; failing++) {
		make_list(tasks, JOBS);
		for (i = 0; i < JOBS; i++) {
			snprintf(prefix, sizeof prefix, "%d-%d", failing, i);
			memcpy(tasks[i].id, prefix, sizeof prefix);
			rcs[i] = (failing & 1 << i) == 0 ? STORE_OK :
			    i % 2 == 0 ? STORE_UNAVAILABLE : STORE_WRITE_FAILED;
			if (rcs[i] != STORE_OK)
				spoil(&tasks[i], rcs[i]);
		}
		writer_commit(writer, &tasks[0].job);
		has_results(tasks, rcs, JOBS);
		for (i = 0; i < JOBS; i++)
			ck_assert_int_le(tasks[i].runs, 2);
	}
	writer_close(writer);
}
END_TEST

START_TEST(one_job_that_fails_costs_two_commits_more_and_not_one_for_each)
{
	static const enum store_rc rcs[JOBS] = { [2] = STORE_UNAVAILABLE };
	struct writer *writer = unit_writer(LONG_MS);
	struct task tasks[JOBS];
	struct writer_counts counts;

	make_list(tasks, JOBS);
	spoil(&tasks[2], STORE_UNAVAILABLE);
	writer_commit(writer, &tasks[0].job);
	has_results(tasks, rcs, JOBS);
	counts = writer_counts(writer);
	ck_assert_uint_eq(counts.commits, 2);
	ck_assert_uint_eq(counts.jobs, JOBS - 1);
	ck_assert_uint_eq(counts.split, 1);
	writer_close(writer);
}
END_TEST

START_TEST(job_that_fails_among_others_may_succeed_alone)
{
	static const enum store_rc all_well[JOBS] = { STORE_OK };
	struct writer *writer = unit_writer(LONG_MS);
	struct task tasks[JOBS];

	make_list(tasks, JOBS);
	spoil(&tasks[3], STORE_WRITE_FAILED);
	tasks[3].failures = 1;
	writer_commit(writer, &tasks[0].job);
	has_results(tasks, all_well, JOBS);
	writer_close(writer);
}
END_TEST

/* One that is alone has had its try. */
START_TEST(job_alone_that_fails_is_not_run_again)
{
	static const enum store_rc rcs[] = { STORE_UNAVAILABLE };
	struct writer *writer = unit_writer(LONG_MS);
	struct task task;

	make_list(&task, 1);
	spoil(&task, STORE_UNAVAILABLE);
	writer_commit(writer, &task.job);
	has_results(&task, rcs, 1);
	ck_assert_int_eq(task.runs, 1);
	ck_assert_uint_eq(writer_counts(writer).split, 0);
	writer_close(writer);
}
END_TEST

/* What it has changed by then stays, and so does what others have. */
START_TEST(result_that_is_no_failure_keeps_the_transaction)
{
	static const enum store_rc kept[] = { STORE_NOT_FOUND, STORE_CONFLICT,
	    STORE_EXISTS, STORE_ROW_FAILED, STORE_SEAL_AGAIN };
	enum { KEPT = sizeof kept / sizeof kept[0] };
	struct writer *writer = unit_writer(LONG_MS);
	struct task tasks[KEPT];
	int i;

	make_list(tasks, KEPT);
	for (i = 0; i < KEPT; i++)
		spoil(&tasks[i], kept[i]);
	writer_commit(writer, &tasks[0].job);
	for (i = 0; i < KEPT; i++) {
		ck_assert_int_eq(tasks[i].job.rc, kept[i]);
		ck_assert_int_eq(tasks[i].runs, 1);
	}
	ck_assert_uint_eq(unit_rows(), KEPT);
	ck_assert_uint_eq(writer_counts(writer).commits, 1);
	writer_close(writer);
}
END_TEST

static void
ignore_limit(int sig)
{
	(void)sig;
}

/* The disk's failure: nothing is asked of it again. */
START_TEST(commit_that_fails_is_everybodys_and_not_tried_again)
{
	if (unit_url() != NULL)
		return;		/* it has no files */
	static char metadata[256 * 1024];
	static const enum store_rc rcs[JOBS] = { STORE_FULL,
	    STORE_FULL, STORE_FULL, STORE_FULL,
	    STORE_FULL, STORE_FULL };
	struct writer *writer = unit_writer(LONG_MS);
	struct rlimit was, little;
	struct task tasks[JOBS];
	int i;

	make_list(tasks, JOBS);
	memset(metadata, 'x', sizeof metadata - 1);
	tasks[2].save.row.metadata = metadata;
	(void)signal(SIGXFSZ, ignore_limit);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	little = (struct rlimit){ sizeof metadata / 2, was.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
	writer_commit(writer, &tasks[0].job);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
	has_results(tasks, rcs, JOBS);
	for (i = 0; i < JOBS; i++)
		ck_assert_int_eq(tasks[i].runs, 1);
	ck_assert_uint_eq(writer_counts(writer).split, 0);
	writer_commit(writer, &tasks[0].job);
	ck_assert_uint_eq(unit_rows(), JOBS);
	writer_close(writer);
}
END_TEST

START_TEST(lock_that_is_not_had_is_everybodys_and_nothing_is_run)
{
	static const enum store_rc rcs[JOBS] = { STORE_BUSY, STORE_BUSY,
	    STORE_BUSY, STORE_BUSY, STORE_BUSY, STORE_BUSY };
	struct writer *writer = unit_writer(SHORT_MS);
	struct task tasks[JOBS];
	int fd = unit_take_lock(), i;

	writer_commit(writer, make_list(tasks, JOBS));
	unit_give_lock(fd);
	has_results(tasks, rcs, JOBS);
	for (i = 0; i < JOBS; i++)
		ck_assert_int_eq(tasks[i].runs, 0);
	ck_assert_uint_eq(writer_counts(writer).busy, JOBS);
	writer_close(writer);
}
END_TEST

/* The first takes longer than all may wait, and fails. */
START_TEST(what_is_late_after_a_failure_is_not_begun)
{
	static const enum store_rc rcs[JOBS] = { STORE_BUSY, STORE_BUSY,
	    STORE_BUSY, STORE_BUSY, STORE_BUSY, STORE_BUSY };
	struct writer *writer = unit_writer(SHORT_MS);
	struct task tasks[JOBS];

	make_list(tasks, JOBS);
	spoil(&tasks[0], STORE_WRITE_FAILED);
	tasks[0].pause_ms = 2 * SHORT_MS;
	writer_commit(writer, &tasks[0].job);
	has_results(tasks, rcs, JOBS);
	ck_assert_int_eq(tasks[0].runs, 1);
	ck_assert_int_eq(tasks[1].runs, 0);
	writer_close(writer);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		list_is_one_commit,
		list_is_one_commit_of_the_thread_and_ends_where_it_ended,
		job_that_fails_takes_no_other_along,
		one_job_that_fails_costs_two_commits_more_and_not_one_for_each,
		job_that_fails_among_others_may_succeed_alone,
		job_alone_that_fails_is_not_run_again,
		result_that_is_no_failure_keeps_the_transaction,
		commit_that_fails_is_everybodys_and_not_tried_again,
		lock_that_is_not_had_is_everybodys_and_nothing_is_run,
		what_is_late_after_a_failure_is_not_begun,
	};

	return (unit_main("committer", tests,
	    sizeof tests / sizeof tests[0]));
}
