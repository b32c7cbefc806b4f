/*
 * Rows that lack what comes out of their boxes, and the place up to
 * which they do not any more. Refuses to know what a box holds.
 */
#include "config.h"

#include <assert.h>

#include "secrets/print.h"
#include "store/rows.h"

enum { LOOK_MAX = 2000 };	/* rows that one batch may cost */

/* Where it is to go on, and where it ends. */
static enum store_rc
find_place(struct db *db, int64_t *after, int64_t *last)
{
	struct db_query query = db_query(db, BACKFILL_PLACE);
	enum store_rc rc = db_step(&query);

	if (rc == STORE_OK) {
		*after = db_int(&query, 0);
		*last = db_int(&query, 1);
	}
	db_done(&query);
	return (rc);
}

static bool
is_wanted(struct db_query *found)
{
	size_t len;

	return (db_blob(found, ROW_AUTH_DATA, &len) != NULL &&
	    db_blob(found, ROW_AUTH_PRINT, &len) == NULL);
}

static enum store_rc
fill_batch(struct db_query *found, size_t limit, struct arena *arena,
    struct store_backfill *batch)
{
	size_t bytes = 0, looked_at = 0;
	enum store_rc rc = STORE_OK;

	while (batch->count < limit && looked_at++ < LOOK_MAX &&
	    (rc = db_step(found)) == STORE_OK) {
		if (is_wanted(found)) {
			bytes += rows_row_size(found);
			if (batch->count > 0 && bytes > STORE_PAGE_BYTES)
				break;
			rc = rows_copy_row(found, STORE_BOX, arena,
			    &batch->rows[batch->count]);
			if (rc != STORE_OK)
				return (rc);
			batch->count++;
		}
		batch->upto = db_int(found, ROW_ID);
	}
	batch->is_last = rc == STORE_NOT_FOUND;
	return (batch->is_last ? STORE_OK : rows_as_read(rc));
}

enum store_rc
store_backfill_read(struct store *store, size_t limit,
    struct arena *arena, struct store_backfill *batch)
{
	struct db *db = store->db;
	struct db_query found;
	enum store_rc rc;
	int64_t last;

	assert(limit > 0);
	arena_fini(arena);
	*batch = (struct store_backfill){ .rows = NULL };
	if ((rc = find_place(db, &batch->after, &last)) != STORE_OK)
		return (rows_as_read(rc));
	batch->upto = batch->after;
	batch->rows = rows_array(arena, limit, sizeof *batch->rows);
	if (batch->rows == NULL)
		return (STORE_UNAVAILABLE);
	found = db_query(db, BACKFILL_PAGE);
	rows_bind_columns(&found, STORE_BOX);
	db_bind_int(&found, batch->after);
	db_bind_int(&found, last);
	rc = fill_batch(&found, limit, arena, batch);
	db_done(&found);
	return (rc);
}

static enum store_rc
fill_row(struct db *db, const struct integration *row)
{
	struct db_query query = db_query(db, BACKFILL_ROW);

	db_bind_text(&query, row->expires_at);
	db_bind_blob(&query, row->auth_print, PRINT_LEN);
	db_bind_text(&query, row->integration_id);
	db_bind_text(&query, row->created_by);
	db_bind_blob(&query, row->auth_data, row->auth_data_len);
	return (rows_finish(&query));
}

/*
 * Whether a row that was not filled in, for its box is another one by now,
 * lacks it still: it was sealed anew. Its id, then; else STORE_NOT_FOUND.
 */
static enum store_rc
find_lacking(struct db *db, const struct integration *row, int64_t *id)
{
	struct db_query query = db_query(db, BACKFILL_LACKS);
	enum store_rc rc;

	db_bind_text(&query, row->integration_id);
	db_bind_text(&query, row->created_by);
	if ((rc = db_step(&query)) == STORE_OK)
		*id = db_int(&query, 0);
	db_done(&query);
	return (rc);
}

/*
 * Fill in the rows of a batch. STORE_EXISTS: but for those from *id on, which
 * are to be read again.
 */
static enum store_rc
fill_rows(struct db *db, const struct store_backfill *batch, int64_t *id)
{
	const struct integration *row;
	enum store_rc rc;
	size_t i;

	for (i = 0; i < batch->count; i++) {
		row = &batch->rows[i];
		if (row->auth_print == NULL)
			continue;
		if ((rc = fill_row(db, row)) != STORE_OK)
			return (rc);
		if (db_changes(db) == 1)
			continue;
		rc = find_lacking(db, row, id);
		if (rc != STORE_NOT_FOUND)
			return (rc == STORE_OK ? STORE_EXISTS : rc);
	}
	return (STORE_OK);
}

/* All is done up to there. */
static enum store_rc
move_to(struct db *db, int64_t upto)
{
	struct db_query query = db_query(db, BACKFILL_MOVE);

	db_bind_int(&query, upto);
	return (rows_finish(&query));
}

/* All is done. */
static enum store_rc
end(struct db *db)
{
	struct db_query query = db_query(db, BACKFILL_END);

	return (rows_finish(&query));
}

enum store_rc
store_backfill_write(struct store *store,
    const struct store_backfill *batch)
{
	struct db *db = store->db;
	int64_t after = 0, last, id = 0;
	enum store_rc rc;

	rc = find_place(db, &after, &last);
	if (rc == STORE_NOT_FOUND || (rc == STORE_OK && after != batch->after))
		return (STORE_MOVED);
	if (rc == STORE_OK)
		rc = fill_rows(db, batch, &id);
	if (rc == STORE_EXISTS)
		return (move_to(db, id - 1));
	if (rc != STORE_OK)
		return (rc);
	return (batch->is_last ? end(db) : move_to(db, batch->upto));
}
