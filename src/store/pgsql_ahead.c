/*
 * What is not waited for, as a server is a trip away: questions that are asked
 * ahead, and changes whose outcome is put off.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ground/log.h"
#include "store/pgsql.h"

enum { PUT_OFF_BYTES = 8 << 20 };	/* that are kept in memory at most */

static size_t
length_of(const struct pgsql_statement *statement, int i)
{
	if (statement->values[i] == NULL)
		return (0);
	return (statement->formats[i] == 1 ? (size_t)statement->lengths[i] :
	    strlen(statement->values[i]));
}

/* Which statement it is, and with which values. */
static void
digest_of(const struct pgsql *db, const struct pgsql_statement *statement,
    unsigned char digest[DIGEST_LEN])
{
	size_t place = (size_t)(statement - db->statements);
	struct digest state;
	int i;

	digest_init(&state);
	digest_add(&state, &place, sizeof place);
	for (i = 0; i < statement->count; i++)
		digest_add(&state, statement->values[i],
		    length_of(statement, i));
	digest_end(&state, digest);
}

static struct pgsql_ahead *
find(const struct pgsql *db, const unsigned char digest[DIGEST_LEN])
{
	size_t i;

	for (i = 0; i < db->ahead_count; i++)
		if (memcmp(db->ahead[i].digest, digest,
		    DIGEST_LEN) == 0)
			return (&db->ahead[i]);
	return (NULL);
}

static struct pgsql_ahead *
add(struct pgsql *db)
{
	size_t size = db->ahead_size == 0 ? 64 : 2 * db->ahead_size;
	struct pgsql_ahead *ahead = db->ahead;

	if (db->ahead_count == db->ahead_size) {
		ahead = reallocarray(ahead, size, sizeof *ahead);
		if (ahead == NULL)
			return (NULL);
		db->ahead = ahead;
		db->ahead_size = size;
	}
	return (&db->ahead[db->ahead_count++]);
}

/* What cannot be asked ahead, is asked when it is needed. */
void
pgsql_ahead(struct db_query *query)
{
	struct pgsql *db = pgsql_of(query->db);
	unsigned char digest[DIGEST_LEN];
	struct pgsql_ahead *ahead = NULL;

	digest_of(db, query->stmt, digest);
	if (query->rc == STORE_OK && db->conn != NULL &&
	    db->is_in_transaction && find(db, digest) == NULL)
		ahead = add(db);
	if (ahead != NULL) {
		*ahead = (struct pgsql_ahead){ .result = NULL };
		memcpy(ahead->digest, digest, sizeof digest);
		if (pgsql_send_prepared(db, query->stmt, PGSQL_AHEAD) == -1)
			pgsql_disconnect(db);
	}
	pgsql_done(query);
}

/* It is taken once: whoever takes it may change what it tells of. */
PGresult *
pgsql_ahead_take(struct pgsql *db, const struct pgsql_statement *statement)
{
	unsigned char digest[DIGEST_LEN];
	struct pgsql_ahead *ahead;
	PGresult *result;

	if (db->ahead_count == 0)
		return (NULL);
	digest_of(db, statement, digest);
	ahead = find(db, digest);
	if (ahead == NULL || ahead->is_taken)
		return (NULL);
	ahead->is_taken = true;
	result = ahead->result;
	ahead->result = NULL;
	return (result);
}

void
pgsql_ahead_forget(struct pgsql *db)
{
	size_t i;

	for (i = 0; i < db->ahead_count; i++) {
		db->pq->clear(db->ahead[i].result);
		db->ahead[i].result = NULL;
		db->ahead[i].is_taken = true;
	}
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
		db->sent_bytes += length_of(statement, i);
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
