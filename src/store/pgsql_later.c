/*
 * What is not waited for, as a server is a trip away: questions that are asked
 * ahead, and changes whose outcome is put off.
 */
#include "config.h"

#include "store/pgsql.h"

enum { PUT_OFF_BYTES = 8 << 20 };	/* that are kept in memory at most */

/* What cannot be asked ahead, is asked when it is needed. */
void
pgsql_ahead(struct db_query *query)
{
	struct pgsql *db = pgsql_of(query->db);

	if (query->rc == STORE_OK && db->conn != NULL &&
	    db->is_in_transaction && pgsql_ahead_add(db, query->stmt) &&
	    pgsql_send_prepared(db, query->stmt, PGSQL_AHEAD) == -1)
		pgsql_disconnect(db);
	pgsql_done(query);
}

static enum store_rc
queue(struct pgsql *db, struct pgsql_statement *statement)
{
	int i;

	if (db->is_failed)
		return (STORE_WRITE_FAILED);
	if (db->conn == NULL)
		return (STORE_UNAVAILABLE);
	if (pgsql_send_prepared(db, statement, PGSQL_PUT_OFF) == -1) {
		pgsql_disconnect(db);
		return (STORE_UNAVAILABLE);
	}
	for (i = 0; i < statement->count; i++)
		db->sent_bytes += pgsql_length(statement, i);
	return (db->sent_bytes < PUT_OFF_BYTES ? STORE_OK :
	    pgsql_exchange(db, NULL, db->wait_ms, "statement"));
}

enum store_rc
pgsql_put_off(struct db_query *query)
{
	struct pgsql *db = pgsql_of(query->db);
	enum store_rc rc = query->rc;

	if (rc == STORE_OK && db->is_in_transaction && !db->is_reading) {
		rc = queue(db, query->stmt);
	} else if (rc == STORE_OK) {
		rc = pgsql_step(query);
		if (rc == STORE_NOT_FOUND)
			rc = STORE_OK;
	}
	pgsql_done(query);
	return (rc);
}
