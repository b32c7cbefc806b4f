/*
 * What is sent to PostgreSQL and what comes back: the pipeline, deadlines, and
 * what its errors mean for us.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/ident.h"
#include "ground/log.h"
#include "store/pgsql.h"

/*
 * What there is to do about an error, by its SQLSTATE or the class that begins
 * it (PostgreSQL's manual, appendix A). The first that fits counts.
 */
static const struct {
	const char *sqlstate;
	enum store_rc rc;
	const char *advice;		/* NULL: none is needed */
} kinds[] = {
	{ "23", STORE_CONFLICT, NULL },
	{ "55P03", STORE_BUSY, NULL },
	{ "57014", STORE_BUSY, "it took longer than statement_timeout" },
	{ "40", STORE_BUSY, "another transaction was in the way" },
	{ "53100", STORE_FULL, "make room on the server's file system" },
	{ "53300", STORE_UNAVAILABLE, "raise the server's max_connections" },
	{ "53", STORE_UNAVAILABLE, "the server is short of something: see its "
	    "log" },
	{ "25006", STORE_UNAVAILABLE, "the server is a standby" },
	{ "57P", STORE_UNAVAILABLE, "the server is being stopped" },
	{ "42501", STORE_UNAVAILABLE, "the role lacks a right: see "
	    "strongroom.conf(5)" },
	{ "42P01", STORE_UNAVAILABLE, "there is no such table: run strongroom "
	    "init or migrate" },
	{ "", STORE_WRITE_FAILED, "see the server's log" }
};

static enum store_rc
complain(const struct pgsql *db, const PGresult *result, const char *what)
{
	const char *sqlstate = db->pq->resultErrorField(result,
	    PG_DIAG_SQLSTATE);
	size_t i = 0;

	if (sqlstate == NULL)
		sqlstate = "";
	while (strncmp(kinds[i].sqlstate, sqlstate,
	    strlen(kinds[i].sqlstate)) != 0)
		i++;
	if (kinds[i].advice != NULL)
		log_error("database %s: %s: SQLSTATE %s; %s", db->url, what,
		    sqlstate, kinds[i].advice);
	return (kinds[i].rc);
}

/* The connection is broken, or the server does not answer. */
static enum store_rc
lose(struct pgsql *db, const char *what, const char *why)
{
	if (db->conn != NULL)
		log_error("database %s: %s: %s", db->url, what, why);
	pgsql_disconnect(db);
	return (STORE_UNAVAILABLE);
}

int
pgsql_note_sent(struct pgsql *db, enum pgsql_kind kind)
{
	size_t size = db->sent_size == 0 ? 64 : 2 * db->sent_size;
	struct pgsql_sent *sent = db->sent;

	if (db->sent_count == db->sent_size) {
		sent = reallocarray(sent, size, sizeof *sent);
		if (sent == NULL) {
			log_error("out of memory for a statement");
			return (-1);
		}
		db->sent = sent;
		db->sent_size = size;
	}
	sent[db->sent_count++] = (struct pgsql_sent){ .kind = kind,
	    .ahead = kind == PGSQL_AHEAD ? db->ahead_count - 1 : 0 };
	return (0);
}

int
pgsql_send(struct pgsql *db, const char *sql)
{
	return (db->conn != NULL && db->pq->sendQueryParams(db->conn, sql, 0,
	    NULL, NULL, NULL, NULL, 1) == 1 ?
	    pgsql_note_sent(db, PGSQL_ASKED) : -1);
}

/* That it could not be prepared fails whatever it is for. */
static int
send_prepare(struct pgsql *db, struct pgsql_statement *statement)
{
	size_t place = (size_t)(statement - db->statements);

	/* The last name may be taken, though what came of it failed. */
	snprintf(statement->name, sizeof statement->name, "s%u", db->names++);
	if (db->pq->sendPrepare(db->conn, statement->name, db->db.sql[place],
	    0, NULL) != 1)
		return (-1);
	statement->is_prepared = true;
	statement->prepared_at = db->exchanges;
	return (pgsql_note_sent(db, PGSQL_PUT_OFF));
}

int
pgsql_send_prepared(struct pgsql *db, struct pgsql_statement *statement,
    enum pgsql_kind kind)
{
	if (!statement->is_prepared && send_prepare(db, statement) == -1)
		return (-1);
	return (db->pq->sendQueryPrepared(db->conn, statement->name,
	    statement->count, statement->values, statement->lengths,
	    statement->formats, 1) == 1 ? pgsql_note_sent(db, kind) : -1);
}

/* Wait for the socket; false: until_ms is over. */
static bool
await(struct pgsql *db, short events, int64_t until_ms)
{
	struct pollfd pollfd = { db->pq->socket(db->conn), events, 0 };
	int64_t left_ms;
	int rc;

	do {
		left_ms = until_ms - ident_monotonic_ms();
		if (left_ms <= 0)
			return (false);
		rc = poll(&pollfd, 1, (int)left_ms);
	} while (rc == -1 && errno == EINTR);
	return (rc > 0);
}

/* Send all; what comes meanwhile is read, or both would wait. */
static const char *
flush_all(struct pgsql *db, int64_t until_ms)
{
	int rc;

	while ((rc = db->pq->flush(db->conn)) == 1) {
		if (!await(db, POLLIN | POLLOUT, until_ms))
			return ("no answer in time");
		if (db->pq->consumeInput(db->conn) == 0)
			return ("the connection is broken");
	}
	return (rc == 0 ? NULL : "the connection is broken");
}

