/*
 * Changes and deletions, of rows that are there. Refuses to know
 * what a patch is and what a box holds.
 */
#include "config.h"

#include <string.h>

#include "store/rows.h"

/* Whether a lease that is asked for holds on the row of that id. */
static enum store_rc
check_lease(struct db *db, const struct store_change *change, int64_t id)
{
	struct rows_lease lease;
	enum store_rc rc;

	if (change->lease_id == NULL)
		return (STORE_OK);
	rc = rows_find_lease(db, id, db_now_us(db), &lease);
	if (rc == STORE_NOT_FOUND || (rc == STORE_OK &&
	    strcmp(lease.lease_id, change->lease_id) != 0))
		return (STORE_LOST);
	return (rc);
}

/* What is to be done about the row of CHANGE_FIND: STORE_OK, to change it. */
static enum store_rc
judge(struct store *store, struct store_change *change,
    struct db_query *found)
{
	struct store_save *save = change->save;
	enum store_rc rc;

	if (!rows_is_for(&change->asker,
	    db_text(found, FOUND_INTEGRATION_TYPE)))
		return (STORE_NOT_FOUND);
	if (!rows_found_meets(save, found))
		return (STORE_PRECONDITION);
	rc = check_lease(store->db, change, db_int(found, FOUND_ID));
	if (rc != STORE_OK)
		return (rc);
	if (db_int(found, FOUND_REVISION) != change->revision)
		return (STORE_MOVED);
	if (change->is_same) {
		save->stored = *change->was;
		return (STORE_OK);
	}
	if (!rows_takes(store, save))
		return (STORE_SEAL_AGAIN);
	return (rows_keep(save, found));
}

/* Write what was judged to be right, of the row of that id. */
static enum store_rc
write_row(struct store *store, struct store_change *change, int64_t id)
{
	struct db *db = store->db;
	struct db_query query;
	enum store_rc rc = STORE_OK;

	if (!change->is_same) {
		query = rows_update(db, change->save, id);
		if ((rc = rows_finish(&query)) == STORE_OK &&
		    change->save->auth_data_given)
			rc = rows_end_lease(db, id);
	}
	if (rc == STORE_OK && change->ends_lease)
		rc = rows_end_lease(db, id);
	return (rc);
}

enum store_rc
store_change(struct store *store, struct store_change *change)
{
	struct db_query found = db_query(store->db, CHANGE_FIND);
	enum store_rc rc;
	int64_t id = 0;

	rows_begin_save(change->save);
	db_bind_text(&found, change->integration_id);
	db_bind_text(&found, change->asker.user);
	if ((rc = db_step(&found)) == STORE_OK) {
		id = db_int(&found, FOUND_ID);
		rc = judge(store, change, &found);
	}
	db_done(&found);
	if (rc == STORE_OK)
		rc = write_row(store, change, id);
	if (rc == STORE_OK)
		rc = store_use(store, change->integration_id,
		    &change->use);
	return (rc);
}

/* Read the row that is to be deleted, if it is what the request asks for. */
static enum store_rc
find(struct store *store, struct store_deletion *deletion, int64_t *id)
{
	struct db_query found = db_query(store->db, FIND_OWN);
	struct integration *row = &deletion->row;
	enum store_rc rc;

	arena_fini(&deletion->arena);
	rows_bind_columns(&found, STORE_DATA);
	db_bind_text(&found, deletion->integration_id);
	db_bind_text(&found, deletion->asker.user);
	if ((rc = db_step(&found)) == STORE_OK &&
	    !rows_is_for(&deletion->asker,
	    db_text(&found, ROW_INTEGRATION_TYPE)))
		rc = STORE_NOT_FOUND;
	if (rc == STORE_OK) {
		*id = db_int(&found, ROW_ID);
		rc = rows_copy_row(&found, STORE_DATA, &deletion->arena,
		    row);
	}
	if (rc == STORE_OK &&
	    !room_take(deletion->room, deletion->arena.taken)) {
		arena_fini(&deletion->arena);
		rc = STORE_LACKS;
	}
	if (rc == STORE_OK && !rows_meets(&deletion->if_match,
	    &deletion->if_none_match, row->revision, row->updated_at))
		rc = STORE_PRECONDITION;
	db_done(&found);
	return (rc);
}

enum store_rc
store_delete(struct store *store, struct store_deletion *deletion)
{
	/* Ids may come again, so nothing is left that is known by one. */
	static const enum statement deletes[] = {
		LEASE_END, DELETE_USE, DELETE_ROW
	};
	struct db_query query;
	enum store_rc rc;
	int64_t id = 0;
	size_t i;

	if ((rc = find(store, deletion, &id)) == STORE_OK)
		rc = store_use(store, deletion->integration_id,
		    &deletion->use);
	for (i = 0; rc == STORE_OK && i < sizeof deletes / sizeof deletes[0];
	    i++) {
		query = db_query(store->db, deletes[i]);
		db_bind_int(&query, id);
		rc = rows_finish(&query);
	}
	return (rc);
}
