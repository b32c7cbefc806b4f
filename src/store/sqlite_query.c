/*
 * Statements in use: values, rows, columns. Knows no connection but the one
 * that a statement came from.
 */
#include "config.h"

#include "store/sqlite.h"

static struct sqlite *
sqlite_of(struct db_query *query)
{
	return ((void *)query->db);
}

struct db_query
sqlite_query(struct db *base, size_t number)
{
	struct db_query query = { .db = base, .rc = STORE_OK };
	struct sqlite *db = sqlite_of(&query);
	int rc = SQLITE_OK;

	if (db->stmt[number] == NULL)
		rc = sqlite3_prepare_v3(db->handle, base->sql[number], -1,
		    SQLITE_PREPARE_PERSISTENT, &db->stmt[number], NULL);
	if (rc != SQLITE_OK)
		query.rc = sqlite_complain(db, rc, "prepare");
	query.stmt = db->stmt[number];
	return (query);
}

static void
note_bind(struct db_query *query, int rc)
{
	if (rc != SQLITE_OK)
		query->rc = sqlite_complain(sqlite_of(query), rc, "bind");
}

void
sqlite_bind_text(struct db_query *query, const char *text)
{
	query->bound++;
	if (query->stmt != NULL)
		note_bind(query, sqlite3_bind_text(query->stmt, query->bound,
		    text, -1, SQLITE_STATIC));
}

void
sqlite_bind_blob(struct db_query *query, const void *blob, size_t len)
{
	query->bound++;
	if (query->stmt != NULL)
		note_bind(query, sqlite3_bind_blob64(query->stmt,
		    query->bound, blob, len, SQLITE_STATIC));
}

void
sqlite_bind_int(struct db_query *query, int64_t n)
{
	query->bound++;
	if (query->stmt != NULL)
		note_bind(query, sqlite3_bind_int64(query->stmt, query->bound,
		    n));
}

enum store_rc
sqlite_step(struct db_query *query)
{
	int rc;

	if (query->rc != STORE_OK)
		return (query->rc);
	rc = sqlite3_step(query->stmt);
	if (rc == SQLITE_ROW || rc == SQLITE_DONE ||
	    (rc & 0xff) == SQLITE_CONSTRAINT)
		return (sqlite_classify(rc));
	query->rc = sqlite_complain(sqlite_of(query), rc, "step");
	return (query->rc);
}

const char *
sqlite_text(struct db_query *query, int column)
{
	return ((const char *)sqlite3_column_text(query->stmt, column));
}

const void *
sqlite_blob(struct db_query *query, int column, size_t *len)
{
	const void *blob = sqlite3_column_blob(query->stmt, column);

	*len = (size_t)sqlite3_column_bytes(query->stmt, column);
	return (blob);
}

size_t
sqlite_size(struct db_query *query, int column)
{
	return ((size_t)sqlite3_column_bytes(query->stmt, column));
}

int64_t
sqlite_int(struct db_query *query, int column)
{
	return (sqlite3_column_int64(query->stmt, column));
}

void
sqlite_done(struct db_query *query)
{
	if (query->stmt == NULL)
		return;
	(void)sqlite3_reset(query->stmt);
	(void)sqlite3_clear_bindings(query->stmt);
	query->stmt = NULL;
}
