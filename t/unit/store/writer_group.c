/* Group commit: saves of many threads at once, and a full queue. */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "unit_store.h"
#include "store/writer.h"

enum {
	THREADS = 32, ROUNDS = 20, QUEUE = 4, LONG_MS = 30000,
	BOX_LEN = 64 << 10, LOG_MAX = 16 << 20
};

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

/* What a submitting thread does. */
struct submitter {
	pthread_t thread;
	struct writer *writer;
	int number;
	atomic_int *busy;	/* how many were answered so */
	enum store_rc rc;
	char kept_id[IDENT_UUID_LEN + 1];
};

static void
start(struct submitter *all, int count, struct writer *writer,
    void *(*run)(void *), atomic_int *busy)
{
	int i;

	for (i = 0; i < count; i++) {
		all[i] = (struct submitter){ .writer = writer, .number = i,
		    .busy = busy, .rc = STORE_OK };
		ck_assert_int_eq(pthread_create(&all[i].thread, NULL, run,
		    &all[i]), 0);
	}
}

static void
join(struct submitter *all, int count)
{
	int i;

	for (i = 0; i < count; i++)
		ck_assert_int_eq(pthread_join(all[i].thread, NULL), 0);
}

static void *
save_many(void *cookie)
{
	struct submitter *submitter = cookie;
	char id[32];
	int i;

	for (i = 0; i < ROUNDS && submitter->rc == STORE_OK; i++) {
		snprintf(id, sizeof id, "id-%d-%d", submitter->number, i);
		submitter->rc = save_one(submitter->writer, id);
	}
	return (NULL);
}

START_TEST(saves_of_32_threads_are_all_there)
{
	struct writer *writer = begin(LONG_MS);
	struct submitter all[THREADS];
	int i;

	ck_assert_int_eq(writer_start(writer, THREADS, NULL), 0);
	start(all, THREADS, writer, save_many, NULL);
	join(all, THREADS);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(all[i].rc, STORE_OK);
	ck_assert_uint_eq(unit_rows(), THREADS * ROUNDS);
	writer_close(writer);
	ck_assert_uint_eq(unit_rows(), THREADS * ROUNDS);
}
END_TEST

/* The first save under one identifier, each with an id of its own. */
static void *
save_same(void *cookie)
{
	struct submitter *submitter = cookie;
	struct store_save save;
	char id[32];

	snprintf(id, sizeof id, "id-%d", submitter->number);
	save = unit_save(id, "user", "same");
	save.metadata_given = submitter->number % 2 == 0;
	submitter->rc = writer_save(submitter->writer, &save);
	snprintf(submitter->kept_id, sizeof submitter->kept_id, "%s",
	    save.row.integration_id);
	free(save.kept_metadata);
	return (NULL);
}

START_TEST(first_saves_under_one_identifier_make_one_row)
{
	struct writer *writer = begin(LONG_MS);
	struct submitter all[THREADS];
	int i;

	ck_assert_int_eq(writer_start(writer, THREADS, NULL), 0);
	start(all, THREADS, writer, save_same, NULL);
	join(all, THREADS);
	ck_assert_uint_eq(unit_rows(), 1);
	for (i = 0; i < THREADS; i++) {
		ck_assert_int_eq(all[i].rc, STORE_OK);
		ck_assert_str_eq(all[i].kept_id, all[0].kept_id);
	}
	writer_close(writer);
}
END_TEST

/* Every third save is of another type under an identifier that is taken. */
static void *
save_conflicting(void *cookie)
{
	struct submitter *submitter = cookie;
	struct store_save save;
	char id[32];

	snprintf(id, sizeof id, "id-%d", submitter->number);
	save = unit_save(id, "user", submitter->number % 3 == 0 ? "taken" :
	    id);
	save.row.integration_type = integration_types[1];
	submitter->rc = writer_save(submitter->writer, &save);
	free(save.kept_metadata);
	return (NULL);
}

