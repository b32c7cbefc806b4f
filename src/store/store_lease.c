/*
 * Refresh leases: who may refresh an integration's token now. One
 * that is over stays until the next is granted, and is none.
 */
#include "config.h"

#include <string.h>

#include "ground/log.h"
#include "ground/moment.h"
#include "store/rows.h"

enum { US_PER_S = 1000000 };

enum store_rc
rows_find_lease(struct db *db, int64_t id, int64_t now_us,
    struct rows_lease *lease)
{
	struct db_query query = db_query(db, LEASE_FIND);
	char now[IDENT_TIME_LEN + 1];
	enum store_rc rc;

	ident_time(now, now_us);
	db_bind_int(&query, id);
	db_bind_text(&query, now);
	if ((rc = db_step(&query)) == STORE_OK &&
	    (rows_copy(lease->lease_id, sizeof lease->lease_id,
	    db_text(&query, 0)) == -1 || rows_copy(lease->expires_at,
	    sizeof lease->expires_at, db_text(&query, 1)) == -1)) {
		log_error("a refresh lease does not make sense; run strongroom "
		    "check");
		rc = STORE_ROW_FAILED;
	}
	db_done(&query);
	return (rc);
}

enum store_rc
rows_end_lease(struct db *db, int64_t id)
{
	struct db_query query = db_query(db, LEASE_END);

	db_bind_int(&query, id);
	return (db_put_off(&query));
}

/* Find the row that a lease is for: its id in the database. */
static enum store_rc
find(struct store *store, struct store_lease *lease, int64_t *id)
{
	struct db_query found = db_query(store->db, CHANGE_FIND);
	enum store_rc rc;

	db_bind_text(&found, lease->integration_id);
	db_bind_text(&found, lease->asker.user);
	if ((rc = db_step(&found)) == STORE_OK) {
		*id = db_int(&found, FOUND_ID);
		lease->revision = db_int(&found, FOUND_REVISION);
		if (!rows_is_for(&lease->asker,
		    db_text(&found, FOUND_INTEGRATION_TYPE)))
			rc = STORE_NOT_FOUND;
	}
	db_done(&found);
	return (rc);
}

static enum store_rc
grant(struct db *db, struct store_lease *lease, int64_t id, int64_t now_us)
{
	struct db_query query = db_query(db, LEASE_GRANT);
	char now[IDENT_TIME_LEN + 1];

	ident_time(now, now_us);
	ident_time(lease->expires_at, now_us +
	    (int64_t)lease->seconds * US_PER_S);
	db_bind_int(&query, id);
	db_bind_text(&query, lease->lease_id);
	db_bind_text(&query, now);
	db_bind_text(&query, lease->expires_at);
	return (rows_finish(&query));
}

/* Somebody else has it; until when, and in how many seconds that is. */
static enum store_rc
refuse(struct store_lease *lease, const struct rows_lease *held,
    int64_t now_us)
{
	int64_t until_us;

	memcpy(lease->expires_at, held->expires_at, sizeof lease->expires_at);
	if (!moment_read(held->expires_at, strlen(held->expires_at),
	    &until_us))
		return (STORE_ROW_FAILED);
	lease->retry_after = (until_us - now_us + US_PER_S - 1) / US_PER_S;
	return (STORE_HELD);
}

enum store_rc
store_lease_grant(struct store *store, struct store_lease *lease)
{
	struct db *db = store->db;
	int64_t now_us = db_now_us(db), id = 0;
	struct rows_lease held;
	enum store_rc rc;

	if ((rc = find(store, lease, &id)) != STORE_OK)
		return (rc);
	rc = rows_find_lease(db, id, now_us, &held);
	if (rc == STORE_OK)
		return (refuse(lease, &held, now_us));
	return (rc == STORE_NOT_FOUND ? grant(db, lease, id, now_us) : rc);
}

enum store_rc
store_lease_release(struct store *store, struct store_lease *lease)
{
	struct db *db = store->db;
	struct rows_lease held;
	enum store_rc rc;
	int64_t id = 0;

	if ((rc = find(store, lease, &id)) != STORE_OK)
		return (rc);
	rc = rows_find_lease(db, id, db_now_us(db), &held);
	if (rc == STORE_NOT_FOUND || (rc == STORE_OK &&
	    strcmp(held.lease_id, lease->lease_id) != 0))
		return (STORE_LOST);
	return (rc == STORE_OK ? rows_end_lease(db, id) : rc);
}
