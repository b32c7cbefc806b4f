/*
 * Statements in use: values, rows, columns. Knows no connection but the one
 * that a statement came from.
 */
#include "config.h"

#include <sqlite3.h>

#include "store/db.h"

static void
note_bind(struct db_query *query, int rc)
{
	if (rc != SQLITE_OK)
		query->rc = db_complain(query->db, rc, "bind");
}

void
db_bind_text(struct db_query *query, const char *text)
{
	query->bound++;
	if (query->stmt != NULL)
		note_bind(query, sqlite3_bind_text(query->stmt, query->bound,
		    text, -1, SQLITE_STATIC));
}

void
db_bind_blob(struct db_query *query, const void *blob, size_t len)
{
	query->bound++;
	if (query->stmt != NULL)
		note_bind(query, sqlite3_bind_blob64(query->stmt,
		    query->bound, blob, len, SQLITE_STATIC));
}

void
db_bind_int(struct db_query *query, int64_t n)
{
	query->bound++;
	if (query->stmt != NULL)
		note_bind(query, sqlite3_bind_int64(query->stmt, query->bound,
		    n));
}

enum store_rc
db_step(struct db_query *query)
{
	int rc;

	if (query->rc != STORE_OK)
		return (query->rc);
	rc = sqlite3_step(query->stmt);
	if (rc == SQLITE_ROW || rc == SQLITE_DONE ||
	    (rc & 0xff) == SQLITE_CONSTRAINT)
		return (db_classify(rc));
	query->rc = db_complain(query->db, rc, "step");
	return (query->rc);
}

const char *
db_text(struct db_query *query, int column)
{
	return ((const char *)sqlite3_column_text(query->stmt, column));
}

const void *
db_blob(struct db_query *query, int column, size_t *len)
{
	const void *blob = sqlite3_column_blob(query->stmt, column);

	*len = (size_t)sqlite3_column_bytes(query->stmt, column);
	return (blob);
}

size_t
db_size(struct db_query *query, int column)
{
	return ((size_t)sqlite3_column_bytes(query->stmt, column));
}

int64_t
db_int(struct db_query *query, int column)
{
	return (sqlite3_column_int64(query->stmt, column));
}

void
db_done(struct db_query *query)
{
	if (query->stmt == NULL)
		return;
	(void)sqlite3_reset(query->stmt);
	(void)sqlite3_clear_bindings(query->stmt);
	query->stmt = NULL;
}
