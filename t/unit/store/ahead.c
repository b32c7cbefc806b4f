/*
 * What is asked ahead, and what is put off: nobody is told anything else than
 * without. Where the rows are in a file, neither is ever done.
 */
#include "config.h"

#include "ground/words.h"
#include "store/store_change.h"
#include "unit/unit_store.h"

enum { JOBS = 4, LONG_MS = 30000 };

/* A save that asks ahead, as those of the service do; or another change. */
struct task {
	struct writer_job job;
	struct store_save save;
	int runs;
};

static void
ask(struct store *store, void *cookie)
{
	struct task *task = cookie;

	store_save_ask(store, &task->save);
}

static enum store_rc
run_save(struct store *store, void *cookie)
{
	struct task *task = cookie;

	task->runs++;
	return (store_save(store, &task->save));
}

static enum store_rc
run_delete(struct store *store, void *cookie)
{
	struct task *task = cookie;
	struct store_deletion gone = { .asker = { "user", WORDS_ALL },
	    .integration_id = "id-0" };
	enum store_rc rc;

	task->runs++;
	rc = store_delete(store, &gone);
	arena_fini(&gone.arena);
	return (rc);
}

static struct writer_job *
make_list(struct task tasks[JOBS], const char *const ids[JOBS],
    const char *const identifiers[JOBS])
{
	int i;

	for (i = 0; i < JOBS; i++)
		tasks[i] = (struct task){
		    .job = { .run = run_save, .ask = ask, .cookie = &tasks[i],
			.next = i + 1 < JOBS ? &tasks[i + 1].job : NULL },
		    .save = unit_save(ids[i], "user", identifiers[i])
		};
	return (&tasks[0].job);
}

static void
forget(struct task tasks[JOBS])
{
	int i;

	for (i = 0; i < JOBS; i++)
		free(tasks[i].save.kept_metadata);
}

static const char *const ids[JOBS] = { "id-1", "id-2", "id-3", "id-4" };

START_TEST(saves_of_one_identifier_see_each_other)
{
	static const char *const same[JOBS] = { "a", "b", "a", "a" };
	struct writer *writer = unit_writer(LONG_MS);
	struct task tasks[JOBS];
	int i;

	writer_commit(writer, make_list(tasks, ids, same));
	for (i = 0; i < JOBS; i++) {
		ck_assert_int_eq(tasks[i].job.rc, STORE_OK);
		ck_assert_int_eq(tasks[i].runs, 1);
	}
	ck_assert_uint_eq(unit_rows(), 2);
	ck_assert_str_eq(tasks[2].save.stored.integration_id, "id-1");
	ck_assert_str_eq(tasks[3].save.stored.integration_id, "id-1");
	ck_assert_int_eq(tasks[2].save.stored.revision, 2);
	ck_assert_int_eq(tasks[3].save.stored.revision, 3);
	ck_assert_uint_eq(writer_counts(writer).commits, 1);
	forget(tasks);
	writer_close(writer);
}
END_TEST

/* What was found ahead is no more when another job has changed something. */
START_TEST(change_between_is_seen)
{
	static const char *const names[JOBS] = { "x", "a", "y", "z" };
	struct writer *writer = unit_writer(LONG_MS);
	struct task tasks[JOBS];

	unit_put_row(writer_store(writer), "id-0", "a");
	make_list(tasks, ids, names);
	tasks[0].job.run = run_delete;
	tasks[0].job.ask = NULL;
	writer_commit(writer, &tasks[0].job);
	ck_assert_int_eq(tasks[0].job.rc, STORE_OK);
	ck_assert_int_eq(tasks[1].job.rc, STORE_OK);
	ck_assert_str_eq(tasks[1].save.stored.integration_id, "id-2");
	ck_assert_int_eq(tasks[1].save.stored.revision, 1);
	ck_assert_uint_eq(unit_rows(), 3);
	forget(tasks);
	writer_close(writer);
}
END_TEST

/* Which is found out at the commit alone, where that was put off. */
START_TEST(row_that_cannot_be_fails_its_own_job_alone)
{
	static const char *const names[JOBS] = { "w", "a", "y", "z" };
	struct writer *writer = unit_writer(LONG_MS);
	struct task tasks[JOBS];
	int i;

	unit_put_row(writer_store(writer), "id-0", "a");
	make_list(tasks, ids, names);
	tasks[1].save.is_generated = true;
	writer_commit(writer, &tasks[0].job);
	for (i = 0; i < JOBS; i++)
		ck_assert_int_eq(tasks[i].job.rc, i != 1 ? STORE_OK :
		    unit_url() != NULL ? STORE_WRITE_FAILED :
		    STORE_ROW_FAILED);
	ck_assert_uint_eq(unit_rows(), JOBS);
	ck_assert_uint_eq(writer_counts(writer).split, unit_url() != NULL);
	forget(tasks);
	writer_close(writer);
}
END_TEST

