/*
 * Group commit. Knows neither what is saved nor who asks; batching is
 * natural: whatever has queued while one commit syncs is the next batch.
 *
 * The store belongs to one thread at a time, the one that has set is_busy. A
 * save that finds nothing under way commits by itself, which spares it two
 * changes of thread; what queues meanwhile is the writer's thread's.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ground/ident.h"
#include "ground/log.h"
#include "store/writer.h"

enum {
	/* A longer write-ahead log is brought in when nothing has queued ... */
	CHECKPOINT_BYTES = 2 << 20,
	/* ... and an even longer one whatever has. */
	CHECKPOINT_AT_ONCE_BYTES = 4 << 20,
	SLICE_MS = 100,			/* of the wait for the lock */
	WARNING_MS = 1000		/* between two of one kind */
};

/* A save under way; it lives on its caller's stack. */
struct job {
	struct store_save *save;
	enum store_rc rc;
	int64_t since_ms;
	sem_t done;
	struct job *next;
};

struct writer {
	struct store *store;	/* belongs to whoever has set is_busy */
	struct keycache *keycache;	/* lent; NULL: none */
	pthread_t thread;
	bool is_started;
	int busy_timeout_ms;
	atomic_uint_least32_t active_key;	/* as the last batch found it */
	pthread_mutex_t mutex;	/* guards all below */
	pthread_cond_t wake;	/* the writer's thread has something to do */
	struct job *first;
	struct job **last;
	size_t under_way;
	size_t queue;
	bool is_busy;
	bool wants_checkpoint;
	bool needs_checkpoint;
	bool is_hurried;
	bool is_closing;
	int64_t warned_ms;
};

/* Whether the transaction of a batch is still good after a save's result. */
static bool
keeps_batch(enum store_rc rc)
{
	return (rc == STORE_OK || rc == STORE_CONFLICT ||
	    rc == STORE_EXISTS || rc == STORE_ROW_FAILED ||
	    rc == STORE_SEAL_AGAIN);
}

/*
 * All saves of a batch get rc, also those that had a result of their own: it
 * was one about rows that the failed batch may have made.
 */
static void
fail_batch(struct job *batch, enum store_rc rc)
{
	for (; batch != NULL; batch = batch->next)
		batch->rc = rc;
}

static bool
is_hurried(struct writer *writer)
{
	bool hurried;

	pthread_mutex_lock(&writer->mutex);
	hurried = writer->is_hurried;
	pthread_mutex_unlock(&writer->mutex);
	return (hurried);
}

/* Whether it is time to warn again. */
static bool
may_warn(struct writer *writer)
{
	int64_t now_ms = ident_monotonic_ms();
	bool may;

	pthread_mutex_lock(&writer->mutex);
	may = writer->warned_ms == 0 ||
	    now_ms - writer->warned_ms >= WARNING_MS;
	if (may)
		writer->warned_ms = now_ms;
	pthread_mutex_unlock(&writer->mutex);
	return (may);
}

/*
 * Begin a transaction. No save waits longer than the time-out for the lock,
 * be it in the queue or here, and none at all in a hurry.
 */
static enum store_rc
begin(struct writer *writer, const struct job *oldest)
{
	int64_t until_ms = oldest->since_ms + writer->busy_timeout_ms, left_ms;
	enum store_rc rc;

	do {
		left_ms = until_ms - ident_monotonic_ms();
		if (left_ms < 0 || is_hurried(writer))
			left_ms = 0;
		rc = store_begin(writer->store, left_ms < SLICE_MS ?
		    (int)left_ms : SLICE_MS);
	} while (rc == STORE_BUSY && left_ms > 0);
	if (rc == STORE_BUSY && may_warn(writer))
		log_warning("the database's lock was not had in %d ms: "
		    "another process holds it", writer->busy_timeout_ms);
	return (rc);
}

/* Commit saves, which change no API key. */
static enum store_rc
commit(struct writer *writer)
{
	struct store *store = writer->store;
	struct store_stamp before;
	bool has_stamp = writer->keycache != NULL &&
	    store_stamp(store, &before);
	enum store_rc rc = store_commit(store);

	if (rc == STORE_OK && has_stamp)
		keycache_keep(writer->keycache, store, &before);
	return (rc);
}

/* Save a batch in one transaction and note each job's result. */
static void
commit_batch(struct writer *writer, struct job *batch)
{
	struct store *store = writer->store;
	struct job *job;
	enum store_rc rc;

	if ((rc = begin(writer, batch)) != STORE_OK) {
		fail_batch(batch, rc);
		return;
	}
	atomic_store(&writer->active_key, store_active_key(store));
	for (job = batch; job != NULL; job = job->next) {
		job->rc = store_save(store, job->save);
		if (!keeps_batch(job->rc)) {
			store_rollback(store);
			fail_batch(batch, job->rc);
			return;
		}
	}
	if ((rc = commit(writer)) != STORE_OK)
		fail_batch(batch, rc);
}

/*
 * The store is given back after count saves; the writer's thread goes on with
 * what there is to do.
 */
static void
give_store(struct writer *writer, size_t count)
{
	size_t log_size = store_log_size(writer->store);

	pthread_mutex_lock(&writer->mutex);
	writer->is_busy = false;
	writer->under_way -= count;
	/* A checkpoint that was refused is tried again after a commit. */
	writer->wants_checkpoint = count > 0 && log_size > CHECKPOINT_BYTES;
	writer->needs_checkpoint = count > 0 &&
	    log_size > CHECKPOINT_AT_ONCE_BYTES;
	if (writer->first != NULL || writer->wants_checkpoint ||
	    writer->is_closing)
		pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->mutex);
}

