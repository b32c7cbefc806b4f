#ifndef COMMITTER_H
#define COMMITTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ground/pace.h"
#include "store/keycache.h"
#include "store/keyuse.h"
#include "store/store.h"
#include "store/writer.h"

/*
 * Lists of jobs in transactions: in one, unless a job fails it, which is then
 * set apart. One thread at a time, but for what is atomic.
 */
struct committer {
	struct store *store;		/* lent */
	struct keycache *keycache;	/* lent; NULL: none */
	struct keyuse *uses;		/* of keys; lent; NULL: none */
	int busy_timeout_ms;
	atomic_bool is_hurried;		/* nothing waits for the lock */
	atomic_uint_least32_t active_key;	/* as it was found last */
	struct pace warning;
	atomic_uint_least64_t commits;	/* as writer_counts has them */
	atomic_uint_least64_t jobs;
	atomic_uint_least64_t split;
	atomic_uint_least64_t busy;
};

/*
 * Run jobs, the oldest first, and behind them write the uses of keys that wait,
 * if there are any; each job has its result afterwards. NULL: there are none.
 */
void committer_run(struct committer *committer, struct writer_job *jobs);

#endif
