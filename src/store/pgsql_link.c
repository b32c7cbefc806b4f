/*
 * What is known of a connection to PostgreSQL, and how it is let go. Sends
 * nothing.
 */
#include "config.h"

#include <string.h>

#include "store/pgsql.h"

struct pgsql *
pgsql_of(struct db *db)
{
	return ((void *)db);
}

const char *
pgsql_option(const struct pgsql *db, const char *keyword)
{
	const PQconninfoOption *option = db->options;

	while (option->keyword != NULL &&
	    strcmp(option->keyword, keyword) != 0)
		option++;
	return (option->val);
}

/* Integers come with their first byte first, as long as their type is. */
int64_t
pgsql_number(const struct pgsql *db, const PGresult *result, int row,
    int column)
{
	const unsigned char *bytes;
	uint64_t n = 0;
	int i, len;

	if (result == NULL || row >= db->pq->ntuples(result) ||
	    db->pq->getisnull(result, row, column) != 0)
		return (0);
	bytes = (const void *)db->pq->getvalue(result, row, column);
	len = db->pq->getlength(result, row, column);
	if (len > (int)sizeof n)
		return (0);
	if (len > 1 && (bytes[0] & 0x80) != 0)
		n = UINT64_MAX;
	for (i = 0; i < len; i++)
		n = n << 8 | bytes[i];
	return ((int64_t)n);
}

void
pgsql_disconnect(struct pgsql *db)
{
	size_t i;

	if (db->conn != NULL)
		db->pq->finish(db->conn);
	db->conn = NULL;
	db->is_failed = db->is_in_transaction;
	db->sent_count = 0;
	db->sent_bytes = 0;
	pgsql_ahead_forget(db);
	for (i = 0; i < PGSQL_STATEMENTS_MAX; i++)
		db->statements[i].is_prepared = false;
}
