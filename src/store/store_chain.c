/*
 * The audit's chain: its rows as they are, also those that we would
 * never write, for who may change the database may have written them.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "ground/log.h"
#include "store/rows.h"

/* The columns of a row. */
enum { SEQ, CHAIN_ID, AT, ACTION, INTEGRATION_ID, REQUEST_ID, OWNER, SUBJECT,
    SALT, DIGEST, HASH };

/* What is being read, and whether memory has been short. */
struct reading {
	struct db_query *query;
	struct arena *arena;
	struct store_audit_row *row;
	bool failed;
};

/* A text, or NULL; a NUL in it would hide what stands behind. */
static const char *
text_of(struct reading *reading, int column)
{
	const char *text = db_text(reading->query, column);
	const char *copy;

	if (text == NULL)
		return (NULL);
	if (strlen(text) != db_size(reading->query, column))
		reading->row->is_strange = true;
	copy = rows_text(reading->query, column, reading->arena);
	reading->failed |= copy == NULL;
	return (copy);
}

static const unsigned char *
blob_of(struct reading *reading, int column, size_t wanted)
{
	const void *blob, *copy;
	size_t len;

	if ((blob = db_blob(reading->query, column, &len)) == NULL)
		return (NULL);
	if (len != wanted) {
		reading->row->is_strange = true;
		return (NULL);
	}
	copy = arena_copy(reading->arena, blob, len);
	reading->failed |= copy == NULL;
	return (copy);
}

enum store_rc
rows_copy_audit(struct db_query *query, struct arena *arena,
    struct store_audit_row *row)
{
	struct reading reading = { query, arena, row, false };

	*row = (struct store_audit_row){ .seq = db_int(query, SEQ),
	    .chain_id = db_int(query, CHAIN_ID) };
	row->at = text_of(&reading, AT);
	row->action = text_of(&reading, ACTION);
	row->integration_id = text_of(&reading, INTEGRATION_ID);
	row->request_id = text_of(&reading, REQUEST_ID);
	row->has_owner = db_text(query, OWNER) != NULL;
	row->owner = db_int(query, OWNER);
	row->subject = text_of(&reading, SUBJECT);
	row->salt = blob_of(&reading, SALT, CHAIN_SALT_LEN);
	row->digest = blob_of(&reading, DIGEST, CHAIN_HASH_LEN);
	row->hash = blob_of(&reading, HASH, CHAIN_HASH_LEN);
	if (row->at == NULL || row->action == NULL ||
	    row->request_id == NULL || row->digest == NULL ||
	    row->hash == NULL)
		row->is_strange = true;
	if (!reading.failed)
		return (STORE_OK);
	log_error("out of memory while reading the audit");
	return (STORE_UNAVAILABLE);
}

static size_t
row_size(struct db_query *query)
{
	size_t size = sizeof(struct store_audit_row);
	int column;

	for (column = AT; column <= HASH; column++)
		size += db_size(query, column);
	return (size);
}

/* Rows until the page is full; one at the least. */
static enum store_rc
fill_page(struct db_query *query, size_t limit, struct arena *arena,
    struct store_audit_page *page)
{
	size_t bytes = 0;
	enum store_rc rc;

	while ((rc = db_step(query)) == STORE_OK) {
		bytes += row_size(query);
		if (page->count == limit ||
		    (page->count > 0 && bytes > STORE_PAGE_BYTES))
			return (STORE_OK);
		rc = rows_copy_audit(query, arena,
		    &page->rows[page->count]);
		if (rc != STORE_OK)
			return (rc);
		page->next = page->rows[page->count++].seq;
	}
	page->is_last = rc == STORE_NOT_FOUND;
	return (page->is_last ? STORE_OK : rows_as_read(rc));
}

enum store_rc
store_chain_page(struct store *store, int64_t after, int64_t owner,
    size_t limit, struct arena *arena, struct store_audit_page *page)
{
	struct db_query query = db_query(store->db,
	    owner == 0 ? CHAIN_PAGE : CHAIN_OWN_PAGE);
	enum store_rc rc = STORE_UNAVAILABLE;

	assert(limit > 0);
	arena_fini(arena);
	*page = (struct store_audit_page){ .next = after };
	page->rows = rows_array(arena, limit, sizeof *page->rows);
	if (page->rows != NULL) {
		db_bind_int(&query, after);
		if (owner != 0)
			db_bind_int(&query, owner);
		/* One more, to see whether there is one. */
		db_bind_int(&query, (int64_t)limit + 1);
		rc = fill_page(&query, limit, arena, page);
	}
	db_done(&query);
	return (rc);
}

static enum store_rc
read_one(struct store *store, enum statement statement, struct arena *arena,
    struct store_audit_row *row)
{
	struct db_query query = db_query(store->db, statement);
	enum store_rc rc;

	arena_fini(arena);
	if ((rc = db_step(&query)) == STORE_OK)
		rc = rows_copy_audit(&query, arena, row);
	db_done(&query);
	return (rows_as_read(rc));
}

enum store_rc
store_chain_head(struct store *store, struct arena *arena,
    struct store_audit_row *row)
{
	return (read_one(store, CHAIN_HEAD, arena, row));
}

enum store_rc
store_chain_anchor(struct store *store, struct arena *arena,
    struct store_audit_row *row)
{
	return (read_one(store, CHAIN_ANCHOR, arena, row));
}

enum store_rc
store_chain_drop(struct store *store, int64_t up_to)
{
	struct db_query query = db_query(store->db, CHAIN_DROP);

	db_bind_int(&query, up_to);
	return (rows_finish(&query));
}

enum store_rc
store_chain_empty(struct store *store, const struct chain *chain,
    const char *user, size_t limit, int64_t *count,
    unsigned char cover[CHAIN_HASH_LEN])
{
	struct db_query query = db_query(store->db, CHAIN_EMPTY);
	enum store_rc rc;
	const void *hash;
	size_t len;

	*count = 0;
	db_bind_int(&query, chain_owner(chain, user));
	db_bind_int(&query, (int64_t)limit);
	while ((rc = db_step(&query)) == STORE_OK) {
		hash = db_blob(&query, 2, &len);
		if (hash == NULL || len != CHAIN_HASH_LEN) {
			log_error("a row of the audit does not make sense; "
			    "see strongroom audit verify");
			rc = STORE_UNAVAILABLE;
			break;
		}
		chain_cover(chain, cover, db_int(&query, 0),
		    db_int(&query, 1), hash);
		++*count;
	}
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rc);
}
