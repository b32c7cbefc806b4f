/*
 * What a migration leaves to be computed from boxes, while it is at it. Where
 * there is only CGI nobody else would; a worker goes on with what a kill or a
 * missing key file has left.
 */
#include "config.h"

#include <inttypes.h>

#include "admin/admin_backfill.h"
#include "body/backfill.h"
#include "ground/log.h"
#include "store/store_upkeep.h"

enum {
	BATCH_ROWS = 200,		/* so that a save waits but little */
	CHECKPOINT_BYTES = 4 << 20,
	PATIENCE = 10,			/* times that the lock is waited for */
	PROGRESS_ROWS = 100000
};

/* Write the batch that was read, in one transaction. */
static bool
write_batch(const struct admin *admin, struct store *store,
    struct backfill *backfill)
{
	int64_t was = backfill->filled;
	enum store_rc rc;

	if (admin_begin_patiently(admin, store, PATIENCE) != STORE_OK)
		return (false);
	rc = backfill_write(store, backfill);
	if (rc != STORE_OK) {
		store_rollback(store);
		return (rc == STORE_MOVED);
	}
	if (store_commit(store) != STORE_OK)
		return (false);
	backfill_count(backfill);
	if (backfill->filled / PROGRESS_ROWS != was / PROGRESS_ROWS)
		log_info("expires_at and fingerprints of %" PRId64
		    " integrations are computed, and it goes on",
		    backfill->filled);
	store_checkpoint(store, CHECKPOINT_BYTES, STORE_LOG_KEEP);
	return (true);
}

static bool
run(const struct admin *admin, struct store *store, struct keeper *keeper,
    struct backfill *backfill)
{
	enum backfill_rc rc;

	while ((rc = backfill_read(backfill, store, keeper, BATCH_ROWS)) ==
	    BACKFILL_READ)
		if (!write_batch(admin, store, backfill))
			return (false);
	return (rc == BACKFILL_OVER);
}

enum admin_rc
admin_backfill(const struct admin *admin)
{
	struct backfill backfill = { .filled = 0 };
	struct keeper *keeper = NULL;
	struct store *store = NULL;
	enum admin_rc result;

	result = admin_open(admin, STORE_WRITE, &store, &keeper);
	if (result == ADMIN_DONE &&
	    !run(admin, store, keeper, &backfill))
		result = ADMIN_FAILED;
	if (result != ADMIN_DONE)
		log_error("expires_at and fingerprints of integrations are "
		    "not all computed: the service goes on with that, or "
		    "strongroom migrate, run again");
	else if (backfill.filled > 0)
		log_info("expires_at and fingerprints of %" PRId64
		    " integrations are computed", backfill.filled);
	backfill_fini(&backfill);
	store_close(store);
	keeper_close(keeper);
	return (result);
}
