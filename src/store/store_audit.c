/*
 * The audit: a chain of rows, of which only the end is written, and a
 * user's own ones. What they say is the caller's.
 */
#include "config.h"

#include <string.h>

#include "ground/log.h"
#include "ground/words.h"
#include "store/rows.h"

enum { LOOKS_MAX = 2000 };	/* rows of one read */

void
rows_ask_head(struct store *store)
{
	struct db_query query = db_query(store->db, AUDIT_HEAD);

	db_ahead(&query);
}

/* Where the chain ends; another process may have added to it before. */
static enum store_rc
find_head(struct store *store)
{
	struct rows_head *head = &store->head;
	struct db_query query;
	enum store_rc rc;
	const void *hash;
	size_t len;

	if (head->is_known)
		return (STORE_OK);
	*head = (struct rows_head){ .seq = 0 };
	query = db_query(store->db, AUDIT_HEAD);
	if ((rc = db_step(&query)) == STORE_OK) {
		head->seq = db_int(&query, 0);
		hash = db_blob(&query, 1, &len);
		if (hash != NULL && len == sizeof head->hash &&
		    head->seq < INT64_MAX) {
			memcpy(head->hash, hash, len);
		} else {
			log_error("the last row of the audit does not make "
			    "sense; see strongroom audit verify");
			rc = STORE_UNAVAILABLE;
		}
	}
	db_done(&query);
	head->is_known = rc == STORE_OK || rc == STORE_NOT_FOUND;
	return (head->is_known ? STORE_OK : rc);
}

enum store_rc
rows_has_audit(struct db *db, const struct rows_head *row)
{
	struct db_query query = db_query(db, CHAIN_HASH);
	const void *hash;
	enum store_rc rc;
	size_t len;

	db_bind_int(&query, row->seq);
	if ((rc = db_step(&query)) == STORE_OK) {
		hash = db_blob(&query, 0, &len);
		if (hash == NULL || len != sizeof row->hash ||
		    memcmp(hash, row->hash, len) != 0)
			rc = STORE_NOT_FOUND;
	}
	db_done(&query);
	return (rows_as_read(rc));
}

enum store_rc
store_audit_add(struct store *to, const struct store_audit *entry)
{
	struct store *store = to;
	struct rows_head next = { .is_known = true, .is_new = true };
	struct db_query query;
	enum store_rc rc;

	if ((rc = find_head(store)) != STORE_OK)
		return (rc);
	next.seq = store->head.seq + 1;
	chain_hash(entry->chain, next.hash, store->head.hash,
	    &(struct chain_row){ next.seq, entry->at, entry->action,
	    entry->integration_id, entry->request_id, entry->digest });
	query = db_query(store->db, AUDIT_ADD);
	db_bind_int(&query, next.seq);
	db_bind_text(&query, entry->at);
	db_bind_text(&query, entry->action);
	db_bind_text(&query, entry->integration_id);
	db_bind_text(&query, entry->request_id);
	if (entry->owner != 0)
		db_bind_int(&query, entry->owner);
	else
		db_bind_text(&query, NULL);
	db_bind_text(&query, entry->subject);
	db_bind_blob(&query, entry->salt, CHAIN_SALT_LEN);
	db_bind_blob(&query, entry->digest, CHAIN_HASH_LEN);
	db_bind_blob(&query, next.hash, sizeof next.hash);
	rc = db_put_off(&query);
	if (rc == STORE_OK)
		store->head = next;
	else if (rc == STORE_CONFLICT)
		log_error("the audit's row %lld cannot be: see strongroom "
		    "audit verify", (long long)next.seq);
	return (rc == STORE_CONFLICT ? STORE_WRITE_FAILED : rc);
}

/* Whether the asker may see what a row is about. */
static enum store_rc
find_type(struct store *store, const struct store_asker *asker,
    const char *integration_id, bool *is_his)
{
	struct db_query query;
	enum store_rc rc;
	const char *type;

	*is_his = true;
	if (asker->types == WORDS_ALL || integration_id == NULL)
		return (STORE_OK);
	*is_his = false;
	query = db_query(store->db, AUDIT_TYPE);
	db_bind_text(&query, integration_id);
	db_bind_text(&query, asker->user);
	if ((rc = db_step(&query)) == STORE_OK &&
	    (type = db_text(&query, 0)) != NULL)
		*is_his = (asker->types & words_bit(integration_types,
		    type)) != 0;
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rows_as_read(rc));
}

/* Take the row of a query into the list, if it is wanted. */
static enum store_rc
take_row(struct store *store, const struct store_asker *asker,
    const struct store_audit_query *query, struct db_query *found,
    struct arena *arena, struct store_audit_list *list)
{
	struct store_audit_row *row = &list->rows[list->count];
	const char *id = db_text(found, 4);
	enum store_rc rc;
	bool is_his;

	if (query->integration_id != NULL &&
	    (id == NULL || strcmp(id, query->integration_id) != 0))
		return (STORE_OK);
	rc = find_type(store, asker, id, &is_his);
	if (rc != STORE_OK || !is_his)
		return (rc);
	rc = rows_copy_audit(found, arena, row);
	if (rc == STORE_OK && !row->is_strange && row->subject != NULL)
		list->count++;
	return (rc);
}

enum store_rc
store_audit_list(struct store *store, const struct store_asker *asker,
    const struct store_audit_query *query, struct arena *arena,
    struct store_audit_list *list)
{
	struct db_query found = db_query(store->db, AUDIT_OWN);
	enum store_rc rc = STORE_UNAVAILABLE;
	int looked;

	arena_fini(arena);
	*list = (struct store_audit_list){ .next = query->before };
	list->rows = rows_array(arena, query->limit, sizeof *list->rows);
	if (list->rows == NULL)
		goto done;
	db_bind_int(&found, chain_owner(query->chain, asker->user));
	db_bind_int(&found, query->before != 0 ? query->before : INT64_MAX);
	for (looked = 0; (rc = db_step(&found)) == STORE_OK; looked++) {
		if (list->count == query->limit || looked == LOOKS_MAX)
			break;
		list->next = db_int(&found, 0);
		rc = take_row(store, asker, query, &found, arena, list);
		if (rc != STORE_OK)
			goto done;
	}
	if (rc == STORE_NOT_FOUND)
		list->next = 0;
done:
	db_done(&found);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rows_as_read(rc));
}
