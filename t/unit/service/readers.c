/* Threads that read: nobody waits for them, and each job is done once. */
#include "config.h"

#include <pthread.h>

#include "service/readers.h"
#include "unit/unit_app.h"

enum { JOBS = 200, HELD = 2, PATIENCE_MS = 50 };

/* Where jobs are held until they are let go, and where they come back. */
struct desk {
	struct readers *readers;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool is_open;			/* nobody is held any more */
	size_t begun;
	size_t notices;
	size_t back;
	struct app app;
};

static struct desk desk = {
	.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER
};

/* A job: how often it was run, and what it found. */
struct look {
	struct writer_job job;
	size_t runs;
	bool is_there;
};

static enum store_rc
run_look(struct store *store, void *cookie)
{
	struct look *look = cookie;

	look->runs++;
	look->is_there = store_ping(store) == STORE_OK;
	pthread_mutex_lock(&desk.mutex);
	desk.begun++;
	pthread_cond_broadcast(&desk.changed);
	while (!desk.is_open)
		pthread_cond_wait(&desk.changed, &desk.mutex);
	pthread_mutex_unlock(&desk.mutex);
	return (STORE_NOT_FOUND);
}

static void
notice(void *cookie)
{
	(void)cookie;
	pthread_mutex_lock(&desk.mutex);
	desk.notices++;
	pthread_cond_broadcast(&desk.changed);
	pthread_mutex_unlock(&desk.mutex);
}

static void
begin(int busy_timeout_ms)
{
	struct conf conf = unit_conf();

	keyring_free(unit_create());
	conf.busy_timeout_ms = (uint64_t)busy_timeout_ms;
	ck_assert_int_eq(app_open(&desk.app, &conf), APP_OK);
	desk.readers = readers_start(&desk.app, READERS_LISTS, notice, NULL);
	ck_assert_ptr_nonnull(desk.readers);
}

static void
end(void)
{
	readers_stop(desk.readers);
	app_close(&desk.app);
}

static void
let_go(void)
{
	pthread_mutex_lock(&desk.mutex);
	desk.is_open = true;
	pthread_cond_broadcast(&desk.changed);
	pthread_mutex_unlock(&desk.mutex);
}

/* Wait until so many are in the middle of it. */
static void
await_begun(size_t count)
{
	pthread_mutex_lock(&desk.mutex);
	while (desk.begun < count)
		pthread_cond_wait(&desk.changed, &desk.mutex);
	pthread_mutex_unlock(&desk.mutex);
}

/* Collect until so many are back. */
static void
await_back(size_t count)
{
	struct writer_job *job;
	size_t notices = 0;

	while (desk.back < count) {
		pthread_mutex_lock(&desk.mutex);
		while (desk.notices == notices)
			pthread_cond_wait(&desk.changed, &desk.mutex);
		notices = desk.notices;
		pthread_mutex_unlock(&desk.mutex);
		for (job = readers_collect(desk.readers); job != NULL;
		    job = job->next)
			desk.back++;
	}
	ck_assert_uint_eq(desk.back, count);
}

/* Hand over count looks as one list. */
static void
submit(struct look *looks, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		looks[i] = (struct look){ .job = { .run = run_look,
		    .cookie = &looks[i], .next = i + 1 < count ?
		    &looks[i + 1].job : NULL } };
	readers_submit(desk.readers, &looks[0].job);
}

START_TEST(every_job_is_run_once_and_comes_back)
{
	static struct look looks[JOBS];
	size_t i;

	begin(60000);
	let_go();
	for (i = 0; i < JOBS; i += 50)
		submit(looks + i, 50);
	await_back(JOBS);
	for (i = 0; i < JOBS; i++) {
		ck_assert_uint_eq(looks[i].runs, 1);
		ck_assert(looks[i].is_there);
		ck_assert_int_eq(looks[i].job.rc, STORE_NOT_FOUND);
	}
	end();
}
END_TEST

