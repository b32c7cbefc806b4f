/*
 * SQLite as a driver: the table of what it does.
 */
#include "config.h"

#include <unistd.h>

#include "ground/ident.h"
#include "store/sqlite.h"
#include "store/sqlite_copy.h"

static struct sqlite *
of(struct db *db)
{
	return ((void *)db);
}

static const struct sqlite *
const_of(const struct db *db)
{
	return ((const void *)db);
}

static enum store_rc
make(const struct store_conf *conf)
{
	return (dbfile_make(conf->path));
}

static void
unmake(const struct store_conf *conf)
{
	(void)unlink(conf->path);
}

static enum store_rc
open_it(struct db **to, const struct store_conf *conf, enum store_mode mode,
    const struct db_sql *sql)
{
	struct sqlite *db;
	enum store_rc rc = sqlite_open(&db, conf, mode);

	if (rc == STORE_OK) {
		db->db = (struct db){ &sqlite_driver, sql->sqlite };
		*to = &db->db;
	}
	return (rc);
}

static void
close_it(struct db *db)
{
	sqlite_close(of(db));
}

static const char *
path(const struct db *db)
{
	return (const_of(db)->file.path);
}

/* There is one machine, and it has one clock. */
static int64_t
now_us(struct db *db)
{
	(void)db;
	return (ident_now_us());
}

static enum store_rc
exec(struct db *db, const char *sql)
{
	return (sqlite_exec(of(db), sql));
}

/* A file is no trip away: each thing is asked when it is needed. */
static enum store_rc
begin(struct db *db, int timeout_ms, void (*ask)(void *cookie), void *cookie)
{
	(void)ask;
	(void)cookie;
	return (sqlite_begin(of(db), timeout_ms));
}

static enum store_rc
commit(struct db *db)
{
	return (sqlite_commit(of(db)));
}

static void
rollback(struct db *db)
{
	sqlite_rollback(of(db));
}

static bool
never(const struct db *db)
{
	(void)db;
	return (false);
}

static enum store_rc
put_off(struct db_query *query)
{
	enum store_rc rc = sqlite_step(query);

	sqlite_done(query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rc);
}

static int64_t
changes(struct db *db)
{
	return (sqlite3_changes64(of(db)->handle));
}

static bool
is_in_place(struct db *db)
{
	return (sqlite_is_in_place(of(db)));
}

static bool
is_whole(struct db *db)
{
	return (sqlite_is_whole(of(db)));
}

static bool
is_same(const struct db *one, const struct db *other)
{
	return (dbfile_is_same(&const_of(one)->file, &const_of(other)->file));
}

static bool
stamp(struct db *db, struct store_stamp *to)
{
	return (sqlite_stamp(of(db), to));
}

static size_t
log_size(const struct db *db)
{
	return (sqlite_log_size(const_of(db)));
}

static void
checkpoint(struct db *db, size_t log_bytes, enum store_log after)
{
	sqlite_checkpoint(of(db), log_bytes, after);
}

static enum store_rc
copy(struct db *db, const char *to)
{
	return (sqlite_copy(of(db), to));
}

static enum store_rc
copy_open(struct db *db, int *fd)
{
	return (sqlite_copy_open(of(db), fd));
}

const struct db_driver sqlite_driver = {
	.prefix = "",
	.schema = schema_sqlite,
	.make = make,
	.unmake = unmake,
	.open = open_it,
	.close = close_it,
	.path = path,
	.now_us = now_us,
	.exec = exec,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.has_failed_late = never,
	.is_unsure = never,
	.query = sqlite_query,
	.bind_text = sqlite_bind_text,
	.bind_blob = sqlite_bind_blob,
	.bind_int = sqlite_bind_int,
	.step = sqlite_step,
	.ahead = sqlite_done,
	.put_off = put_off,
	.text = sqlite_text,
	.blob = sqlite_blob,
	.integer = sqlite_int,
	.size = sqlite_size,
	.done = sqlite_done,
	.changes = changes,
	.is_in_place = is_in_place,
	.is_whole = is_whole,
	.is_same = is_same,
	.stamp = stamp,
	.stamp_is_next = sqlite_stamp_is_next,
	.log_size = log_size,
	.checkpoint = checkpoint,
	.copy = copy,
	.copy_open = copy_open
};
