/* Group commit: saves of many threads at once, and a full queue. */
#include "config.h"

#include <sys/stat.h>

#include "unit/unit_writer.h"

enum {
	THREADS = 32, ROUNDS = 20, LONG_MS = 30000,
	BOX_LEN = 64 << 10, LOG_MAX = 16 << 20
};

/* What a submitting thread does. */
struct submitter {
	pthread_t thread;
	struct unit_desk *desk;
	int number;
	enum store_rc rc;
	char kept_id[IDENT_UUID_LEN + 1];
};

static void
start(struct submitter *all, int count, struct unit_desk *desk,
    void *(*run)(void *))
{
	int i;

	for (i = 0; i < count; i++) {
		all[i] = (struct submitter){ .desk = desk, .number = i,
		    .rc = STORE_OK };
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
		submitter->rc = unit_await_row(submitter->desk, id);
	}
	return (NULL);
}

START_TEST(saves_of_32_threads_are_all_there)
{
	struct writer *writer = unit_writer(LONG_MS);
	struct submitter all[THREADS];
	struct unit_desk desk;
	int i;

	unit_start(&desk, writer, NULL);
	start(all, THREADS, &desk, save_many);
	join(all, THREADS);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(all[i].rc, STORE_OK);
	ck_assert_uint_eq(unit_rows(), THREADS * ROUNDS);
	unit_stop(&desk);
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
	submitter->rc = unit_await_save(submitter->desk, &save);
	snprintf(submitter->kept_id, sizeof submitter->kept_id, "%s",
	    save.stored.integration_id);
	free(save.kept_metadata);
	return (NULL);
}

START_TEST(first_saves_under_one_identifier_make_one_row)
{
	struct writer *writer = unit_writer(LONG_MS);
	struct submitter all[THREADS];
	struct unit_desk desk;
	int i;

	unit_start(&desk, writer, NULL);
	start(all, THREADS, &desk, save_same);
	join(all, THREADS);
	ck_assert_uint_eq(unit_rows(), 1);
	for (i = 0; i < THREADS; i++) {
		ck_assert_int_eq(all[i].rc, STORE_OK);
		ck_assert_str_eq(all[i].kept_id, all[0].kept_id);
	}
	unit_stop(&desk);
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
	submitter->rc = unit_await_save(submitter->desk, &save);
	free(save.kept_metadata);
	return (NULL);
}

START_TEST(conflict_fails_its_own_save_and_none_beside_it)
{
	struct writer *writer = unit_writer(LONG_MS);
	struct submitter all[THREADS];
	struct unit_desk desk;
	int i;

	ck_assert_int_eq(unit_commit_row(writer, "taken"), STORE_OK);
	unit_start(&desk, writer, NULL);
	start(all, THREADS, &desk, save_conflicting);
	join(all, THREADS);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(all[i].rc, i % 3 == 0 ? STORE_CONFLICT :
		    STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1 + THREADS - (THREADS + 2) / 3);
	unit_stop(&desk);
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
		submitter->rc = unit_await_save(submitter->desk, &save);
	}
	return (NULL);
}

/* 40 MiB are saved; the log's file is as long as the log ever was. */
START_TEST(log_stays_short_while_the_queue_is_never_empty)
{
	if (unit_url() != NULL)
		return;		/* it has no files */
	struct writer *writer = unit_writer(LONG_MS);
	struct submitter all[THREADS];
	struct unit_desk desk;
	struct stat st;

	unit_start(&desk, writer, NULL);
	start(all, THREADS, &desk, save_boxes);
	join(all, THREADS);
	ck_assert_uint_eq(unit_rows(), THREADS * ROUNDS);
	ck_assert_int_eq(stat("strongroom.db-wal", &st), 0);
	ck_assert_int_lt(st.st_size, LOG_MAX);
	unit_stop(&desk);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		saves_of_32_threads_are_all_there,
		first_saves_under_one_identifier_make_one_row,
		conflict_fails_its_own_save_and_none_beside_it,
		log_stays_short_while_the_queue_is_never_empty,
	};

	return (unit_main("writer_group", tests,
	    sizeof tests / sizeof tests[0]));
}
