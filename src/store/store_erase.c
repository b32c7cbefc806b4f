/*
 * Removing a user's rows, some at a time.
 */
#include "config.h"

#include "store/rows.h"

/* Run statements that take user and limit; the last one's rows count. */
static enum store_rc
remove_some(struct store *store, const enum statement *statements,
    size_t number, const char *user, int64_t limit, int64_t *count)
{
	struct db *db = store->db;
	enum store_rc rc = STORE_OK;
	struct db_query query;
	size_t i;

	*count = 0;
	for (i = 0; i < number && rc == STORE_OK; i++) {
		query = db_query(db, statements[i]);
		db_bind_text(&query, user);
		db_bind_int(&query, limit);
		rc = rows_finish(&query);
	}
	if (rc == STORE_OK)
		*count = db_changes(db);
	return (rc);
}

enum store_rc
store_operator_erase_keys(struct store *store, const char *user,
    int64_t limit, int64_t *count)
{
	static const enum statement statements[] = { ERASE_KEY_USES,
	    ERASE_KEYS };

	return (remove_some(store, statements, 2, user, limit, count));
}

enum store_rc
store_operator_erase_integrations(struct store *store,
    const char *user, int64_t limit, int64_t *count)
{
	static const enum statement statements[] = { ERASE_REVEALS,
	    ERASE_LEASES, ERASE_INTEGRATIONS };

	return (remove_some(store, statements, 3, user, limit, count));
}

enum store_rc
store_operator_erase_answers(struct store *store, const char *user,
    int64_t limit, int64_t *after, bool *is_last, int64_t *count)
{
	struct db *db = store->db;
	struct db_query query = db_query(db, ANSWERS_END);
	enum store_rc rc = db_step(&query);
	int64_t end = 0;

	*count = 0;
	if (rc == STORE_OK)
		end = db_int(&query, 0);
	db_done(&query);
	if (rc != STORE_OK)
		return (rows_as_read(rc));
	query = db_query(db, ERASE_ANSWERS);
	db_bind_text(&query, user);
	db_bind_int(&query, *after);
	db_bind_int(&query, *after + limit);
	rc = rows_finish(&query);
	if (rc == STORE_OK)
		*count = db_changes(db);
	*after += limit;
	*is_last = *after >= end;
	return (rc);
}
