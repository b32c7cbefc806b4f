#ifndef BACKFILL_H
#define BACKFILL_H

#include "secrets/keeper.h"
#include "store/store_backfill.h"

/*
 * The pass over what a migration has left to be computed from boxes, batch
 * after batch: a batch is read and its boxes opened outside of any transaction,
 * and written in one. All-zero: nothing is read.
 */
struct backfill {
	struct arena arena;
	struct store_backfill batch;
	struct backfill_value *values;	/* one for each row of it */
	int64_t filled;			/* rows, so far */
	int64_t unopened;		/* boxes that do not open; all logged */
};

void backfill_fini(struct backfill *backfill);

enum backfill_rc {
	BACKFILL_READ,		/* and it is to be written */
	BACKFILL_OVER,		/* there is nothing left */
	BACKFILL_FAILED		/* logged */
};

/* Read the next limit rows at most, and compute. No secret stays in memory. */
enum backfill_rc backfill_read(struct backfill *backfill,
    struct store *store, struct keeper *keeper, size_t limit)
    __attribute__((warn_unused_result));

/*
 * Inside a transaction: write what was read, as run of writer.h, with a
 * backfill. STORE_MOVED leaves it good, too; what comes next is to be read.
 */
enum store_rc backfill_write(struct store *store, void *backfill)
    __attribute__((warn_unused_result));

/* That is committed, after STORE_OK. */
void backfill_count(struct backfill *backfill);

#endif
