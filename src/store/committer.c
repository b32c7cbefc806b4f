/*
 * Transactions of many jobs. Knows neither what a job does nor who waits for
 * it.
 *
 * A failure is one job's or everybody's. What a job comes upon while it runs
 * is its own: a page that is damaged, a row for which there is no memory. The
 * others are run again without it. That the lock is not had, or the disk does
 * not take a commit, is everybody's: to ask once more for each job would mend
 * nothing, and a disk that has failed to sync is not believed the next time.
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

/* How a transaction went. */
enum outcome { COMMITTED, FAILED_ONE, FAILED_ALL };

/* Whether a transaction is still good after a job's result. */
static bool
is_kept(enum store_rc rc)
{
	return (rc == STORE_OK || rc == STORE_NOT_FOUND ||
	    rc == STORE_CONFLICT || rc == STORE_EXISTS ||
	    rc == STORE_PRECONDITION || rc == STORE_MOVED ||
	    rc == STORE_HELD || rc == STORE_LOST ||
	    rc == STORE_ROW_FAILED || rc == STORE_SEAL_AGAIN);
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

/*
 * Begin a transaction. No job waits longer than the time-out for the lock, be
 * it in the queue or here, and none at all in a hurry.
 */
static enum store_rc
begin(struct committer *committer, const struct writer_job *oldest)
{
	int64_t until_ms = oldest->since_ms + committer->busy_timeout_ms;
	int64_t left_ms;
	enum store_rc rc;

	do {
		left_ms = until_ms - ident_monotonic_ms();
		if (left_ms < 0 || atomic_load(&committer->is_hurried))
			left_ms = 0;
		rc = store_begin(committer->store, left_ms < SLICE_MS ?
		    (int)left_ms : SLICE_MS);
	} while (rc == STORE_BUSY && left_ms > 0);
	if (rc == STORE_BUSY && pace_allows(&committer->warning, WARNING_MS))
		store_complain_busy(log_warning, committer->busy_timeout_ms);
	return (rc);
}

/* Commit what the jobs from one up to another have done. */
static enum store_rc
commit(struct committer *committer, const struct writer_job *job,
    const struct writer_job *end)
{
	struct store *store = committer->store;
	bool keeps_keys = committer->keycache != NULL;
	struct store_stamp before;
	uint64_t count = 0;
	enum store_rc rc;

	for (; job != end; job = job->next) {
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

/*
 * Run the jobs from one up to another in one transaction. FAILED_ONE: the run
 * of *failed has failed it, and it is rolled back.
 */
static enum outcome
transact(struct committer *committer, struct writer_job *from,
    const struct writer_job *end, struct writer_job **failed)
{
	struct store *store = committer->store;
	struct writer_job *job;
	enum store_rc rc;

	if ((rc = begin(committer, from)) != STORE_OK)
		goto failed_all;
	atomic_store(&committer->active_key, store_active_key(store));
	for (job = from; job != end; job = job->next) {
		job->rc = job->run(store, job->cookie);
		if (!is_kept(job->rc)) {
			store_rollback(store);
			*failed = job;
			return (FAILED_ONE);
		}
	}
	if ((rc = commit(committer, from, end)) == STORE_OK)
		return (COMMITTED);
failed_all:
	fail_all(from, rc);
	return (FAILED_ALL);
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
	struct writer_job *todo = jobs, *end = NULL, *failed = NULL;
	enum outcome outcome = COMMITTED;

	while (todo != NULL && outcome != FAILED_ALL) {
		if (failed != NULL && is_late(committer, todo)) {
			fail_all(todo, STORE_BUSY);
			break;
		}
		outcome = transact(committer, todo, end, &failed);
		if (outcome == FAILED_ONE && todo->next != end) {
			if (end == NULL)
				atomic_fetch_add(&committer->split, 1);
			end = failed != todo ? failed : todo->next;
		} else {
			todo = end;
			end = todo != NULL && todo == failed ? todo->next :
			    NULL;
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
