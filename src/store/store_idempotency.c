/*
 * Answers to Idempotency-Keys: kept, found, and removed when they are
 * out of date. Knows only hashes of who asked for what.
 */
#include "config.h"

#include <string.h>

#include "ground/ident.h"
#include "ground/log.h"
#include "store/rows.h"

enum { SWEEP_PAUSE_MS = 60000 };	/* after one that has failed */

static enum store_rc
copy(struct db_query *query, struct arena *arena,
    struct store_idempotency *found)
{
	size_t len;
	const void *body = db_blob(query, 0, &len);

	*found = (struct store_idempotency){
		.body = body != NULL && len == PRINT_LEN ?
		    arena_copy(arena, body, len) : NULL,
		.created_by = rows_text(query, 1, arena),
		.integration_type = rows_text(query, 2, arena),
		.etag = rows_text(query, 3, arena),
		.answer = rows_text(query, 4, arena),
		.expires_at = rows_text(query, 5, arena)
	};
	if (found->body != NULL && found->created_by != NULL &&
	    found->integration_type != NULL && found->etag != NULL &&
	    found->answer != NULL && found->expires_at != NULL)
		return (STORE_OK);
	log_error("what was answered to an Idempotency-Key cannot be read: "
	    "memory is short, or its row is damaged; see strongroom check");
	return (STORE_UNAVAILABLE);
}

enum store_rc
store_idempotency_find(struct store *store,
    const unsigned char *request, struct arena *arena,
    struct store_idempotency *found)
{
	struct db_query query = db_query(store->db, IDEMPOTENCY_FIND);
	char now[IDENT_TIME_LEN + 1];
	enum store_rc rc;

	arena_fini(arena);
	ident_time(now, db_now_us(store->db));
	db_bind_blob(&query, request, PRINT_LEN);
	db_bind_text(&query, now);
	if ((rc = db_step(&query)) == STORE_OK) {
		rc = copy(&query, arena, found);
		found->request = request;
	}
	db_done(&query);
	return (rows_as_read(rc));
}

enum store_rc
store_idempotency_add(struct store *store,
    const struct store_idempotency *record)
{
	struct db_query query = db_query(store->db, IDEMPOTENCY_ADD);

	db_bind_blob(&query, record->request, PRINT_LEN);
	db_bind_blob(&query, record->body, PRINT_LEN);
	db_bind_text(&query, record->created_by);
	db_bind_text(&query, record->integration_type);
	db_bind_text(&query, record->etag);
	db_bind_text(&query, record->answer);
	db_bind_text(&query, record->expires_at);
	return (db_put_off(&query));
}

void
rows_ask_due(struct store *store)
{
	struct db_query query = db_query(store->db, IDEMPOTENCY_FIRST);

	db_ahead(&query);
}

/* STORE_OK: the oldest of what is kept is out of date. */
static enum store_rc
find_due(struct db *db, const char *now)
{
	struct db_query query = db_query(db, IDEMPOTENCY_FIRST);
	enum store_rc rc = db_step(&query);
	const char *expires_at;

	if (rc == STORE_OK) {
		expires_at = db_text(&query, 0);
		if (expires_at == NULL || strcmp(expires_at, now) > 0)
			rc = STORE_NOT_FOUND;
	}
	db_done(&query);
	return (rc);
}

/* Whether statements can still be run in the transaction. */
static bool
is_good(struct db *db)
{
	struct db_query query = db_query(db, PING);
	enum store_rc rc = db_step(&query);

	db_done(&query);
	return (rc == STORE_OK);
}

bool
rows_sweep(struct store *store)
{
	char now[IDENT_TIME_LEN + 1];
	struct db_query query;
	enum store_rc rc;

	if (ident_monotonic_ms() < store->sweeps_again_ms)
		return (true);
	ident_time(now, db_now_us(store->db));
	if ((rc = find_due(store->db, now)) == STORE_OK) {
		query = db_query(store->db, IDEMPOTENCY_SWEEP);
		db_bind_text(&query, now);
		rc = rows_finish(&query);
	}
	/* What was put off before it may have failed, and not this. */
	if (rc == STORE_OK || rc == STORE_NOT_FOUND ||
	    db_has_failed_late(store->db))
		return (true);
	store->sweeps_again_ms = ident_monotonic_ms() + SWEEP_PAUSE_MS;
	return (is_good(store->db));
}
