/*
 * PostgreSQL as a driver: the table of what it does. What is done for files,
 * and copies of them, the server does for itself.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ground/ident.h"
#include "ground/log.h"
#include "store/pgsql.h"

enum { WAIT_MS = 1000 };	/* beyond busy_timeout_ms */

/* Whether it has a schema is seen in the transaction that makes one. */
static enum store_rc
make(const struct store_conf *conf)
{
	(void)conf;
	return (STORE_OK);
}

/* What there was to make went with the transaction. */
static void
unmake(const struct store_conf *conf)
{
	(void)conf;
}

static void
close_it(struct db *base)
{
	struct pgsql *db = pgsql_of(base);

	pgsql_disconnect(db);
	db->pq->conninfoFree(db->options);
	pgsql_place_fini(&db->place);
	free(db->sent);
	free(db->ahead);
	free(db->url);
	free(db);
}

static enum store_rc
open_it(struct db **to, const struct store_conf *conf, enum store_mode mode,
    const struct db_sql *sql)
{
	const struct pgsql_library *pq = pgsql_library();
	struct pgsql *db;

	(void)mode;
	if (pq == NULL)
		return (STORE_UNAVAILABLE);
	db = calloc(1, sizeof *db);
	if (db == NULL || (db->url = strdup(conf->path)) == NULL) {
		log_error("out of memory for a connection to PostgreSQL");
		free(db);
		return (STORE_UNAVAILABLE);
	}
	db->db = (struct db){ &pgsql_driver, sql->pgsql };
	db->pq = pq;
	db->wait_ms = conf->busy_timeout_ms + WAIT_MS;
	db->patience_ms = conf->busy_timeout_ms;
	if (pgsql_url(db) == -1 || pgsql_connect(db) != STORE_OK) {
		close_it(&db->db);
		return (STORE_UNAVAILABLE);
	}
	*to = &db->db;
	return (STORE_OK);
}

static const char *
path(const struct db *db)
{
	return (((const struct pgsql *)(const void *)db)->url);
}

/* The clock of the server, as it was at the last transaction. */
static int64_t
now_us(struct db *db)
{
	return (ident_now_us() + pgsql_of(db)->ahead_us);
}

static int64_t
changes(struct db *db)
{
	return (pgsql_of(db)->changes);
}

/* There are no files that could be taken away. */
static bool
is_in_place(struct db *db)
{
	(void)db;
	return (true);
}

/* Whether it answers now: nobody waits who asks that. */
static bool
is_whole(struct db *base)
{
	struct pgsql *db = pgsql_of(base);
	enum store_rc rc = STORE_UNAVAILABLE;
	int tries;

	for (tries = 0; tries < 2 && rc != STORE_OK; tries++)
		if ((rc = pgsql_connect(db)) == STORE_OK)
			rc = pgsql_send(db, "SELECT") == -1 ?
			    STORE_UNAVAILABLE : pgsql_exchange(db, NULL,
			    db->wait_ms, "ping");
	return (rc == STORE_OK);
}

static bool
is_same(const struct db *one, const struct db *other)
{
	return (strcmp(path(one), path(other)) == 0);
}

/* Nothing tells of another machine's commits but to ask. */
static bool
stamp(struct db *db, struct store_stamp *to)
{
	(void)db;
	(void)to;
	return (false);
}

static bool
stamp_is_next(const struct store_stamp *before,
    const struct store_stamp *after)
{
	(void)before;
	(void)after;
	return (false);
}

static size_t
log_size(const struct db *db)
{
	(void)db;
	return (0);
}

static void
checkpoint(struct db *db, size_t log_bytes, enum store_log after)
{
	(void)db;
	(void)log_bytes;
	(void)after;
}

static void
credentials(const struct db *db, const char *files[STORE_CREDENTIALS_MAX + 1])
{
	static const char *const keywords[STORE_CREDENTIALS_MAX] = {
	    "passfile", "sslcert", "sslcrl", "sslkey", "sslrootcert" };
	size_t i, count = 0;

	for (i = 0; i < STORE_CREDENTIALS_MAX; i++) {
		files[count] = pgsql_option((const void *)db, keywords[i]);
		count += files[count] != NULL;
	}
	files[count] = NULL;
}

static enum store_rc
refuse_copy(struct db *db)
{
	log_error("database %s: a copy of it is made by pg_basebackup or "
	    "pg_dump; strongroom export works on any database", path(db));
	return (STORE_UNAVAILABLE);
}

static enum store_rc
copy(struct db *db, const char *to)
{
	(void)to;
	return (refuse_copy(db));
}

static enum store_rc
copy_open(struct db *db, int *fd)
{
	*fd = -1;
	return (refuse_copy(db));
}

const struct db_driver pgsql_driver = {
	.prefix = "postgresql://",
	.schema = schema_pgsql,
	.make = make,
	.unmake = unmake,
	.open = open_it,
	.close = close_it,
	.path = path,
	.now_us = now_us,
	.exec = pgsql_exec,
	.begin = pgsql_begin,
	.commit = pgsql_commit,
	.rollback = pgsql_rollback,
	.has_failed_late = pgsql_has_failed_late,
	.is_unsure = pgsql_is_unsure,
	.query = pgsql_query,
	.bind_text = pgsql_bind_text,
	.bind_blob = pgsql_bind_blob,
	.bind_int = pgsql_bind_int,
	.step = pgsql_step,
	.ahead = pgsql_ahead,
	.put_off = pgsql_put_off,
	.text = pgsql_text,
	.blob = pgsql_blob,
	.integer = pgsql_int,
	.size = pgsql_size,
	.done = pgsql_done,
	.changes = changes,
	.is_in_place = is_in_place,
	.is_whole = is_whole,
	.is_same = is_same,
	.stamp = stamp,
	.stamp_is_next = stamp_is_next,
	.log_size = log_size,
	.checkpoint = checkpoint,
	.credentials = credentials,
	.copy = copy,
	.copy_open = copy_open
};
