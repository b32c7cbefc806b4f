#ifndef PGSQL_H
#define PGSQL_H

/*
 * A connection to PostgreSQL: what the files of its driver share, and nobody
 * else includes. Functions do what their namesakes of db.h say.
 *
 * Whatever is sent goes in a pipeline, and its results are waited for with a
 * deadline of ours. A connection that breaks, or does not answer in time, is
 * let go; the next statement or transaction makes a new one.
 */
#include "secrets/digest.h"
#include "store/db_driver.h"
#include "store/pgsql_library.h"

enum {
	PGSQL_STATEMENTS_MAX = 96,
	PGSQL_VALUES_MAX = 20,
	PGSQL_NUMBER_MAX = 20,		/* characters of an int64_t */
	PGSQL_NAME_MAX = 15
};

/* A statement in use, with the values that are bound to it. */
struct pgsql_statement {
	const char *values[PGSQL_VALUES_MAX];
	int lengths[PGSQL_VALUES_MAX];
	int formats[PGSQL_VALUES_MAX];
	char numbers[PGSQL_VALUES_MAX][PGSQL_NUMBER_MAX + 1];
	int count;
	PGresult *result;
	int row;
	char name[PGSQL_NAME_MAX + 1];	/* it is prepared by, or was tried */
	bool is_prepared;		/* on the connection that there is */
	uint64_t prepared_at;		/* the exchange that it was in */
	bool has_cursor;
};

/*
 * What was sent, and is not answered yet, in its order: whose result comes
 * back, is one of pgsql_ahead.c, or is none but that it went well.
 */
enum pgsql_kind { PGSQL_ASKED, PGSQL_AHEAD, PGSQL_PUT_OFF };

struct pgsql_sent {
	enum pgsql_kind kind;
	size_t ahead;			/* its place in that list */
};

/* A question with its values, asked ahead; NULL: no answer yet, or taken. */
struct pgsql_ahead {
	unsigned char digest[DIGEST_LEN];
	PGresult *result;
	bool is_taken;
};

/* Where the servers are, in lists that go together; and who asks. */
struct pgsql_place {
	char *hosts;			/* NULL: as the URL says */
	char *addresses;
	char *ports;
	char *user;			/* by which the system knows us */
};

struct pgsql {
	struct db db;
	const struct pgsql_library *pq;
	char *url;			/* as it is configured */
	PQconninfoOption *options;	/* what it says */
	struct pgsql_place place;
	int wait_ms;			/* for what comes of a statement */
	int patience_ms;		/* with a server that is away */
	PGconn *conn;			/* NULL: none */
	int64_t timeline;		/* of the server that it is to */
	bool is_in_transaction;
	bool is_reading;		/* it is one for cursors alone */
	int cursors;			/* that are open */
	bool is_failed;			/* the transaction cannot commit */
	bool is_late;			/* by what was put off */
	bool is_unsure;			/* whether the last was committed */
	bool is_warned;			/* the server has warned since begin */
	int64_t ahead_us;		/* of our clock, the server's */
	int64_t changes;
	unsigned names;			/* that statements were given */
	uint64_t exchanges;
	struct pgsql_sent *sent;
	size_t sent_count, sent_size;
	size_t sent_bytes;		/* about, of what was put off */
	struct pgsql_ahead *ahead;
	size_t ahead_count, ahead_size;
	struct pgsql_statement statements[PGSQL_STATEMENTS_MAX];
};

/*
 * -- pgsql_ahead.c: what was asked ahead in this transaction
 *
 * Each file uses what stands above it here, and nothing below.
 */

/* Bytes of a value that is bound. */
size_t pgsql_length(const struct pgsql_statement *statement, int i);

/*
 * Note the question that a statement is with its values; false: it is one
 * already, or memory is short. It is the last of the list.
 */
bool pgsql_ahead_add(struct pgsql *db,
    const struct pgsql_statement *statement)
    __attribute__((warn_unused_result));

/*
 * What the statement has found ahead, the caller's to clear; NULL: it was not
 * asked ahead. The second forgets all that was.
 */
PGresult *pgsql_ahead_take(struct pgsql *db,
    const struct pgsql_statement *statement);
void pgsql_ahead_forget(struct pgsql *db);

