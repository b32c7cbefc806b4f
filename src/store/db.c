/*
 * Connections to databases: picks the driver, and hands every call on to it.
 */
#include "config.h"

#include <string.h>

#include "store/db_driver.h"

static const struct db_driver *
driver_of(const struct store_conf *conf)
{
	const char *prefix = pgsql_driver.prefix;

	return (strncmp(conf->path, prefix, strlen(prefix)) == 0 ?
	    &pgsql_driver : &sqlite_driver);
}

enum store_rc
db_make(const struct store_conf *conf)
{
	return (driver_of(conf)->make(conf));
}

void
db_unmake(const struct store_conf *conf)
{
	driver_of(conf)->unmake(conf);
}

enum store_rc
db_open(struct db **db, const struct store_conf *conf, enum store_mode mode,
    const struct db_sql *sql)
{
	return (driver_of(conf)->open(db, conf, mode, sql));
}

void
db_close(struct db *db)
{
	if (db != NULL)
		db->driver->close(db);
}

const struct schema_step *
db_schema(const struct db *db)
{
	return (db->driver->schema);
}

bool
db_is_same(const struct db *one, const struct db *other)
{
	return (one->driver == other->driver &&
	    one->driver->is_same(one, other));
}

bool
db_stamp_is_next(const struct db *db, const struct store_stamp *before,
    const struct store_stamp *after)
{
	return (db->driver->stamp_is_next(before, after));
}

/* HAND_ON(what comes back, name, (parameters), (arguments), who has it) */
#define HAND_ON(type, name, parameters, arguments, db) \
	type \
	db_##name parameters \
	{ \
		return (db->driver->name arguments); \
	}
#define HAND_ON_PROC(name, parameters, arguments, db) \
	void \
	db_##name parameters \
	{ \
		db->driver->name arguments; \
	}

HAND_ON(const char *, path, (const struct db *db), (db), db)
HAND_ON(int64_t, now_us, (struct db *db), (db), db)
HAND_ON(enum store_rc, exec, (struct db *db, const char *sql), (db, sql), db)

HAND_ON(enum store_rc, begin, (struct db *db, int timeout_ms,
    void (*ask)(void *cookie), void *cookie), (db, timeout_ms, ask, cookie),
    db)
HAND_ON(enum store_rc, commit, (struct db *db), (db), db)
HAND_ON_PROC(rollback, (struct db *db), (db), db)
HAND_ON(bool, has_failed_late, (const struct db *db), (db), db)
HAND_ON(bool, is_unsure, (const struct db *db), (db), db)

HAND_ON(struct db_query, query, (struct db *db, size_t number), (db, number),
    db)
HAND_ON_PROC(bind_text, (struct db_query *query, const char *text),
    (query, text), query->db)
HAND_ON_PROC(bind_blob, (struct db_query *query, const void *blob,
    size_t len), (query, blob, len), query->db)
HAND_ON_PROC(bind_int, (struct db_query *query, int64_t n), (query, n),
    query->db)
HAND_ON(enum store_rc, step, (struct db_query *query), (query), query->db)
HAND_ON_PROC(ahead, (struct db_query *query), (query), query->db)
HAND_ON(enum store_rc, put_off, (struct db_query *query), (query), query->db)
HAND_ON(const char *, text, (struct db_query *query, int column),
    (query, column), query->db)
HAND_ON(const void *, blob, (struct db_query *query, int column,
    size_t *len), (query, column, len), query->db)
HAND_ON(size_t, size, (struct db_query *query, int column), (query, column),
    query->db)
HAND_ON_PROC(done, (struct db_query *query), (query), query->db)
HAND_ON(int64_t, changes, (struct db *db), (db), db)

int64_t
db_int(struct db_query *query, int column)
{
	return (query->db->driver->integer(query, column));
}

HAND_ON(bool, is_in_place, (struct db *db), (db), db)
HAND_ON(bool, is_whole, (struct db *db), (db), db)
HAND_ON(bool, stamp, (struct db *db, struct store_stamp *stamp), (db, stamp),
    db)
HAND_ON(size_t, log_size, (const struct db *db), (db), db)
HAND_ON_PROC(checkpoint, (struct db *db, size_t log_bytes,
    enum store_log after), (db, log_bytes, after), db)
HAND_ON(enum store_rc, copy, (struct db *db, const char *path), (db, path),
    db)
HAND_ON(enum store_rc, copy_open, (struct db *db, int *fd), (db, fd), db)
