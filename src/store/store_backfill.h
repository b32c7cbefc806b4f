#ifndef STORE_BACKFILL_H
#define STORE_BACKFILL_H

#include "store/store.h"

/*
 * What a migration could not compute, because it comes out of boxes: expires_at
 * and auth_print of the rows that were there. The database remembers up to
 * which row they are filled in, so that it can be gone on with after a stop of
 * any kind; nothing that serves a request asks for it.
 */
struct store_backfill {
	struct integration *rows;	/* with a box and no auth_print */
	size_t count;
	int64_t after;			/* the back end's own: the place where
					   it was read ... */
	int64_t upto;			/* ... and to which it reaches */
	bool is_last;
};

/*
 * Read the next rows, limit at most, into arena, which is emptied first, as a
 * page is read; there may be none, and yet more behind them. STORE_NOT_FOUND:
 * all is filled in.
 */
enum store_rc store_backfill_read(struct store *store, size_t limit,
    struct arena *arena, struct store_backfill *batch)
    __attribute__((warn_unused_result));

/*
 * Inside a transaction: fill in expires_at and auth_print of the rows of a
 * batch that have one by now, where their box is the one that was read and they
 * still lack it; and go on behind them, or before one whose box was sealed
 * anew. Neither revision nor updated_at change. STORE_MOVED: somebody has gone
 * on from there already, and nothing is changed.
 */
enum store_rc store_backfill_write(struct store *store,
    const struct store_backfill *batch) __attribute__((warn_unused_result));

#endif
