/*
 * Reveals: how often auth_data was handed out, and when last.
 * Refuses to know what it holds.
 */
#include "config.h"

#include "store/rows.h"

/* The columns of REVEAL_FIND and REVEAL_FIND_OWN. */
enum { ID, REVISION, INTEGRATION_TYPE };

static enum store_rc
count(struct db *db, int64_t id, const char *at)
{
	struct db_query query = db_query(db, REVEAL_ADD);

	db_bind_int(&query, id);
	db_bind_text(&query, at);
	return (db_put_off(&query));
}

/* Look for the row by found, and count; asker NULL: whoever. */
static enum store_rc
find_and_count(struct db *db, struct db_query *found,
    const struct store_asker *asker, const struct store_reveal *reveal)
{
	enum store_rc rc = db_step(found);
	int64_t id = 0;

	if (rc == STORE_OK) {
		id = db_int(found, ID);
		if (asker != NULL && !rows_is_for(asker,
		    db_text(found, INTEGRATION_TYPE)))
			rc = STORE_NOT_FOUND;
		else if (db_int(found, REVISION) != reveal->revision)
			rc = STORE_MOVED;
	}
	db_done(found);
	return (rc == STORE_OK ? count(db, id, reveal->at) : rc);
}

enum store_rc
store_reveal(struct store *store, const struct store_asker *asker,
    const struct store_reveal *reveal)
{
	struct db *db = store->db;
	struct db_query found = db_query(db, REVEAL_FIND_OWN);

	db_bind_text(&found, reveal->integration_id);
	db_bind_text(&found, asker->user);
	return (find_and_count(db, &found, asker, reveal));
}

enum store_rc
store_operator_reveal(struct store *store,
    const struct store_reveal *reveal)
{
	struct db *db = store->db;
	struct db_query found = db_query(db, REVEAL_FIND);

	db_bind_text(&found, reveal->integration_id);
	return (find_and_count(db, &found, NULL, reveal));
}
