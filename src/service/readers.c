/*
 * Threads that read: who takes which job, and when. Refuses to know what is
 * read.
 */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ground/conf.h"
#include "ground/ident.h"
#include "ground/log.h"
#include "service/readers.h"
#include "store/jobs.h"

/*
 * One may be busy with what is long while others have short things; and where
 * each waits for a server, which counts its connections, most are for what all
 * requests need.
 */
enum { OF_FILE, OF_SERVER, PLACES, THREADS_MAX = 3 };
static const size_t threads[READERS_KINDS][PLACES] = {
	[READERS_LISTS] = { [OF_FILE] = 2, [OF_SERVER] = 1 },
	[READERS_STEPS] = { [OF_FILE] = 2, [OF_SERVER] = THREADS_MAX },
};

struct readers {
	const struct app *app;
	void (*notify)(void *);
	void *cookie;
	pthread_t threads[THREADS_MAX];
	size_t started;
	pthread_mutex_t mutex;	/* guards all below */
	pthread_cond_t wake;	/* there is something to do */
	struct jobs todo;
	struct jobs done;
	bool is_hurried;
	bool is_closing;
};

/*
 * Wait for a job, NULL when there will be none any more; *may_run: it has not
 * waited for too long.
 */
static struct writer_job *
await_job(struct readers *readers, bool *may_run)
{
	struct writer_job *job;

	pthread_mutex_lock(&readers->mutex);
	while (readers->todo.first == NULL && !readers->is_closing)
		pthread_cond_wait(&readers->wake, &readers->mutex);
	job = jobs_take_first(&readers->todo);
	*may_run = !readers->is_hurried;
	pthread_mutex_unlock(&readers->mutex);
	if (job != NULL && ident_monotonic_ms() - job->since_ms >
	    readers->app->store.busy_timeout_ms)
		*may_run = false;
	return (job);
}

static void
give_back(struct readers *readers, struct writer_job *job)
{
	bool was_empty;

	pthread_mutex_lock(&readers->mutex);
	was_empty = readers->done.first == NULL;
	jobs_append(&readers->done, job);
	pthread_mutex_unlock(&readers->mutex);
	if (was_empty)
		readers->notify(readers->cookie);
}

static void *
run(void *cookie)
{
	struct readers *readers = cookie;
	struct writer_job *job;
	struct reader reader;
	bool may_run;

	reader_init(&reader, readers->app, NULL);
	while ((job = await_job(readers, &may_run)) != NULL) {
		reader_turn(&reader);
		if (may_run || job->is_owed)
			reader_run(&reader, job);
		else
			job->rc = STORE_BUSY;
		give_back(readers, job);
	}
	reader_fini(&reader);
	return (NULL);
}

struct readers *
readers_start(const struct app *app, enum readers_kind kind,
    void (*notify)(void *cookie), void *cookie)
{
	size_t count = threads[kind][conf_is_url(app->conf.database) ?
	    OF_SERVER : OF_FILE];
	struct readers *readers = calloc(1, sizeof *readers);
	int rc = 0;

	if (readers == NULL) {
		log_error("out of memory for threads that read");
		return (NULL);
	}
	readers->app = app;
	readers->notify = notify;
	readers->cookie = cookie;
	jobs_empty(&readers->todo);
	jobs_empty(&readers->done);
	pthread_mutex_init(&readers->mutex, NULL);
	pthread_cond_init(&readers->wake, NULL);
	while (readers->started < count && rc == 0) {
		rc = pthread_create(&readers->threads[readers->started], NULL,
		    run, readers);
		readers->started += rc == 0;
	}
	if (rc == 0)
		return (readers);
	log_error("a thread that reads does not start: %s", strerror(rc));
	readers_stop(readers);
	return (NULL);
}

void
readers_submit(struct readers *readers, struct writer_job *jobs)
{
	int64_t now_ms = ident_monotonic_ms();
	struct writer_job *job;

	for (job = jobs; job != NULL; job = job->next)
		job->since_ms = now_ms;
	pthread_mutex_lock(&readers->mutex);
	jobs_append(&readers->todo, jobs);
	if (readers->todo.first->next != NULL)
		pthread_cond_broadcast(&readers->wake);
	else
		pthread_cond_signal(&readers->wake);
	pthread_mutex_unlock(&readers->mutex);
}

struct writer_job *
readers_collect(struct readers *readers)
{
	struct writer_job *jobs;

	pthread_mutex_lock(&readers->mutex);
	jobs = jobs_take(&readers->done);
	pthread_mutex_unlock(&readers->mutex);
	return (jobs);
}

void
readers_hurry(struct readers *readers)
{
	pthread_mutex_lock(&readers->mutex);
	readers->is_hurried = true;
	pthread_mutex_unlock(&readers->mutex);
}

void
readers_stop(struct readers *readers)
{
	if (readers == NULL)
		return;
	pthread_mutex_lock(&readers->mutex);
	readers->is_closing = true;
	pthread_cond_broadcast(&readers->wake);
	pthread_mutex_unlock(&readers->mutex);
	while (readers->started > 0)
		pthread_join(readers->threads[--readers->started], NULL);
	pthread_cond_destroy(&readers->wake);
	pthread_mutex_destroy(&readers->mutex);
	free(readers);
}