START_TEST(conflict_fails_its_own_save_and_none_beside_it)
{
	struct writer *writer = begin(LONG_MS);
	struct submitter all[THREADS];
	int i;

	ck_assert_int_eq(save_one(writer, "taken"), STORE_OK);
	ck_assert_int_eq(writer_start(writer, THREADS, NULL), 0);
	start(all, THREADS, writer, save_conflicting, NULL);
	join(all, THREADS);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(all[i].rc, i % 3 == 0 ? STORE_CONFLICT :
		    STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1 + THREADS - (THREADS + 2) / 3);
	writer_close(writer);
}
END_TEST

static void *
save_counted(void *cookie)
{
	struct submitter *submitter = cookie;
	char id[32];

	snprintf(id, sizeof id, "id-%d", submitter->number);
	submitter->rc = save_one(submitter->writer, id);
	if (submitter->rc == STORE_BUSY)
		atomic_fetch_add(submitter->busy, 1);
	return (NULL);
}

/*
 * While the lock is somebody else's, as many saves wait as the queue takes,
 * and all others are answered: nothing else could end this test's loop before
 * its time, which is shorter than the time allowed for the lock.
 */
START_TEST(save_beyond_the_queue_is_busy_at_once)
{
	const struct timespec pause = { 0, 1000000 };
	struct writer *writer = begin(2 * UNIT_SECONDS * 1000);
	struct submitter all[THREADS];
	atomic_int answered = 0;
	int i, fd, busy = 0;

	ck_assert_int_eq(writer_start(writer, QUEUE, NULL), 0);
	fd = unit_take_lock();
	start(all, THREADS, writer, save_counted, &answered);
	while (atomic_load(&answered) < THREADS - QUEUE)
		nanosleep(&pause, NULL);
	ck_assert_uint_eq(unit_rows(), 0);
	close(fd);
	join(all, THREADS);
	for (i = 0; i < THREADS; i++) {
		ck_assert(all[i].rc == STORE_OK || all[i].rc == STORE_BUSY);
		busy += all[i].rc == STORE_BUSY;
	}
	ck_assert_int_eq(busy, THREADS - QUEUE);
	ck_assert_uint_eq(unit_rows(), QUEUE);
	unit_has(unit_log(), "the queue of saves is full (4)");
	/* It has room again. */
	ck_assert_int_eq(save_one(writer, "a"), STORE_OK);
	writer_close(writer);
}
END_TEST

static void *
save_boxes(void *cookie)
{
	static const unsigned char box[BOX_LEN];
	struct submitter *submitter = cookie;
	struct store_save save;
	char id[32];
	int i;

	for (i = 0; i < ROUNDS && submitter->rc == STORE_OK; i++) {
		snprintf(id, sizeof id, "id-%d-%d", submitter->number, i);
		save = unit_save(id, "user", id);
		save.row.auth_data = box;
		save.row.auth_data_len = sizeof box;
		submitter->rc = writer_save(submitter->writer, &save);
	}
	return (NULL);
}

/* 40 MiB are saved; the log's file is as long as the log ever was. */
START_TEST(log_stays_short_while_the_queue_is_never_empty)
{
	struct writer *writer = begin(LONG_MS);
	struct submitter all[THREADS];
	struct stat st;

	ck_assert_int_eq(writer_start(writer, THREADS, NULL), 0);
	start(all, THREADS, writer, save_boxes, NULL);
	join(all, THREADS);
	ck_assert_uint_eq(unit_rows(), THREADS * ROUNDS);
	ck_assert_int_eq(stat("strongroom.db-wal", &st), 0);
	ck_assert_int_lt(st.st_size, LOG_MAX);
	writer_close(writer);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		saves_of_32_threads_are_all_there,
		first_saves_under_one_identifier_make_one_row,
		conflict_fails_its_own_save_and_none_beside_it,
		save_beyond_the_queue_is_busy_at_once,
		log_stays_short_while_the_queue_is_never_empty,
	};

	return (unit_main("writer_group", tests,
	    sizeof tests / sizeof tests[0]));
}
