/*
 * What a worker does at times. Refuses to know who waits for what meanwhile.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "ground/ident.h"
#include "ground/log.h"
#include "service/census.h"
#include "service/chores.h"

enum {
	SLICE_MS = 20,			/* between two looks at a job */
	DAY_MS = 86400 * 1000
};

static enum store_rc
run_nothing(struct store *store, void *cookie)
{
	(void)store;
	(void)cookie;
	return (STORE_OK);
}

static void
submit(struct chores *chores, enum store_rc (*run)(struct store *, void *),
    void *cookie)
{
	chores->job = (struct writer_job){ .run = run, .cookie = cookie,
	    .is_aside = true };
	writer_submit(chores->app->writer, &chores->job);
	chores->is_under_way = true;
}

/* A commit that the uses of keys are written with. */
static void
write_uses(struct chores *chores)
{
	if (keyuse_has_waited(chores->app->uses, chores->patience_ms))
		submit(chores, run_nothing, NULL);
}

static void
log_head(struct chores *chores)
{
	char seq[32], hash[CHAIN_TEXT_LEN + 1];
	struct arena arena = { 0 };
	struct store_audit_row row;
	struct reader reader;
	struct store *store;

	reader_init(&reader, chores->app, NULL);
	if ((store = reader_store(&reader)) != NULL &&
	    store_chain_head(store, &arena, &row) == STORE_OK &&
	    row.hash != NULL) {
		snprintf(seq, sizeof seq, "%" PRId64, row.seq);
		chain_show(hash, row.hash);
		log_event(LOG_LEVEL_INFO, "audit", "seq", seq, "hash", hash,
		    NULL);
	}
	arena_fini(&arena);
	reader_fini(&reader);
}

/* Some rows; as long as there are more, at the next look again. */
static void
prune(struct chores *chores)
{
	const struct app *app = chores->app;

	if (app->conf.audit_days == 0)
		return;
	audit_prune_init(&chores->prune, app->chain, app->conf.audit_days);
	submit(chores, audit_prune_run, &chores->prune);
}

static void
take_census(struct chores *chores)
{
	struct census *census = chores->app->census;

	if (census != NULL)
		chores->due_ms[CHORE_CENSUS] = ident_monotonic_ms() +
		    census_run(census, chores->app);
}

/* The job is done. */
static void
settle(struct chores *chores)
{
	if (chores->job.run == audit_prune_run && chores->job.rc == STORE_OK) {
		chores->pruned += chores->prune.rows;
		if (!chores->prune.is_done) {
			chores->due_ms[CHORE_PRUNE] = ident_monotonic_ms();
		} else if (chores->pruned > 0) {
			log_info("%" PRId64 " rows of the audit from before %s "
			    "were pruned", chores->pruned,
			    chores->prune.before);
			chores->pruned = 0;
		}
	}
	chores->is_under_way = false;
}

static const struct {
	int64_t every_ms;
	void (*run)(struct chores *);
} table[CHORES] = {
	[CHORE_USES] = { KEYUSE_PAUSE_MS / 2, write_uses },
	[CHORE_HEAD] = { DAY_MS, log_head },
	[CHORE_PRUNE] = { DAY_MS, prune },
	[CHORE_CENSUS] = { DAY_MS, take_census }
};

void
chores_init(struct chores *chores, const struct app *app)
{
	int64_t now_ms = ident_monotonic_ms();
	size_t i;

	*chores = (struct chores){ .app = app,
	    .patience_ms = KEYUSE_PAUSE_MS };
	for (i = 0; i < CHORES; i++)
		chores->due_ms[i] = now_ms;
}

int64_t
chores_run(struct chores *chores)
{
	int64_t now_ms = ident_monotonic_ms(), wait_ms = INT64_MAX;
	size_t i;

	if (chores->is_under_way && !writer_is_done(chores->app->writer,
	    &chores->job))
		return (SLICE_MS);
	if (chores->is_under_way)
		settle(chores);
	for (i = 0; i < CHORES; i++) {
		if (chores->due_ms[i] <= now_ms) {
			chores->due_ms[i] = now_ms + table[i].every_ms;
			table[i].run(chores);
		}
		if (chores->is_under_way)
			return (SLICE_MS);
		if (chores->due_ms[i] - now_ms < wait_ms)
			wait_ms = chores->due_ms[i] - now_ms;
	}
	return (wait_ms);
}
