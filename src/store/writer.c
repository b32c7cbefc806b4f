/*
 * Group commit: who commits, and when. Knows neither what is changed nor how a
 * transaction goes; batching is natural: whatever has come while one commit
 * syncs is the next batch.
 */
#include "config.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ground/ident.h"
#include "ground/log.h"
#include "store/committer.h"
#include "store/jobs.h"
#include "store/store_upkeep.h"
#include "store/writer.h"

enum {
	/* A longer write-ahead log is brought in when nothing has come ... */
	CHECKPOINT_BYTES = 2 << 20,
	/* ... and an even longer one whatever has. */
	CHECKPOINT_AT_ONCE_BYTES = 4 << 20
};

struct writer {
	struct committer committer;	/* the thread's, once it is there */
	pthread_t thread;
	bool is_started;
	void (*notify)(void *);
	void *cookie;
	pthread_mutex_t mutex;	/* guards all below */
	pthread_cond_t wake;	/* the thread has something to do */
	struct jobs todo;
	struct jobs done;
	bool is_closing;
};

/* Wait for jobs; NULL when there will be none any more. */
static struct writer_job *
await_jobs(struct writer *writer)
{
	struct writer_job *jobs;

	pthread_mutex_lock(&writer->mutex);
	while (writer->todo.first == NULL && !writer->is_closing)
		pthread_cond_wait(&writer->wake, &writer->mutex);
	jobs = jobs_take(&writer->todo);
	pthread_mutex_unlock(&writer->mutex);
	return (jobs);
}

/* Give back what is done; whether more has come meanwhile. */
static bool
give_back(struct writer *writer, struct writer_job *job)
{
	bool was_empty, has_more, has_some;
	struct writer_job *next;

	pthread_mutex_lock(&writer->mutex);
	was_empty = writer->done.first == NULL;
	for (; job != NULL; job = next) {
		next = job->next;
		job->next = NULL;
		if (job->is_aside)
			job->is_done = true;
		else
			jobs_append(&writer->done, job);
	}
	has_some = writer->done.first != NULL;
	has_more = writer->todo.first != NULL;
	pthread_mutex_unlock(&writer->mutex);
	if (was_empty && has_some)
		writer->notify(writer->cookie);
	return (has_more);
}

/* The write-ahead log, after a commit: one that was refused is tried again. */
static void
tend_log(struct writer *writer, bool has_more)
{
	store_checkpoint(writer->committer.store, has_more ?
	    CHECKPOINT_AT_ONCE_BYTES : CHECKPOINT_BYTES, STORE_LOG_KEEP);
}

static void *
run(void *cookie)
{
	struct writer *writer = cookie;
	struct writer_job *jobs;

	while ((jobs = await_jobs(writer)) != NULL) {
		committer_run(&writer->committer, jobs);
		tend_log(writer, give_back(writer, jobs));
	}
	committer_run(&writer->committer, NULL);
	return (NULL);
}

enum store_rc
writer_open(struct writer **to, const struct store_conf *conf)
{
	struct committer *committer;
	struct writer *writer;
	enum store_rc rc;

	if ((writer = calloc(1, sizeof *writer)) == NULL) {
		log_error("out of memory for the writer");
		return (STORE_UNAVAILABLE);
	}
	committer = &writer->committer;
	rc = store_open(&committer->store, conf, STORE_WRITE);
	if (rc != STORE_OK) {
		free(writer);
		return (rc);
	}
	committer->busy_timeout_ms = conf->busy_timeout_ms;
	atomic_store(&committer->active_key,
	    store_active_key(committer->store));
	jobs_empty(&writer->todo);
	jobs_empty(&writer->done);
	pthread_mutex_init(&writer->mutex, NULL);
	pthread_cond_init(&writer->wake, NULL);
	*to = writer;
	return (STORE_OK);
}

void
writer_take_uses(struct writer *writer, struct keyuse *uses)
{
	writer->committer.uses = uses;
}

int
writer_start(struct writer *writer, struct keycache *keycache,
    void (*notify)(void *cookie), void *cookie)
{
	int rc;

	writer->committer.keycache = keycache;
	writer->notify = notify;
	writer->cookie = cookie;
	rc = pthread_create(&writer->thread, NULL, run, writer);
	if (rc != 0) {
		log_error("the writer's thread does not start: %s",
		    strerror(rc));
		return (-1);
	}
	writer->is_started = true;
	return (0);
}

static void
note_time(struct writer_job *job)
{
	int64_t now_ms = ident_monotonic_ms();

	for (; job != NULL; job = job->next) {
		job->since_ms = now_ms;
		job->is_done = false;
	}
}

void
writer_commit(struct writer *writer, struct writer_job *jobs)
{
	assert(!writer->is_started);
	note_time(jobs);
	committer_run(&writer->committer, jobs);
}

void
writer_submit(struct writer *writer, struct writer_job *jobs)
{
	bool was_empty;

	assert(writer->is_started);
	note_time(jobs);
	pthread_mutex_lock(&writer->mutex);
	was_empty = writer->todo.first == NULL;
	jobs_append(&writer->todo, jobs);
	pthread_mutex_unlock(&writer->mutex);
	/* Under the mutex who is woken would sleep again, for the mutex. */
	if (was_empty)
		pthread_cond_signal(&writer->wake);
}

struct writer_job *
writer_collect(struct writer *writer)
{
	struct writer_job *jobs;

	pthread_mutex_lock(&writer->mutex);
	jobs = jobs_take(&writer->done);
	pthread_mutex_unlock(&writer->mutex);
	return (jobs);
}

bool
writer_is_done(struct writer *writer, const struct writer_job *job)
{
	bool is_done;

	pthread_mutex_lock(&writer->mutex);
	is_done = job->is_done;
	pthread_mutex_unlock(&writer->mutex);
	return (is_done);
}

uint32_t
writer_active_key(struct writer *writer)
{
	return (atomic_load(&writer->committer.active_key));
}

struct store *
writer_store(struct writer *writer)
{
	return (writer->committer.store);
}

struct writer_counts
writer_counts(const struct writer *writer)
{
	const struct committer *committer = &writer->committer;

	return ((struct writer_counts){
	    .commits = atomic_load(&committer->commits),
	    .jobs = atomic_load(&committer->jobs),
	    .split = atomic_load(&committer->split),
	    .busy = atomic_load(&committer->busy)
	});
}

void
writer_hurry(struct writer *writer)
{
	atomic_store(&writer->committer.is_hurried, true);
}

void
writer_stop(struct writer *writer)
{
	pthread_mutex_lock(&writer->mutex);
	writer->is_closing = true;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->mutex);
	pthread_join(writer->thread, NULL);
}

void
writer_close(struct writer *writer)
{
	struct store *store;

	if (writer == NULL)
		return;
	store = writer->committer.store;
	if (writer->is_started)
		store_checkpoint(store, 0, STORE_LOG_TRUNCATE);
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->mutex);
	store_close(store);
	free(writer);
}
