/*
 * Statements of PostgreSQL in use: values, rows, columns. What changes
 * something or finds one row is prepared, and one trip; what may find many is
 * DECLAREd a cursor in the table of statements, and fetched by and by.
 */
#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ground/log.h"
#include "store/pgsql.h"

enum {
	NAME_MAX_LEN = 31,
	SQL_MAX = 64,
	FETCH_ROWS = 64			/* about as many as a page of a list */
};

static struct pgsql_statement *
of(struct db_query *query)
{
	return (query->stmt);
}

/* Its place in the table of statements. */
static size_t
number_of(const struct pgsql *db, const struct pgsql_statement *statement)
{
	return ((size_t)(statement - db->statements));
}

static const char *
sql_of(const struct pgsql *db, const struct pgsql_statement *statement)
{
	return (db->db.sql[number_of(db, statement)]);
}

struct db_query
pgsql_query(struct db *base, size_t number)
{
	struct pgsql_statement *statement =
	    &pgsql_of(base)->statements[number];

	assert(number < PGSQL_STATEMENTS_MAX && statement->result == NULL);
	statement->count = 0;
	statement->row = -1;
	return ((struct db_query){ .db = base, .stmt = statement,
	    .rc = STORE_OK });
}

static void
bind(struct db_query *query, const char *value, size_t len, int format)
{
	struct pgsql_statement *statement = of(query);
	int i = statement->count;

	assert(i < PGSQL_VALUES_MAX);
	if (len > INT32_MAX)
		query->rc = STORE_WRITE_FAILED;
	statement->values[i] = value;
	statement->lengths[i] = (int)len;
	statement->formats[i] = format;
	statement->count++;
}

void
pgsql_bind_text(struct db_query *query, const char *text)
{
	bind(query, text, 0, 0);
}

void
pgsql_bind_blob(struct db_query *query, const void *blob, size_t len)
{
	bind(query, blob, len, 1);
}

void
pgsql_bind_int(struct db_query *query, int64_t n)
{
	char *number = of(query)->numbers[of(query)->count];

	snprintf(number, PGSQL_NUMBER_MAX + 1, "%" PRId64, n);
	bind(query, number, 0, 0);
}

/* The name of the cursor that a statement declares; false: it is none. */
static bool
cursor_of(const char *sql, char name[NAME_MAX_LEN + 1])
{
	return (sscanf(sql, "DECLARE %31s", name) == 1);
}

/* The cursor ends, and a transaction that was for cursors with the last. */
static void
close_cursor(struct pgsql *db, struct pgsql_statement *statement)
{
	char cursor[NAME_MAX_LEN + 1], sql[SQL_MAX];

	statement->has_cursor = false;
	if (db->cursors > 0)
		db->cursors--;
	if (db->is_reading) {
		if (db->cursors == 0)
			pgsql_rollback(&db->db);
		return;
	}
	if (db->conn == NULL || db->is_failed || !db->is_in_transaction)
		return;
	if (cursor_of(sql_of(db, statement), cursor)) {
		snprintf(sql, sizeof sql, "CLOSE %s", cursor);
		if (pgsql_send(db, sql) == -1 || pgsql_exchange(db, NULL,
		    db->wait_ms, "close") != STORE_OK)
			db->is_failed = true;
	}
}

/* Let go of what it has found; its values stay. */
static void
give_back(struct pgsql *db, struct pgsql_statement *statement)
{
	db->pq->clear(statement->result);
	statement->result = NULL;
	if (statement->has_cursor)
		close_cursor(db, statement);
}

static int
send_fetch(struct pgsql *db, const char *cursor)
{
	char sql[SQL_MAX];

	snprintf(sql, sizeof sql, "FETCH %d FROM %s", FETCH_ROWS, cursor);
	return (pgsql_send(db, sql));
}