START_TEST(who_hands_over_does_not_wait_for_who_is_held)
{
	static struct look held[HELD], looks[JOBS];

	begin(60000);
	submit(held, HELD);
	await_begun(HELD);
	submit(looks, JOBS);
	ck_assert_ptr_null(readers_collect(desk.readers));
	ck_assert_uint_eq(desk.begun, HELD);
	let_go();
	await_back(HELD + JOBS);
	ck_assert_int_eq(looks[JOBS - 1].job.rc, STORE_NOT_FOUND);
	end();
}
END_TEST

/* More than so long after they were handed over. */
static void
sleep_longer(void)
{
	int64_t until_ms = ident_monotonic_ms() + 2 * PATIENCE_MS;

	while (ident_monotonic_ms() < until_ms)
		usleep(1000);
}

START_TEST(what_has_waited_too_long_is_busy)
{
	static struct look held[HELD], late[3];
	size_t i;

	begin(PATIENCE_MS);
	submit(held, HELD);
	await_begun(HELD);
	submit(late, 3);
	sleep_longer();
	let_go();
	await_back(HELD + 3);
	for (i = 0; i < 3; i++) {
		ck_assert_uint_eq(late[i].runs, 0);
		ck_assert_int_eq(late[i].job.rc, STORE_BUSY);
	}
	for (i = 0; i < HELD; i++)
		ck_assert_int_eq(held[i].job.rc, STORE_NOT_FOUND);
	end();
}
END_TEST

START_TEST(in_a_hurry_nothing_more_is_begun)
{
	static struct look held[HELD], late[3];

	begin(60000);
	submit(held, HELD);
	await_begun(HELD);
	submit(late, 3);
	readers_hurry(desk.readers);
	let_go();
	await_back(HELD + 3);
	ck_assert_int_eq(held[0].job.rc, STORE_NOT_FOUND);
	ck_assert_int_eq(held[1].job.rc, STORE_NOT_FOUND);
	ck_assert_int_eq(late[0].job.rc, STORE_BUSY);
	ck_assert_int_eq(late[2].job.rc, STORE_BUSY);
	ck_assert_uint_eq(late[0].runs + late[1].runs + late[2].runs, 0);
	end();
}
END_TEST

START_TEST(the_stop_finishes_what_was_handed_over)
{
	static struct look looks[JOBS];
	size_t i;

	begin(60000);
	let_go();
	submit(looks, JOBS);
	readers_stop(desk.readers);
	for (i = 0; i < JOBS; i++)
		ck_assert_uint_eq(looks[i].runs, 1);
	desk.readers = NULL;
	end();
}
END_TEST

START_TEST(database_that_has_gone_is_unavailable_to_every_thread)
{
	static struct look held[2 * HELD], looks[JOBS];
	size_t i;

	begin(60000);
	/* Each of them has it open, and has seen it since. */
	for (i = 0; i < 2 * HELD; i += HELD) {
		desk.is_open = false;
		submit(held + i, HELD);
		await_begun(i + HELD);
		let_go();
		await_back(i + HELD);
	}
	ck_assert_int_eq(rename(unit_database, "away.db"), 0);
	submit(looks, JOBS);
	await_back(2 * HELD + JOBS);
	for (i = 0; i < JOBS; i++) {
		ck_assert_int_eq(looks[i].job.rc, STORE_UNAVAILABLE);
		ck_assert_uint_eq(looks[i].runs, 0);
	}
	ck_assert_int_eq(rename("away.db", unit_database), 0);
	end();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		every_job_is_run_once_and_comes_back,
		who_hands_over_does_not_wait_for_who_is_held,
		what_has_waited_too_long_is_busy,
		in_a_hurry_nothing_more_is_begun,
		the_stop_finishes_what_was_handed_over,
		database_that_has_gone_is_unavailable_to_every_thread,
	};

	return (unit_main("readers", tests, sizeof tests / sizeof tests[0]));
}
