/*
 * Transactions in PostgreSQL. One advisory lock is held by each that changes
 * something, in every process on every machine: so what is found is true until
 * the commit, as it is in SQLite, and rows that are chained have one order.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "ground/ident.h"
#include "ground/log.h"
#include "store/pgsql.h"

enum {
	BEGIN_MS = 5000,		/* beyond the wait for the lock */
	COMMIT_MS = 5000,
	COMMANDS_MAX = 64
};

/* Any number will do that nobody else takes: the letters of "strongrm". */
#define LOCK "pg_advisory_xact_lock(8319400234579358317)"

/* All in one trip; the moment is read when the lock is there. */
static enum store_rc
take_lock(struct pgsql *db, int timeout_ms, void (*ask)(void *cookie),
    void *cookie)
{
	int64_t before_us = ident_now_us();
	char limit[COMMANDS_MAX];
	PGresult *answer = NULL;
	enum store_rc rc;

	snprintf(limit, sizeof limit, "SET LOCAL lock_timeout = %d",
	    timeout_ms > 0 ? timeout_ms : 1);
	if (pgsql_send(db, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
	    == -1 || pgsql_send(db, limit) == -1 ||
	    pgsql_send(db, "SELECT " LOCK) == -1 || pgsql_send(db,
	    "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)"
	    "::bigint") == -1)
		return (STORE_UNAVAILABLE);
	if (ask != NULL)
		ask(cookie);
	rc = pgsql_exchange(db, &answer, timeout_ms + BEGIN_MS, "begin");
	if (rc == STORE_OK)
		pgsql_note_clock(db, pgsql_number(db, answer, 0, 0),
		    before_us);
	db->pq->clear(answer);
	return (rc);
}

/*
 * A server that is away may be back soon, or another in its place: nothing is
 * done yet, so it is as good to ask again as for a lock that is not had.
 */
enum store_rc
pgsql_begin(struct db *base, int timeout_ms, void (*ask)(void *cookie),
    void *cookie)
{
	struct pgsql *db = pgsql_of(base);
	enum store_rc rc;

	if (pgsql_await(db, timeout_ms) != STORE_OK)
		return (STORE_BUSY);
	db->is_in_transaction = true;
	db->is_reading = false;
	db->is_failed = false;
	db->is_warned = false;
	db->is_late = false;
	db->is_unsure = false;
	pgsql_ahead_forget(db);
	db->ahead_count = 0;
	rc = take_lock(db, timeout_ms, ask, cookie);
	if (rc == STORE_OK)
		return (STORE_OK);
	pgsql_rollback(base);
	return (rc == STORE_UNAVAILABLE && db->conn == NULL ? STORE_BUSY : rc);
}

/*
 * PostgreSQL answers the COMMIT of a transaction that has failed by ROLLBACK,
 * and calls that no error. One that has warned may be on this disk alone.
 */
static enum store_rc
judge(struct pgsql *db, PGresult *answer)
{
	if (strcmp(db->pq->cmdStatus(answer), "COMMIT") != 0) {
		log_error("database %s: commit: the server has rolled back",
		    db->url);
		return (STORE_WRITE_FAILED);
	}
	if (db->is_warned) {
		log_error("database %s: commit: the server has warned, so the "
		    "commit may not be on its standby: see the server's log",
		    db->url);
		db->is_unsure = true;
		return (STORE_WRITE_FAILED);
	}
	return (STORE_OK);
}

enum store_rc
pgsql_commit(struct db *base)
{
	struct pgsql *db = pgsql_of(base);
	enum store_rc rc = STORE_WRITE_FAILED;
	PGresult *answer = NULL;
	bool is_late;

	if (db->is_failed) {
		pgsql_rollback(base);
		return (STORE_WRITE_FAILED);
	}
	if (pgsql_send(db, "COMMIT") == 0)
		rc = pgsql_exchange(db, &answer, COMMIT_MS, "commit");
	if (rc == STORE_OK) {
		rc = judge(db, answer);
	} else {
		is_late = db->is_late;
		db->is_unsure = db->conn == NULL;
		pgsql_rollback(base);
		db->is_late = is_late;
		if (rc != STORE_FULL)
			rc = STORE_WRITE_FAILED;
	}
	db->pq->clear(answer);
	db->is_in_transaction = false;
	return (rc);
}

bool
pgsql_has_failed_late(const struct db *base)
{
	return (((const struct pgsql *)(const void *)base)->is_late);
}

bool
pgsql_is_unsure(const struct db *base)
{
	return (((const struct pgsql *)(const void *)base)->is_unsure);
}

void
pgsql_rollback(struct db *base)
{
	struct pgsql *db = pgsql_of(base);

	/* Behind what fails, nothing is run, be it a ROLLBACK. */
	if (db->sent_count > 0 && pgsql_exchange(db, NULL, BEGIN_MS,
	    "rollback") != STORE_OK)
		db->is_failed = true;
	/* Where even that fails, the connection is let go, and all with it. */
	if (db->conn != NULL && (pgsql_send(db, "ROLLBACK") == -1 ||
	    pgsql_exchange(db, NULL, BEGIN_MS, "rollback") != STORE_OK))
		pgsql_disconnect(db);
	db->is_in_transaction = false;
	db->is_failed = false;
	db->cursors = 0;
	pgsql_ahead_forget(db);
}
