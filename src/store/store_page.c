/*
 * Integrations, read for the operator in pages. Each is one
 * statement, that is a read of its own, and all that it found is copied before
 * it ends.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "secrets/vault.h"
#include "store/rows.h"

static bool
is_wanted(struct db_query *query, const struct store_query *wanted)
{
	const char *created_by = db_text(query, ROW_CREATED_BY);
	struct integration row;
	const void *box;
	size_t len;

	if (wanted->created_by != NULL && (created_by == NULL ||
	    strcmp(created_by, wanted->created_by) != 0))
		return (false);
	/* Of a damaged row it is told when it is copied. */
	if (wanted->filter != NULL && rows_lend_row(query, &row) &&
	    !store_filter_wants(wanted->filter, &row))
		return (false);
	if (wanted->not_under == 0)
		return (true);
	box = db_blob(query, ROW_AUTH_DATA, &len);
	return (box != NULL && vault_key_id(box, len) != wanted->not_under);
}

static enum store_rc
fill_page(struct db_query *found, const struct store_query *query,
    struct arena *arena, struct store_page *page)
{
	size_t bytes = 0, looked_at = 0, looked_bytes = 0;
	enum store_rc rc = STORE_OK;

	while (page->count < query->limit && looked_at++ < STORE_LOOK_ROWS &&
	    looked_bytes < STORE_LOOK_BYTES &&
	    (rc = db_step(found)) == STORE_OK) {
		looked_bytes += rows_row_size(found);
		if (is_wanted(found, query)) {
			bytes += rows_row_size(found);
			if (page->count > 0 && bytes > STORE_PAGE_BYTES)
				break;
			rc = rows_copy_row(found, query->columns, arena,
			    &page->rows[page->count]);
			if (rc != STORE_OK)
				return (rc);
			page->count++;
		}
		page->next.place = db_int(found, ROW_ID);
	}
	page->is_last = rc == STORE_NOT_FOUND;
	return (page->is_last ? STORE_OK : rows_as_read(rc));
}

enum store_rc
store_operator_page(struct store *store,
    const struct store_query *query, struct arena *arena,
    struct store_page *page)
{
	struct db_query found;
	enum store_rc rc;

	assert(query->limit > 0);
	assert(query->not_under == 0 || (query->columns & STORE_BOX) != 0);
	arena_fini(arena);
	*page = (struct store_page){ .next = query->after };
	page->rows = rows_array(arena, query->limit, sizeof *page->rows);
	if (page->rows == NULL)
		return (STORE_UNAVAILABLE);
	found = db_query(store->db, PAGE);
	rows_bind_columns(&found, query->columns);
	db_bind_int(&found, query->after.place);
	rc = fill_page(&found, query, arena, page);
	db_done(&found);
	return (rc);
}
