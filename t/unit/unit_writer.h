#ifndef UNIT_WRITER_H
#define UNIT_WRITER_H

/* For tests in which threads wait for a writer that has been started. */
#include <pthread.h>

#include "store/writer.h"
#include "unit/unit_store.h"

/* Where threads wait; the writer's notice tells them all. */
struct unit_desk {
	struct writer *writer;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
};

/* What is done is marked so, for whoever waits for it. */
static inline void
unit_tell(void *cookie)
{
	struct unit_desk *desk = cookie;
	struct writer_job *job, *next;

	pthread_mutex_lock(&desk->mutex);
	for (job = writer_collect(desk->writer); job != NULL; job = next) {
		next = job->next;
		*(bool *)job->owner = true;
	}
	pthread_cond_broadcast(&desk->changed);
	pthread_mutex_unlock(&desk->mutex);
}

static inline void
unit_start(struct unit_desk *desk, struct writer *writer,
    struct keycache *keycache)
{
	desk->writer = writer;
	pthread_mutex_init(&desk->mutex, NULL);
	pthread_cond_init(&desk->changed, NULL);
	ck_assert_int_eq(writer_start(writer, keycache, unit_tell, desk), 0);
}

static inline void
unit_stop(struct unit_desk *desk)
{
	writer_stop(desk->writer);
	writer_close(desk->writer);
	pthread_cond_destroy(&desk->changed);
	pthread_mutex_destroy(&desk->mutex);
}

/* Hand over a list, and wait until the last of it is done. */
static inline void
unit_await_list(struct unit_desk *desk, struct writer_job *jobs,
    struct writer_job *last)
{
	bool is_done = false;

	last->owner = &is_done;
	last->next = NULL;
	writer_submit(desk->writer, jobs);
	pthread_mutex_lock(&desk->mutex);
	while (!is_done)
		pthread_cond_wait(&desk->changed, &desk->mutex);
	pthread_mutex_unlock(&desk->mutex);
}

static inline enum store_rc
unit_await(struct unit_desk *desk, struct writer_job *job)
{
	unit_await_list(desk, job, job);
	return (job->rc);
}

/* A save, likewise; and one of a row as of unit_commit_row. */
static inline enum store_rc
unit_await_save(struct unit_desk *desk, struct store_save *save)
{
	struct writer_job job = { .run = unit_run_save, .cookie = save };

	return (unit_await(desk, &job));
}

static inline enum store_rc
unit_await_row(struct unit_desk *desk, const char *id)
{
	struct store_save save = unit_save(id, "user", id);
	enum store_rc rc = unit_await_save(desk, &save);

	free(save.kept_metadata);
	return (rc);
}

#endif
