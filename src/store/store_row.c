/*
 * A row of integrations, read from SQLite: by its id, for its owner or for the
 * operator. Each is one statement, that is a read of its own, and all that it
 * found is copied before it ends.
 */
#include "config.h"

#include <string.h>

#include "ground/log.h"
#include "ground/words.h"
#include "secrets/print.h"
#include "store/rows.h"

void
rows_bind_columns(struct db_query *query, unsigned columns)
{
	db_bind_int(query, (columns & STORE_DATA) != 0);
	db_bind_int(query, (columns & STORE_BOX) != 0);
}

static size_t
len_of(const char *text)
{
	return (text != NULL ? strlen(text) : 0);
}

size_t
rows_lent_size(const struct integration *row)
{
	return (sizeof *row + len_of(row->integration_id) +
	    len_of(row->created_by) + len_of(row->unique_identifier) +
	    len_of(row->name) + len_of(row->integration_type) +
	    len_of(row->status) + len_of(row->created_at) +
	    len_of(row->updated_at) + len_of(row->expires_at) +
	    len_of(row->org_slug) + len_of(row->workspace_id) +
	    len_of(row->metadata) + len_of(row->scope_data));
}

size_t
rows_row_size(struct db_query *query)
{
	size_t size = sizeof(struct integration);
	int column;

	for (column = ROW_INTEGRATION_ID; column < ROW_COLUMNS; column++)
		size += db_size(query, column);
	return (size);
}

/* All but the blobs, of a row whose texts are these. */
static struct integration
row_of(struct db_query *query, const char *const text[ROW_COLUMNS])
{
	return ((struct integration){
	    .integration_id = text[ROW_INTEGRATION_ID],
	    .created_by = text[ROW_CREATED_BY],
	    .unique_identifier = text[ROW_UNIQUE_IDENTIFIER],
	    .name = text[ROW_NAME],
	    .integration_type = text[ROW_INTEGRATION_TYPE],
	    .status = text[ROW_STATUS],
	    .active = db_int(query, ROW_ACTIVE) != 0,
	    .has_auth_data = db_int(query, ROW_HAS_AUTH_DATA) != 0,
	    .has_scope_data = db_int(query, ROW_HAS_SCOPE_DATA) != 0,
	    .created_at = text[ROW_CREATED_AT],
	    .updated_at = text[ROW_UPDATED_AT],
	    .revision = db_int(query, ROW_REVISION),
	    .expires_at = text[ROW_EXPIRES_AT],
	    .org_slug = text[ROW_ORG_SLUG],
	    .workspace_id = text[ROW_WORKSPACE_ID],
	    .metadata = text[ROW_METADATA],
	    .scope_data = text[ROW_SCOPE_DATA]
	});
}

/* Whether a row has what every row has; else that is logged. */
static bool
is_whole(const struct integration *row)
{
	if (row->integration_id != NULL && row->created_by != NULL &&
	    row->unique_identifier != NULL && row->name != NULL &&
	    row->integration_type != NULL && row->status != NULL &&
	    row->created_at != NULL && row->updated_at != NULL)
		return (true);
	log_error("an integration cannot be read: memory is short, or its row "
	    "is damaged; see strongroom check");
	return (false);
}

bool
rows_lend_row(struct db_query *query, struct integration *row)
{
	/* Asked for as a text, a number would become one. */
	static const int texts[] = { ROW_INTEGRATION_ID, ROW_CREATED_BY,
	    ROW_UNIQUE_IDENTIFIER, ROW_NAME, ROW_INTEGRATION_TYPE, ROW_STATUS,
	    ROW_CREATED_AT, ROW_UPDATED_AT, ROW_EXPIRES_AT, ROW_ORG_SLUG,
	    ROW_WORKSPACE_ID, ROW_METADATA, ROW_SCOPE_DATA };
	const char *text[ROW_COLUMNS] = { NULL };
	size_t i;

	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		text[texts[i]] = db_text(query, texts[i]);
	*row = row_of(query, text);
	return (is_whole(row));
}

/* Let a text be a copy of its own; false: memory is short. */
static bool
keep(const char **text, struct arena *arena)
{
	if (*text == NULL)
		return (true);
	*text = arena_copy(arena, *text, strlen(*text));
	return (*text != NULL);
}