static const char *
await_result(struct pgsql *db, int64_t until_ms, PGresult **result)
{
	while (db->pq->isBusy(db->conn) != 0) {
		if (!await(db, POLLIN, until_ms))
			return ("no answer in time");
		if (db->pq->consumeInput(db->conn) == 0)
			return ("the connection is broken");
	}
	*result = db->pq->getResult(db->conn);
	return (NULL);
}

/* What has come of one statement. */
static enum store_rc
judge(struct pgsql *db, PGresult *result, enum pgsql_kind kind,
    const char *what)
{
	ExecStatusType status = db->pq->resultStatus(result);
	enum store_rc rc = STORE_OK;

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		rc = complain(db, result, what);
	if (rc == STORE_CONFLICT && kind == PGSQL_PUT_OFF) {
		log_error("database %s: %s: a row cannot be: run strongroom "
		    "check", db->url, what);
		rc = STORE_WRITE_FAILED;
	}
	if (rc != STORE_OK) {
		db->is_failed = db->is_in_transaction;
		db->is_late = kind == PGSQL_PUT_OFF;
	}
	return (rc);
}

/* Put a result where it belongs; *last is of what was asked. */
static void
keep(struct pgsql *db, const struct pgsql_sent *sent, PGresult *result,
    PGresult **last)
{
	PGresult **place = NULL;

	if (sent->kind == PGSQL_AHEAD && !db->ahead[sent->ahead].is_taken)
		place = &db->ahead[sent->ahead].result;
	else if (sent->kind == PGSQL_ASKED)
		place = last;
	if (place == NULL) {
		db->pq->clear(result);
		return;
	}
	db->pq->clear(*place);
	*place = result;
}

/*
 * Take the results of what was sent, and the one of the Sync behind it. Each
 * but that is followed by NULL; so is what has broken the connection.
 */
static const char *
take_results(struct pgsql *db, PGresult **last, enum store_rc *rc,
    int64_t until_ms, const char *what)
{
	PGresult *result = NULL;
	const char *why;
	size_t i = 0;

	for (;;) {
		if ((why = await_result(db, until_ms, &result)) != NULL)
			return (why);
		if (result == NULL) {
			if (db->pq->status(db->conn) != CONNECTION_OK)
				return ("the connection is broken");
			continue;
		}
		if (db->pq->resultStatus(result) == PGRES_PIPELINE_SYNC)
			break;
		if (*rc == STORE_OK && i < db->sent_count)
			*rc = judge(db, result, db->sent[i].kind, what);
		if (*rc == STORE_OK && i < db->sent_count)
			keep(db, &db->sent[i], result, last);
		else
			db->pq->clear(result);
		i++;
	}
	db->pq->clear(result);
	return (NULL);
}

/* What was prepared in an exchange that has failed may not be. */
static void
note_exchange(struct pgsql *db, bool has_failed)
{
	size_t i;

	if (has_failed) {
		pgsql_ahead_forget(db);
		for (i = 0; i < PGSQL_STATEMENTS_MAX; i++)
			if (db->statements[i].prepared_at == db->exchanges)
				db->statements[i].is_prepared = false;
	}
	db->exchanges++;
	db->sent_count = 0;
	db->sent_bytes = 0;
}

enum store_rc
pgsql_exchange(struct pgsql *db, PGresult **to, int wait_ms, const char *what)
{
	int64_t until_ms = ident_monotonic_ms() + wait_ms;
	enum store_rc rc = STORE_OK;
	PGresult *last = NULL;
	const char *why;

	if (to != NULL)
		*to = NULL;
	if (db->conn == NULL)
		return (STORE_UNAVAILABLE);
	why = db->pq->pipelineSync(db->conn) == 1 ?
	    flush_all(db, until_ms) : "the connection is broken";
	if (why == NULL)
		why = take_results(db, &last, &rc, until_ms, what);
	note_exchange(db, why != NULL || rc != STORE_OK);
	if (why != NULL)
		rc = lose(db, what, why);
	else if (db->pq->status(db->conn) != CONNECTION_OK)
		pgsql_disconnect(db);
	if (rc == STORE_OK && to != NULL)
		*to = last;
	else
		db->pq->clear(last);
	return (rc);
}

/* Take the results of a text of several statements. */
static const char *
take_all(struct pgsql *db, enum store_rc *rc, int64_t until_ms)
{
	PGresult *result = NULL;
	const char *why = flush_all(db, until_ms);

	while (why == NULL) {
		why = await_result(db, until_ms, &result);
		if (why != NULL || result == NULL)
			break;
		if (*rc == STORE_OK)
			*rc = judge(db, result, PGSQL_ASKED, "exec");
		db->pq->clear(result);
	}
	if (why == NULL && db->pq->status(db->conn) != CONNECTION_OK)
		why = "the connection is broken";
	return (why);
}

/* Several statements in one text are not for a pipeline. */
enum store_rc
pgsql_exec(struct db *base, const char *sql)
{
	struct pgsql *db = pgsql_of(base);
	enum store_rc rc = STORE_OK;
	const char *why = "the connection is broken";

	if (db->sent_count > 0)
		rc = pgsql_exchange(db, NULL, db->wait_ms, "exec");
	if (rc != STORE_OK || db->conn == NULL)
		return (rc != STORE_OK ? rc : STORE_UNAVAILABLE);
	pgsql_ahead_forget(db);
	if (db->pq->exitPipelineMode(db->conn) == 1 &&
	    db->pq->sendQuery(db->conn, sql) == 1)
		why = take_all(db, &rc, ident_monotonic_ms() + db->wait_ms);
	if (why == NULL && db->pq->enterPipelineMode(db->conn) != 1)
		why = "the connection is broken";
	return (why == NULL ? rc : lose(db, "exec", why));
}