/* A cursor needs a transaction; all of a read are of one moment. */
static int
send_cursor(struct pgsql *db, const struct pgsql_statement *statement,
    const char *cursor)
{
	if (!db->is_in_transaction && pgsql_send(db,
	    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") == -1)
		return (-1);
	return (db->pq->sendQueryParams(db->conn, sql_of(db, statement),
	    statement->count, NULL, statement->values, statement->lengths,
	    statement->formats, 1) == 1 &&
	    pgsql_note_sent(db, PGSQL_ASKED) == 0 ? send_fetch(db, cursor) :
	    -1);
}

/* Whether a statement may change something. */
static bool
may_change(const char *sql)
{
	return (strncmp(sql, "SELECT ", strlen("SELECT ")) != 0);
}

static enum store_rc
begin_once(struct pgsql *db, struct pgsql_statement *statement)
{
	char cursor[NAME_MAX_LEN + 1];
	const char *sql = sql_of(db, statement);
	bool is_cursor = cursor_of(sql, cursor);

	if (!is_cursor && may_change(sql))
		pgsql_ahead_forget(db);
	if ((is_cursor ? send_cursor(db, statement, cursor) :
	    pgsql_send_prepared(db, statement, PGSQL_ASKED)) == -1) {
		pgsql_disconnect(db);
		return (STORE_UNAVAILABLE);
	}
	if (is_cursor && !db->is_in_transaction) {
		db->is_in_transaction = true;
		db->is_reading = true;
		db->is_failed = false;
	}
	if (is_cursor) {
		statement->has_cursor = true;
		db->cursors++;
	}
	return (pgsql_exchange(db, &statement->result, db->wait_ms,
	    "statement"));
}

/*
 * Run the statement. One that belongs to no transaction, and whose connection
 * has broken, has done nothing: it is begun once more, on a new one.
 */
static enum store_rc
begin(struct pgsql *db, struct pgsql_statement *statement)
{
	bool is_alone = !db->is_in_transaction;
	enum store_rc rc = STORE_UNAVAILABLE;
	int tries;

	if (db->is_failed && db->is_in_transaction)
		return (STORE_WRITE_FAILED);
	if ((statement->result = pgsql_ahead_take(db, statement)) != NULL)
		return (STORE_OK);
	for (tries = 0; tries < 2 && rc == STORE_UNAVAILABLE; tries++) {
		if (is_alone && pgsql_await(db, db->patience_ms) != STORE_OK)
			return (STORE_UNAVAILABLE);
		if (db->conn == NULL)
			return (STORE_UNAVAILABLE);
		rc = begin_once(db, statement);
		if (!is_alone || db->conn != NULL)
			break;
		give_back(db, statement);
	}
	return (rc);
}

/* A statement that has no rows, or no more of them. */
static enum store_rc
end_of(struct pgsql *db, struct pgsql_statement *statement)
{
	static const char nothing[] = "ON CONFLICT DO NOTHING";
	const char *sql = sql_of(db, statement);
	size_t len = strlen(sql);

	return (db->changes == 0 && len > sizeof nothing &&
	    strcmp(sql + len - (sizeof nothing - 1), nothing) == 0 ?
	    STORE_CONFLICT : STORE_NOT_FOUND);
}

static void
note_changes(struct pgsql *db, struct pgsql_statement *statement)
{
	const char *number = db->pq->cmdTuples(statement->result);

	db->changes = 0;
	(void)sscanf(number, "%" SCNd64, &db->changes);
}

static enum store_rc
fetch(struct pgsql *db, struct pgsql_statement *statement)
{
	char cursor[NAME_MAX_LEN + 1];

	db->pq->clear(statement->result);
	statement->result = NULL;
	statement->row = 0;
	if (db->is_failed || !cursor_of(sql_of(db, statement), cursor) ||
	    send_fetch(db, cursor) == -1)
		return (STORE_UNAVAILABLE);
	return (pgsql_exchange(db, &statement->result, db->wait_ms,
	    "fetch"));
}

static enum store_rc
step(struct pgsql *db, struct pgsql_statement *statement)
{
	enum store_rc rc = STORE_OK;

	if (statement->row == -1 && (rc = begin(db, statement)) == STORE_OK)
		note_changes(db, statement);
	statement->row++;
	if (rc == STORE_OK && statement->has_cursor &&
	    statement->row == FETCH_ROWS)
		rc = fetch(db, statement);
	if (rc != STORE_OK)
		return (rc);
	return (statement->row < db->pq->ntuples(statement->result) ?
	    STORE_OK : end_of(db, statement));
}

enum store_rc
pgsql_step(struct db_query *query)
{
	enum store_rc rc;

	if (query->rc != STORE_OK)
		return (query->rc);
	rc = step(pgsql_of(query->db), of(query));
	if (rc != STORE_OK && rc != STORE_NOT_FOUND && rc != STORE_CONFLICT)
		query->rc = rc;
	return (rc);
}

/* The bytes of a column of the row; NULL: it is NULL, or there is no row. */
static const char *
value_of(struct db_query *query, int column, size_t *len)
{
	const struct pgsql *db = pgsql_of(query->db);
	const struct pgsql_statement *statement = of(query);

	*len = 0;
	if (statement->result == NULL ||
	    statement->row >= db->pq->ntuples(statement->result) ||
	    db->pq->getisnull(statement->result, statement->row, column) != 0)
		return (NULL);
	*len = (size_t)db->pq->getlength(statement->result, statement->row,
	    column);
	return (db->pq->getvalue(statement->result, statement->row, column));
}

const char *
pgsql_text(struct db_query *query, int column)
{
	size_t len;

	return (value_of(query, column, &len));
}

const void *
pgsql_blob(struct db_query *query, int column, size_t *len)
{
	return (value_of(query, column, len));
}

size_t
pgsql_size(struct db_query *query, int column)
{
	size_t len;

	(void)value_of(query, column, &len);
	return (len);
}

int64_t
pgsql_int(struct db_query *query, int column)
{
	return (pgsql_number(pgsql_of(query->db), of(query)->result,
	    of(query)->row, column));
}

void
pgsql_done(struct db_query *query)
{
	struct pgsql *db = pgsql_of(query->db);
	struct pgsql_statement *statement = of(query);

	if (statement == NULL)
		return;
	give_back(db, statement);
	statement->row = -1;
	statement->count = 0;
	query->stmt = NULL;
}