/*
 * Wait until there is something to do and take the store for it: *batch is
 * what has queued, NULL for a checkpoint. False when there will be no more.
 */
static bool
take_store(struct writer *writer, struct job **batch)
{
	bool is_over;

	pthread_mutex_lock(&writer->mutex);
	while (writer->is_busy || (writer->first == NULL &&
	    !writer->wants_checkpoint && !writer->is_closing))
		pthread_cond_wait(&writer->wake, &writer->mutex);
	*batch = NULL;
	if (!writer->needs_checkpoint) {
		*batch = writer->first;
		writer->first = NULL;
		writer->last = &writer->first;
	}
	is_over = *batch == NULL && !writer->needs_checkpoint &&
	    writer->is_closing;
	writer->is_busy = !is_over;
	pthread_mutex_unlock(&writer->mutex);
	return (!is_over);
}

/* Tell each caller; a job is gone as soon as its semaphore is posted. */
static void
answer_batch(struct job *batch)
{
	struct job *next;

	for (; batch != NULL; batch = next) {
		next = batch->next;
		sem_post(&batch->done);
	}
}

static size_t
count_jobs(const struct job *batch)
{
	size_t count = 0;

	for (; batch != NULL; batch = batch->next)
		count++;
	return (count);
}

static void *
run(void *cookie)
{
	struct writer *writer = cookie;
	struct job *batch;
	size_t count;

	while (take_store(writer, &batch)) {
		count = count_jobs(batch);
		if (batch != NULL)
			commit_batch(writer, batch);
		else
			store_checkpoint(writer->store, CHECKPOINT_BYTES,
			    STORE_LOG_KEEP);
		give_store(writer, count);
		answer_batch(batch);
	}
	return (NULL);
}

enum store_rc
writer_open(struct writer **to, const struct store_conf *conf)
{
	struct writer *writer;
	enum store_rc rc;

	if ((writer = calloc(1, sizeof *writer)) == NULL) {
		log_error("out of memory for the writer");
		return (STORE_UNAVAILABLE);
	}
	if ((rc = store_open(&writer->store, conf, STORE_WRITE)) != STORE_OK) {
		free(writer);
		return (rc);
	}
	atomic_init(&writer->active_key, store_active_key(writer->store));
	writer->busy_timeout_ms = conf->busy_timeout_ms;
	writer->last = &writer->first;
	pthread_mutex_init(&writer->mutex, NULL);
	pthread_cond_init(&writer->wake, NULL);
	*to = writer;
	return (STORE_OK);
}

int
writer_start(struct writer *writer, size_t queue, struct keycache *keycache)
{
	int rc;

	writer->queue = queue;
	writer->keycache = keycache;
	rc = pthread_create(&writer->thread, NULL, run, writer);
	if (rc != 0) {
		log_error("the writer's thread does not start: %s",
		    strerror(rc));
		return (-1);
	}
	writer->is_started = true;
	return (0);
}

enum place { NO_PLACE, IN_QUEUE, AT_STORE };

/* Give a job its place: the store at once, the queue, or none. */
static enum place
submit(struct writer *writer, struct job *job)
{
	enum place place = IN_QUEUE;

	pthread_mutex_lock(&writer->mutex);
	if (writer->under_way == writer->queue) {
		place = NO_PLACE;
	} else if (!writer->is_busy && writer->first == NULL &&
	    !writer->wants_checkpoint) {
		place = AT_STORE;
		writer->is_busy = true;
		writer->under_way++;
	} else {
		writer->under_way++;
		*writer->last = job;
		writer->last = &job->next;
	}
	pthread_mutex_unlock(&writer->mutex);
	return (place);
}

enum store_rc
writer_save(struct writer *writer, struct store_save *save)
{
	struct job job = {
		.save = save, .rc = STORE_OK,
		.since_ms = ident_monotonic_ms()
	};

	if (!writer->is_started) {
		commit_batch(writer, &job);
		return (job.rc);
	}
	sem_init(&job.done, 0, 0);
	switch (submit(writer, &job)) {
	case AT_STORE:
		commit_batch(writer, &job);
		give_store(writer, 1);
		break;
	case IN_QUEUE:
		while (sem_wait(&job.done) == -1 && errno == EINTR)
			;
		break;
	case NO_PLACE:
		if (may_warn(writer))
			log_warning("the queue of saves is full (%zu): the "
			    "disk is slow, or queue and threads are low",
			    writer->queue);
		job.rc = STORE_BUSY;
		break;
	}
	sem_destroy(&job.done);
	return (job.rc);
}

uint32_t
writer_active_key(struct writer *writer)
{
	return (atomic_load(&writer->active_key));
}

struct store *
writer_store(struct writer *writer)
{
	return (writer->store);
}

void
writer_hurry(struct writer *writer)
{
	pthread_mutex_lock(&writer->mutex);
	writer->is_hurried = true;
	pthread_mutex_unlock(&writer->mutex);
}

void
writer_close(struct writer *writer)
{
	if (writer == NULL)
		return;
	if (writer->is_started) {
		pthread_mutex_lock(&writer->mutex);
		writer->is_closing = true;
		pthread_cond_signal(&writer->wake);
		pthread_mutex_unlock(&writer->mutex);
		pthread_join(writer->thread, NULL);
		/* So that a copy of the database file alone is whole. */
		store_checkpoint(writer->store, 0, STORE_LOG_TRUNCATE);
	}
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->mutex);
	store_close(writer->store);
	free(writer);
}
