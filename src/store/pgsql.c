/*
 * Connections to PostgreSQL: who is connected to, what is asked of a server
 * before anything is trusted to it. Knows no table.
 */
#include "config.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ground/ident.h"
#include "ground/log.h"
#include "store/pgsql.h"

enum { OPTIONS_MAX = 64, PAUSE_MIN_MS = 50, PAUSE_MAX_MS = 800 };

/*
 * What is so unless the URL says otherwise. A server that has become a standby
 * is passed over, and one that does not answer holds up nobody for long.
 */
static const struct {
	const char *keyword;
	const char *value;
} defaults[] = {
	{ "application_name", "strongroom" }, { "client_encoding", "UTF8" },
	{ "connect_timeout", "3" }, { "gssencmode", "disable" },
	{ "target_session_attrs", "read-write" },
	{ "tcp_user_timeout", "5000" }
};

struct parameters {
	const char *keywords[OPTIONS_MAX + 1];
	const char *values[OPTIONS_MAX + 1];
	size_t count;
};

static void
add(struct parameters *parameters, const char *keyword, const char *value)
{
	if (value == NULL || parameters->count == OPTIONS_MAX)
		return;
	parameters->keywords[parameters->count] = keyword;
	parameters->values[parameters->count++] = value;
}

/* The last of a keyword is the one that counts. */
static PGconn *
open_connection(const struct pgsql *db)
{
	struct parameters parameters = { .count = 0 };
	const PQconninfoOption *option;
	PGconn *conn;
	size_t i;

	for (i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
		add(&parameters, defaults[i].keyword, defaults[i].value);
	add(&parameters, "user", db->place.user);
	for (option = db->options; option->keyword != NULL; option++)
		add(&parameters, option->keyword, option->val);
	add(&parameters, "host", db->place.hosts);
	add(&parameters, "hostaddr", db->place.addresses);
	add(&parameters, "port", db->place.ports);
	conn = db->pq->connectdbParams(parameters.keywords, parameters.values,
	    0);
	if (conn == NULL)
		log_error("out of memory for a connection to PostgreSQL");
	return (conn);
}

/* Of several lines of libpq's one is made. */
static void
complain_of_connection(const struct pgsql *db, const PGconn *conn)
{
	char message[512], *p;

	snprintf(message, sizeof message, "%s", db->pq->errorMessage(conn));
	for (p = message; *p != '\0'; p++)
		if (*p == '\n')
			*p = p[1] == '\0' ? '\0' : ' ';
	log_error("database %s cannot be reached: %s", db->url, message);
}

/*
 * A server whose commits are lost with its power is none for us; of a
 * synchronous_commit that waits for more than the disk nothing is taken away.
 */
static const char question[] =
    "SELECT current_setting('fsync') = 'on' "
    "AND current_setting('full_page_writes') = 'on', "
    "current_setting('server_encoding') = 'UTF8', pg_is_in_recovery(), "
    "('x' || CASE WHEN pg_is_in_recovery() THEN '0' ELSE "
    "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END)::bit(32)"
    "::bigint, "
    "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint, "
    "set_config('synchronous_commit', "
    "CASE current_setting('synchronous_commit') WHEN 'remote_apply' "
    "THEN 'remote_apply' ELSE 'on' END, false), "
    "set_config('statement_timeout', '10s', false), "
    "set_config('idle_in_transaction_session_timeout', '10s', false), "
    "set_config('client_connection_check_interval', '5s', false)";

enum { IS_DURABLE, IS_UTF8, IS_STANDBY, TIMELINE, NOW };

/*
 * A server that was promoted has a higher timeline than the one it has taken
 * the place of. Should that one go on, or come back and be reached first, what
 * is read there is out of date, and what is written lost: once a connection of
 * this process has seen the higher one, it is used by none.
 */
static atomic_int_least64_t highest_timeline;

static void
note_timeline(struct pgsql *db, int64_t timeline)
{
	int64_t seen = atomic_load(&highest_timeline);

	db->timeline = timeline;
	while (timeline > seen && !atomic_compare_exchange_weak(
	    &highest_timeline, &seen, timeline))
		;
}

static bool
is_current(const struct pgsql *db)
{
	return (db->timeline >= atomic_load(&highest_timeline));
}

/* Whether the server that has answered the question is one for us. */
static bool
is_good(struct pgsql *db, const PGresult *answer)
{
	const char *reason = NULL;

	note_timeline(db, pgsql_number(db, answer, 0, TIMELINE));
	if (pgsql_number(db, answer, 0, IS_STANDBY) != 0)
		reason = "the server is a standby";
	else if (pgsql_number(db, answer, 0, IS_DURABLE) == 0)
		reason = "fsync or full_page_writes is off, so that commits "
		    "are lost with the power: turn both on";
	else if (pgsql_number(db, answer, 0, IS_UTF8) == 0)
		reason = "its encoding is not UTF8: make it by createdb "
		    "--encoding=UTF8 --template=template0";
	else if (!is_current(db))
		reason = "the server was replaced by another one, and has come "
		    "back: make it a standby of that one";
	if (reason == NULL)
		return (true);
	log_error("database %s is not used: %s", db->url, reason);
	return (false);
}

/*
 * What is known is that the server's moment lies between two of ours: how far
 * its clock is ahead stays what it is as long as that can be.
 */
void
pgsql_note_clock(struct pgsql *db, int64_t server_us, int64_t before_us)
{
	int64_t least_us = server_us - ident_now_us();
	int64_t most_us = server_us - before_us;

	if (db->ahead_us < least_us)
		db->ahead_us = least_us;
	if (db->ahead_us > most_us)
		db->ahead_us = most_us;
}

static enum store_rc
settle(struct pgsql *db)
{
	int64_t before_us = ident_now_us();
	PGresult *answer = NULL;
	bool is_one_for_us;
	enum store_rc rc;

	if (pgsql_send(db, question) == -1)
		return (STORE_UNAVAILABLE);
	rc = pgsql_exchange(db, &answer, db->wait_ms, "connect");
	if (rc != STORE_OK)
		return (rc);
	is_one_for_us = is_good(db, answer);
	pgsql_note_clock(db, pgsql_number(db, answer, 0, NOW), before_us);
	db->pq->clear(answer);
	return (is_one_for_us ? STORE_OK : STORE_UNAVAILABLE);
}

/*
 * A commit that waits for its standby, and is told to end, says success and
 * warns (PostgreSQL's manual, 20.6.2, synchronous_standby_names).
 */
static void
on_notice(void *cookie, const PGresult *notice)
{
	struct pgsql *db = cookie;
	const char *severity = db->pq->resultErrorField(notice,
	    PG_DIAG_SEVERITY_NONLOCALIZED);

	db->is_warned |= severity != NULL && strcmp(severity, "WARNING") == 0;
}

/*
 * One that could not be reached is not asked again at once, by whatever
 * connection of this process: the pause is longer each time, up to a second.
 */
static atomic_int_least64_t next_try_ms;
static atomic_int pause_ms;

static void
note_try(bool has_failed)
{
	int pause = atomic_load(&pause_ms);

	if (!has_failed)
		pause = 0;
	else if (pause == 0)
		pause = PAUSE_MIN_MS;
	else if (pause < PAUSE_MAX_MS)
		pause *= 2;
	atomic_store(&pause_ms, pause);
	atomic_store(&next_try_ms, has_failed ?
	    ident_monotonic_ms() + pause : 0);
}

static int64_t
pause_left_ms(void)
{
	int64_t left_ms = atomic_load(&next_try_ms) - ident_monotonic_ms();

	return (left_ms > 0 ? left_ms : 0);
}

/* The connection is there: see what it is to. */
static enum store_rc
greet(struct pgsql *db)
{
	enum store_rc rc = STORE_UNAVAILABLE;

	/* What it says of an error could have values in it. */
	(void)db->pq->setErrorVerbosity(db->conn, PQERRORS_SQLSTATE);
	(void)db->pq->setNoticeReceiver(db->conn, on_notice, db);
	if (db->pq->setnonblocking(db->conn, 1) == 0 &&
	    db->pq->enterPipelineMode(db->conn) == 1)
		rc = settle(db);
	if (rc != STORE_OK)
		pgsql_disconnect(db);
	return (rc == STORE_OK ? rc : STORE_UNAVAILABLE);
}

/* A connection to a server that another one has taken the place of is none. */
static void
leave_former(struct pgsql *db)
{
	if (db->conn == NULL || is_current(db) || db->is_in_transaction)
		return;
	log_warning("database %s: the server was replaced by another one, so "
	    "this connection is made anew", db->url);
	pgsql_disconnect(db);
}

enum store_rc
pgsql_connect(struct pgsql *db)
{
	enum store_rc rc = STORE_UNAVAILABLE;

	leave_former(db);
	if (db->conn != NULL)
		return (STORE_OK);
	if (pause_left_ms() > 0)
		return (STORE_UNAVAILABLE);
	db->conn = open_connection(db);
	if (db->conn != NULL && db->pq->status(db->conn) == CONNECTION_OK) {
		rc = greet(db);
	} else if (db->conn != NULL) {
		complain_of_connection(db, db->conn);
		pgsql_disconnect(db);
	}
	note_try(rc != STORE_OK);
	return (rc);
}

enum store_rc
pgsql_await(struct pgsql *db, int timeout_ms)
{
	int64_t until_ms = ident_monotonic_ms() + timeout_ms, left_ms, pause;
	enum store_rc rc;

	while ((rc = pgsql_connect(db)) != STORE_OK) {
		left_ms = until_ms - ident_monotonic_ms();
		if (left_ms <= 0)
			break;
		pause = pause_left_ms();
		(void)poll(NULL, 0, (int)(pause < left_ms ? pause : left_ms));
	}
	return (rc);
}
