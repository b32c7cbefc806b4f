/*
 * Transactions of many jobs. Knows neither what a job does nor who waits for
 * it.
 *
 * A failure is one job's or everybody's. What a job comes upon while it runs
 * is its own: a page that is damaged, a row for which there is no memory. The
 * others are run again without it. That the lock is not had, or the disk does
 * not take a commit, is everybody's: to ask once more for each job would mend
 * nothing, and a disk that has failed to sync is not believed the next time.
 * Where changes are put off, a failure may be that of any job before: then each
 * is run alone. And where a commit was broken off, what has come of it is found
 * out before anything is run again.
 */
#include "config.h"

#include "ground/ident.h"
#include "ground/log.h"
#include "store/committer.h"
#include "store/store_upkeep.h"

enum {
	SLICE_MS = 100,			/* of the wait for the lock */
	WARNING_MS = 1000		/* between two */
};

/* How a transaction went; UNDONE: it is as if it had never been. */
enum outcome { COMMITTED, FAILED_ONE, FAILED_SOME, FAILED_ALL, UNDONE };

/* The jobs of a transaction, from one up to another. */
struct span {
	struct writer_job *from;
	struct writer_job *end;
};

/* Whether a transaction is still good after a job's result. */
static bool
is_kept(enum store_rc rc)
{
	return (rc == STORE_OK || rc == STORE_NOT_FOUND ||
	    rc == STORE_CONFLICT || rc == STORE_EXISTS ||
	    rc == STORE_PRECONDITION || rc == STORE_MOVED ||
	    rc == STORE_HELD || rc == STORE_LOST ||
	    rc == STORE_ROW_FAILED || rc == STORE_SEAL_AGAIN ||
	    rc == STORE_LACKS);
}

/*
 * All jobs from here on get rc, also those that had a result of their own: it
 * was one about rows that the failed transaction may have made.
 */
static void
fail_all(struct writer_job *job, enum store_rc rc)
{
	for (; job != NULL; job = job->next)
		job->rc = rc;
}

static void
ask(struct store *store, void *cookie)
{
	const struct span *span = cookie;
	const struct writer_job *job;

	for (job = span->from; job != span->end; job = job->next)
		if (job->ask != NULL)
			job->ask(store, job->cookie);
}

/* How long a job may wait, by now; in a hurry not at all. */
static int64_t
left_ms(struct committer *committer, const struct writer_job *job)
{
	int64_t left = job->since_ms + committer->busy_timeout_ms -
	    ident_monotonic_ms();

	return (left < 0 || atomic_load(&committer->is_hurried) ? 0 : left);
}

static int
slice_of(int64_t ms)
{
	return (ms < SLICE_MS ? (int)ms : SLICE_MS);
}

/*
 * Begin a transaction. No job waits longer than the time-out for the lock, be
 * it in the queue or here, and none at all in a hurry.
 */
static enum store_rc
begin(struct committer *committer, struct span *span)
{
	enum store_rc rc;
	int64_t left;

	do {
		left = left_ms(committer, span->from);
		rc = store_begin_asking(committer->store, slice_of(left), ask,
		    span);
	} while (rc == STORE_BUSY && left > 0);
	if (rc == STORE_BUSY && pace_allows(&committer->warning, WARNING_MS))
		store_complain_busy(log_warning, committer->busy_timeout_ms);
	return (rc);
}

/*
 * What has become of a commit that was broken off: as long as the oldest job
 * may wait, it is asked for.
 */
static enum outcome
find_out(struct committer *committer, const struct span *span)
{
	enum store_rc rc;
	int64_t left;

	while ((left = left_ms(committer, span->from)) > 0) {
		rc = store_recall(committer->store, slice_of(left));
		if (rc == STORE_OK)
			return (COMMITTED);
		if (rc == STORE_NOT_FOUND)
			return (UNDONE);
	}
	return (FAILED_ALL);
}

/* Commit what the jobs of a transaction have done. */
static enum store_rc
commit(struct committer *committer, const struct span *span)
{
	struct store *store = committer->store;
	const struct writer_job *job;
	bool keeps_keys = committer->keycache != NULL;
	struct store_stamp before;
	uint64_t count = 0;
	enum store_rc rc;

	for (job = span->from; job != span->end; job = job->next) {
		keeps_keys = keeps_keys && !job->touches_keys;
		count++;
	}
	keeps_keys = keeps_keys && store_stamp(store, &before);
	if ((rc = store_commit(store)) != STORE_OK)
		return (rc);
	if (keeps_keys)
		keycache_keep(committer->keycache, store, &before);
	atomic_fetch_add(&committer->commits, 1);
	atomic_fetch_add(&committer->jobs, count);
	return (STORE_OK);
}

