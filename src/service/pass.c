/*
 * What is computed beside what is served. A batch is small, and most of the
 * time none is under way, so that no save waits long for one. Refuses to know
 * what is computed.
 */
#include "config.h"

#include <inttypes.h>

#include "ground/ident.h"
#include "ground/log.h"
#include "service/pass.h"

enum {
	BATCH_ROWS = 50,
	SHARE = 4,			/* of the time that none is under way */
	PAUSE_MS = 20,			/* at the least between two */
	SLICE_MS = 5,			/* between two looks at a job */
	FAILURE_MS = 60000,		/* until it is tried again */
	BUSY_MS = 1000,
	US_PER_MS = 1000
};

void
pass_init(struct pass *pass, const struct app *app)
{
	*pass = (struct pass){ .app = app, .due_ms = ident_monotonic_ms() };
	reader_init(&pass->reader, app, NULL);
}

void
pass_fini(struct pass *pass)
{
	backfill_fini(&pass->backfill);
	reader_fini(&pass->reader);
}

/* All is done, by whomever. */
static void
finish(struct pass *pass)
{
	if (pass->backfill.filled > 0)
		log_info("expires_at and fingerprints of %" PRId64
		    " integrations are computed", pass->backfill.filled);
	pass->is_over = true;
	pass_fini(pass);
}

static void
wait_ms(struct pass *pass, int64_t ms)
{
	pass->due_ms = ident_monotonic_ms() + ms;
}

/* The next batch, on its way to the writer. */
static void
begin(struct pass *pass)
{
	struct store *store = reader_store(&pass->reader);
	enum backfill_rc rc = BACKFILL_FAILED;

	pass->began_us = ident_monotonic_us();
	if (store != NULL)
		rc = backfill_read(&pass->backfill, store, pass->app->keeper,
		    BATCH_ROWS);
	switch (rc) {
	case BACKFILL_READ:
		pass->job = (struct writer_job){ .run = backfill_write,
		    .cookie = &pass->backfill, .is_aside = true };
		writer_submit(pass->app->writer, &pass->job);
		pass->is_under_way = true;
		break;
	case BACKFILL_OVER:
		finish(pass);
		break;
	case BACKFILL_FAILED:
		reader_drop(&pass->reader);
		wait_ms(pass, FAILURE_MS);
		break;
	}
}

/* The job is done; when the next is to be. */
static void
settle(struct pass *pass)
{
	int64_t took_us = ident_monotonic_us() - pass->began_us;

	pass->is_under_way = false;
	switch (pass->job.rc) {
	case STORE_OK:
		backfill_count(&pass->backfill);
		wait_ms(pass, PAUSE_MS + SHARE * took_us / US_PER_MS);
		break;
	case STORE_MOVED:
		wait_ms(pass, PAUSE_MS);
		break;
	case STORE_BUSY:
		wait_ms(pass, BUSY_MS);
		break;
	default:
		wait_ms(pass, FAILURE_MS);
		break;
	}
}

int64_t
pass_run(struct pass *pass)
{
	int64_t left_ms;

	if (pass->is_under_way &&
	    writer_is_done(pass->app->writer, &pass->job))
		settle(pass);
	if (pass->is_under_way)
		return (SLICE_MS);
	if (!pass->is_over && pass->due_ms <= ident_monotonic_ms())
		begin(pass);
	if (pass->is_over)
		return (INT64_MAX);
	if (pass->is_under_way)
		return (SLICE_MS);
	left_ms = pass->due_ms - ident_monotonic_ms();
	return (left_ms > 0 ? left_ms : 0);
}