/* -- pgsql_link.c: what is known of a connection */

struct pgsql *pgsql_of(struct db *db);

/* The value of an option of the URL; NULL: it has none. */
const char *pgsql_option(const struct pgsql *db, const char *keyword);

/* The number in a column of a result, as PostgreSQL sends it. */
int64_t pgsql_number(const struct pgsql *db, const PGresult *result, int row,
    int column);

/* Let go of the connection, and of all that was known of it. */
void pgsql_disconnect(struct pgsql *db);

/* -- pgsql_place.c, pgsql_url.c: where the servers are */

/*
 * Find db->place, of which this process remembers what it has found first. -1:
 * the reason is logged. The second takes an all-zero place, too.
 */
int pgsql_place_find(struct pgsql *db) __attribute__((warn_unused_result));
void pgsql_place_fini(struct pgsql_place *place);

/*
 * Parse the URL, and look up what else a connection takes, while nothing is in
 * the way of that. -1: the reason is logged.
 */
int pgsql_url(struct pgsql *db) __attribute__((warn_unused_result));

/* -- pgsql_exchange.c: what is sent, and what comes back */

/*
 * Queue a statement without values, or one with the values that are bound to
 * it. -1: the connection is broken, or memory is short. One of PGSQL_AHEAD is
 * the last that pgsql_ahead_add has noted.
 */
int pgsql_send(struct pgsql *db, const char *sql)
    __attribute__((warn_unused_result));
int pgsql_send_prepared(struct pgsql *db, struct pgsql_statement *statement,
    enum pgsql_kind kind) __attribute__((warn_unused_result));

/* One more was queued. -1: memory is short, which is logged. */
int pgsql_note_sent(struct pgsql *db, enum pgsql_kind kind)
    __attribute__((warn_unused_result));

/*
 * Send what was queued, and wait for what comes of it. On STORE_OK *result, if
 * it is not NULL, is that of the last PGSQL_ASKED, the caller's to clear. After
 * another result, which is logged as a failure of what, those behind the one
 * that has failed were not run, and a transaction that there is cannot commit.
 */
enum store_rc pgsql_exchange(struct pgsql *db, PGresult **result, int wait_ms,
    const char *what) __attribute__((warn_unused_result));

enum store_rc pgsql_exec(struct db *db, const char *sql)
    __attribute__((warn_unused_result));

/* -- pgsql.c: a connection is made */

/* See that there is a connection, to a server that we write to. */
enum store_rc pgsql_connect(struct pgsql *db)
    __attribute__((warn_unused_result));

/*
 * The same, of a server that may be back soon, or another in its place: it is
 * asked again for so long.
 */
enum store_rc pgsql_await(struct pgsql *db, int timeout_ms)
    __attribute__((warn_unused_result));

/* The server's clock said so, after that moment of ours. */
void pgsql_note_clock(struct pgsql *db, int64_t server_us, int64_t before_us);

/* -- pgsql_transaction.c */

enum store_rc pgsql_begin(struct db *db, int timeout_ms,
    void (*ask)(void *cookie), void *cookie)
    __attribute__((warn_unused_result));
enum store_rc pgsql_commit(struct db *db) __attribute__((warn_unused_result));
void pgsql_rollback(struct db *db);
bool pgsql_has_failed_late(const struct db *db);
bool pgsql_is_unsure(const struct db *db);

/* -- pgsql_query.c */

struct db_query pgsql_query(struct db *db, size_t number);
void pgsql_bind_text(struct db_query *query, const char *text);
void pgsql_bind_blob(struct db_query *query, const void *blob, size_t len);
void pgsql_bind_int(struct db_query *query, int64_t n);
enum store_rc pgsql_step(struct db_query *query)
    __attribute__((warn_unused_result));
const char *pgsql_text(struct db_query *query, int column);
const void *pgsql_blob(struct db_query *query, int column, size_t *len);
int64_t pgsql_int(struct db_query *query, int column);
size_t pgsql_size(struct db_query *query, int column);
void pgsql_done(struct db_query *query);

/* -- pgsql_later.c: what is not waited for */

void pgsql_ahead(struct db_query *query);
enum store_rc pgsql_put_off(struct db_query *query)
    __attribute__((warn_unused_result));

#endif