/* The failure of a run, or of what was put off before it. */
static enum outcome
fail_one(struct committer *committer, struct writer_job *job,
    struct writer_job **failed)
{
	bool was_put_off = store_has_failed_late(committer->store);

	store_rollback(committer->store);
	*failed = job;
	return (was_put_off ? FAILED_SOME : FAILED_ONE);
}

/*
 * Run jobs in one transaction. FAILED_ONE: the run of *failed has failed it, or
 * FAILED_SOME: one that nobody knows, and it is rolled back.
 */
static enum outcome
transact(struct committer *committer, struct span *span,
    struct writer_job **failed)
{
	struct store *store = committer->store;
	enum outcome outcome = FAILED_ALL;
	struct writer_job *job;
	enum store_rc rc;

	if ((rc = begin(committer, span)) != STORE_OK)
		goto failed_all;
	atomic_store(&committer->active_key, store_active_key(store));
	for (job = span->from; job != span->end; job = job->next) {
		job->rc = job->run(store, job->cookie);
		if (!is_kept(job->rc))
			return (fail_one(committer, job, failed));
	}
	if ((rc = commit(committer, span)) == STORE_OK)
		return (COMMITTED);
	if (store_is_unsure(store))
		outcome = find_out(committer, span);
	else if (store_is_undone(store))
		outcome = UNDONE;
	else if (store_has_failed_late(store))
		outcome = FAILED_SOME;
	if (outcome == FAILED_SOME) {
		*failed = span->from;
		span->from->rc = rc;
	}
failed_all:
	if (outcome == FAILED_ALL)
		fail_all(span->from, rc);
	return (outcome);
}

/*
 * Where a transaction ends that begins with what is still to do. One that has
 * failed goes alone, and so does each where nobody knows which it was.
 */
static struct writer_job *
end_for(const struct writer_job *todo, const struct writer_job *failed,
    bool is_alone)
{
	if (todo == NULL)
		return (NULL);
	return (is_alone || todo == failed ? todo->next : NULL);
}

static bool
is_late(const struct committer *committer, const struct writer_job *job)
{
	return (ident_monotonic_ms() - job->since_ms >
	    committer->busy_timeout_ms);
}

/*
 * Run jobs, all of them in one transaction if that can be. Where one fails it,
 * those before it are run again, which have gone well; then that one alone, as
 * it may have been for want of what others had; then those behind it. A disk
 * that is about to die may take seconds for each failure, so what is late by
 * then is not begun.
 */
static void
run_all(struct committer *committer, struct writer_job *jobs)
{
	struct writer_job *failed = NULL, *todo = jobs;
	enum outcome outcome = COMMITTED;
	struct span span = { jobs, NULL };
	bool is_alone = false;

	while (todo != NULL && outcome != FAILED_ALL) {
		if ((failed != NULL || outcome == UNDONE) &&
		    is_late(committer, todo)) {
			fail_all(todo, STORE_BUSY);
			break;
		}
		span.from = todo;
		outcome = transact(committer, &span, &failed);
		if (outcome == UNDONE)
			continue;
		if ((outcome == FAILED_ONE || outcome == FAILED_SOME) &&
		    todo->next != span.end) {
			if (span.end == NULL)
				atomic_fetch_add(&committer->split, 1);
			is_alone |= outcome == FAILED_SOME;
			span.end = !is_alone && failed != todo ? failed :
			    todo->next;
		} else {
			todo = span.end;
			span.end = end_for(todo, failed, is_alone);
		}
	}
}

static void
count_busy(struct committer *committer, const struct writer_job *job)
{
	for (; job != NULL; job = job->next)
		if (job->rc == STORE_BUSY)
			atomic_fetch_add(&committer->busy, 1);
}

/*
 * The place behind the last job. What is put there is one more that may be set
 * apart: that a key was used is no reason to fail a save.
 */
static struct writer_job **
end_of(struct writer_job **jobs)
{
	while (*jobs != NULL)
		jobs = &(*jobs)->next;
	return (jobs);
}

void
committer_run(struct committer *committer, struct writer_job *jobs)
{
	struct keyuse_batch batch;
	struct writer_job **end;

	if (committer->uses == NULL ||
	    !keyuse_take(committer->uses, &batch)) {
		run_all(committer, jobs);
	} else {
		batch.job.since_ms = ident_monotonic_ms();
		end = end_of(&jobs);
		*end = &batch.job;
		run_all(committer, jobs);
		*end = NULL;
		keyuse_settle(committer->uses, &batch);
	}
	count_busy(committer, jobs);
}
