/*
 * What was asked ahead in a transaction, and what was found. Knows questions
 * by their digests, and sends none.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "store/pgsql.h"

size_t
pgsql_length(const struct pgsql_statement *statement, int i)
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
		    pgsql_length(statement, i));
	digest_end(&state, digest);
}

static struct pgsql_ahead *
find(const struct pgsql *db, const unsigned char digest[DIGEST_LEN])
{
	size_t i;

	for (i = 0; i < db->ahead_count; i++)
		if (memcmp(db->ahead[i].digest, digest, DIGEST_LEN) == 0)
			return (&db->ahead[i]);
	return (NULL);
}

static bool
grow(struct pgsql *db)
{
	size_t size = db->ahead_size == 0 ? 64 : 2 * db->ahead_size;
	struct pgsql_ahead *ahead;

	ahead = reallocarray(db->ahead, size, sizeof *ahead);
	if (ahead == NULL)
		return (false);
	db->ahead = ahead;
	db->ahead_size = size;
	return (true);
}

bool
pgsql_ahead_add(struct pgsql *db, const struct pgsql_statement *statement)
{
	struct pgsql_ahead ahead = { .result = NULL };

	digest_of(db, statement, ahead.digest);
	if (find(db, ahead.digest) != NULL)
		return (false);
	if (db->ahead_count == db->ahead_size && !grow(db))
		return (false);
	db->ahead[db->ahead_count++] = ahead;
	return (true);
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