/* More than is kept in memory of what was put off; and once more. */
START_TEST(long_rows_are_all_there)
{
	static char metadata[3 << 20];
	static const char *const names[JOBS] = { "a", "b", "c", "d" };
	struct writer *writer = unit_writer(LONG_MS);
	struct task tasks[JOBS];
	int i, round;

	memset(metadata, 'm', sizeof metadata - 1);
	for (round = 1; round <= 2; round++) {
		make_list(tasks, ids, names);
		for (i = 0; i < JOBS; i++)
			tasks[i].save.row.metadata = metadata;
		writer_commit(writer, &tasks[0].job);
		for (i = 0; i < JOBS; i++) {
			ck_assert_int_eq(tasks[i].job.rc, STORE_OK);
			ck_assert_int_eq(tasks[i].save.stored.revision, round);
		}
		forget(tasks);
	}
	ck_assert_uint_eq(unit_rows(), JOBS);
	writer_close(writer);
}
END_TEST

enum { QUESTIONS = 2 };

static struct db_query
question(struct db *db, size_t number, int64_t of)
{
	struct db_query query = db_query(db, number);

	db_bind_int(&query, of);
	return (query);
}

static void
ask_all(void *cookie)
{
	struct db_query query;
	int64_t of;
	size_t number;

	for (of = 5; of <= 6; of++)
		for (number = 0; number < QUESTIONS; number++) {
			query = question(cookie, number, of);
			db_ahead(&query);
		}
}

START_TEST(questions_differ_by_what_is_asked_and_of_what)
{
	static const char *const sqlite[] = { "SELECT ?1", "SELECT ?1 + 1",
	    NULL };
	static const char *const pgsql[] = { "SELECT $1::int8",
	    "SELECT $1::int8 + 1", NULL };
	static const struct db_sql sql = { sqlite, pgsql };
	struct store_conf conf = unit_store_conf();
	struct db_query query;
	struct db *db = NULL;
	size_t number;
	int64_t of;

	keyring_free(unit_create());
	ck_assert_int_eq(db_open(&db, &conf, STORE_WRITE, &sql), STORE_OK);
	ck_assert_int_eq(db_begin(db, LONG_MS, ask_all, db), STORE_OK);
	for (of = 6; of >= 5; of--)
		for (number = QUESTIONS; number-- > 0;) {
			query = question(db, number, of);
			ck_assert_int_eq(db_step(&query), STORE_OK);
			ck_assert_int_eq(db_int(&query, 0),
			    of + (int64_t)number);
			db_done(&query);
		}
	db_rollback(db);
	db_close(db);
}
END_TEST

static void
ask_plain(void *cookie)
{
	struct db_query query = db_query(cookie, 0);

	db_ahead(&query);
}

/* Somebody who has no need of the lock changes what was asked for. */
START_TEST(answer_is_the_one_that_came_with_the_lock)
{
	static const char *const table[] = { "SELECT count(*) FROM probe",
	    "INSERT INTO probe VALUES (2)", NULL };
	static const struct db_sql sql = { table, table };
	struct store_conf conf = unit_store_conf();
	struct db_query query;
	struct db *db = NULL;

	if (unit_url() == NULL)
		return;		/* a file is asked when it is needed */
	keyring_free(unit_create());
	unit_sql("CREATE TABLE probe (n int)");
	ck_assert_int_eq(db_open(&db, &conf, STORE_WRITE, &sql), STORE_OK);
	ck_assert_int_eq(db_begin(db, LONG_MS, ask_plain, db), STORE_OK);
	unit_sql("INSERT INTO probe VALUES (1)");
	query = db_query(db, 0);
	ck_assert_int_eq(db_step(&query), STORE_OK);
	ck_assert_int_eq(db_int(&query, 0), 0);
	db_done(&query);
	/* It is taken once. */
	query = db_query(db, 0);
	ck_assert_int_eq(db_step(&query), STORE_OK);
	ck_assert_int_eq(db_int(&query, 0), 1);
	db_done(&query);
	db_rollback(db);
	/* Without a transaction nothing can be put off. */
	query = db_query(db, 1);
	ck_assert_int_eq(db_put_off(&query), STORE_OK);
	ck_assert_int_eq(unit_number("SELECT count(*) FROM probe"), 2);
	db_close(db);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		saves_of_one_identifier_see_each_other,
		change_between_is_seen,
		row_that_cannot_be_fails_its_own_job_alone,
		long_rows_are_all_there,
		questions_differ_by_what_is_asked_and_of_what,
		answer_is_the_one_that_came_with_the_lock,
	};

	return (unit_main("ahead", tests, sizeof tests / sizeof tests[0]));
}
