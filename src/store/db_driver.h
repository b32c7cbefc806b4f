#ifndef DB_DRIVER_H
#define DB_DRIVER_H

#include "ground/schema.h"
#include "store/db.h"
#include "store/store_upkeep.h"

/*
 * How a kind of database is spoken to. Each member does what its namesake of
 * db.h or store_upkeep.h says, for databases whose configured name begins with
 * prefix.
 */
struct db_driver {
	const char *prefix;
	const struct schema_step *schema;

	enum store_rc (*make)(const struct store_conf *conf);
	void (*unmake)(const struct store_conf *conf);
	/* db.sql is set when it is open. */
	enum store_rc (*open)(struct db **db, const struct store_conf *conf,
	    enum store_mode mode, const struct db_sql *sql);
	void (*close)(struct db *db);
	const char *(*path)(const struct db *db);
	int64_t (*now_us)(struct db *db);
	enum store_rc (*exec)(struct db *db, const char *sql);

	enum store_rc (*begin)(struct db *db, int timeout_ms,
	    void (*ask)(void *cookie), void *cookie);
	enum store_rc (*commit)(struct db *db);
	void (*rollback)(struct db *db);
	bool (*has_failed_late)(const struct db *db);
	bool (*is_unsure)(const struct db *db);

	struct db_query (*query)(struct db *db, size_t number);
	void (*bind_text)(struct db_query *query, const char *text);
	void (*bind_blob)(struct db_query *query, const void *blob,
	    size_t len);
	void (*bind_int)(struct db_query *query, int64_t n);
	enum store_rc (*step)(struct db_query *query);
	void (*ahead)(struct db_query *query);
	enum store_rc (*put_off)(struct db_query *query);
	const char *(*text)(struct db_query *query, int column);
	const void *(*blob)(struct db_query *query, int column, size_t *len);
	int64_t (*integer)(struct db_query *query, int column);
	size_t (*size)(struct db_query *query, int column);
	void (*done)(struct db_query *query);
	int64_t (*changes)(struct db *db);

	bool (*is_in_place)(struct db *db);
	bool (*is_whole)(struct db *db);
	bool (*is_same)(const struct db *one, const struct db *other);
	bool (*stamp)(struct db *db, struct store_stamp *stamp);
	bool (*stamp_is_next)(const struct store_stamp *before,
	    const struct store_stamp *after);
	size_t (*log_size)(const struct db *db);
	void (*checkpoint)(struct db *db, size_t log_bytes,
	    enum store_log after);
	/* NULL: it has none. */
	void (*credentials)(const struct db *db,
	    const char *files[STORE_CREDENTIALS_MAX + 1]);
	enum store_rc (*copy)(struct db *db, const char *path);
	enum store_rc (*copy_open)(struct db *db, int *fd);
};

/* A driver's own structure begins with this. */
struct db {
	const struct db_driver *driver;
	const char *const *sql;
};

extern const struct db_driver sqlite_driver;
extern const struct db_driver pgsql_driver;

#endif