bool
rows_keep_row(struct integration *row, struct arena *arena)
{
	const char **const texts[] = { &row->integration_id, &row->created_by,
	    &row->unique_identifier, &row->name, &row->integration_type,
	    &row->status, &row->created_at, &row->updated_at, &row->expires_at,
	    &row->org_slug, &row->workspace_id, &row->metadata,
	    &row->scope_data };
	size_t i;

	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (!keep(texts[i], arena)) {
			log_error("out of memory while reading the database");
			return (false);
		}
	return (true);
}

enum store_rc
rows_copy_row(struct db_query *query, unsigned columns, struct arena *arena,
    struct integration *row)
{
	size_t box_len, print_len;
	const void *box, *print;

	if (!rows_lend_row(query, row) || !rows_keep_row(row, arena))
		return (STORE_UNAVAILABLE);
	box = db_blob(query, ROW_AUTH_DATA, &box_len);
	print = db_blob(query, ROW_AUTH_PRINT, &print_len);
	if (box != NULL) {
		row->auth_data = arena_copy(arena, box, box_len);
		row->auth_data_len = box_len;
	}
	if (print != NULL && print_len == PRINT_LEN)
		row->auth_print = arena_copy(arena, print, print_len);
	if ((row->metadata != NULL || (columns & STORE_DATA) == 0) &&
	    (row->auth_data != NULL || box == NULL))
		return (STORE_OK);
	log_error("out of memory while reading the database");
	return (STORE_UNAVAILABLE);
}

enum store_rc
store_operator_find(struct store *store, const char *integration_id,
    unsigned columns, struct arena *arena, struct integration *row)
{
	struct db_query query = db_query(store->db, FIND);
	enum store_rc rc;

	arena_fini(arena);
	rows_bind_columns(&query, columns);
	db_bind_text(&query, integration_id);
	rc = db_step(&query);
	if (rc == STORE_OK)
		rc = rows_copy_row(&query, columns, arena, row);
	db_done(&query);
	return (rows_as_read(rc));
}

bool
rows_is_for(const struct store_asker *asker, const char *type)
{
	return (asker->types == WORDS_ALL || (type != NULL &&
	    (asker->types & words_bit(integration_types, type)) != 0));
}

enum store_rc
store_find(struct store *store, const struct store_asker *asker,
    const char *integration_id, unsigned columns, struct arena *arena,
    struct integration *row)
{
	struct db_query query = db_query(store->db, FIND_OWN);
	enum store_rc rc;

	arena_fini(arena);
	rows_bind_columns(&query, columns);
	db_bind_text(&query, integration_id);
	db_bind_text(&query, asker->user);
	rc = db_step(&query);
	if (rc == STORE_OK && !rows_is_for(asker,
	    db_text(&query, ROW_INTEGRATION_TYPE)))
		rc = STORE_NOT_FOUND;
	if (rc == STORE_OK)
		rc = rows_copy_row(&query, columns, arena, row);
	db_done(&query);
	return (rows_as_read(rc));
}

enum store_rc
store_use(struct store *store, const char *integration_id,
    struct store_use *use)
{
	struct db_query query = db_query(store->db, USE);
	char now[IDENT_TIME_LEN + 1];
	enum store_rc rc;

	*use = (struct store_use){ 0 };
	ident_time(now, db_now_us(store->db));
	db_bind_text(&query, integration_id);
	db_bind_text(&query, now);
	if ((rc = db_step(&query)) == STORE_OK) {
		use->reveal_count = db_int(&query, 1);
		if (rows_copy(use->last_revealed_at,
		    sizeof use->last_revealed_at, db_text(&query, 0)) == -1 ||
		    rows_copy(use->lease_id, sizeof use->lease_id,
		    db_text(&query, 2)) == -1 ||
		    rows_copy(use->lease_until, sizeof use->lease_until,
		    db_text(&query, 3)) == -1) {
			log_error("what is known of an integration does not "
			    "make sense; run strongroom check");
			rc = STORE_UNAVAILABLE;
		}
	}
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rows_as_read(rc));
}
