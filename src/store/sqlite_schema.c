/*
 * The schema of a database: which it has, which this program has, and the
 * steps between them, which schema/sqlite holds.
 */
#include "config.h"

#include "ground/log.h"
#include "ground/schema.h"
#include "store/sqlite.h"

static enum store_rc
schema_version(struct db *db, int64_t *version)
{
	struct db_query query = db_query(db, SCHEMA_VERSION);
	enum store_rc rc = db_step(&query);

	if (rc == STORE_OK)
		*version = db_int(&query, 0);
	db_done(&query);
	return (sqlite_as_read(rc));
}

static int64_t
newest_version(void)
{
	size_t i = 0;

	while (schema_sqlite[i + 1].sql != NULL)
		i++;
	return (schema_sqlite[i].version);
}

enum store_rc
sqlite_apply(struct db *db)
{
	int64_t version = 0;
	enum store_rc rc = schema_version(db, &version);
	size_t i;

	for (i = 0; rc == STORE_OK && schema_sqlite[i].sql != NULL; i++)
		if (schema_sqlite[i].version > version)
			rc = db_exec(db, schema_sqlite[i].sql);
	return (rc);
}

enum store_rc
sqlite_check_schema(struct db *db)
{
	int64_t version = 0;
	enum store_rc rc = schema_version(db, &version);

	if (rc != STORE_OK || version == newest_version())
		return (rc);
	if (version > newest_version()) {
		log_error("database %s has schema %lld, newer than the %lld of "
		    "this program: install the newer strongroom, and restart "
		    "the service", db_path(db), (long long)version,
		    (long long)newest_version());
		return (STORE_NEWER);
	}
	if (version > 0) {
		log_error("database %s has schema %lld, older than the %lld of "
		    "this program: run strongroom migrate", db_path(db),
		    (long long)version, (long long)newest_version());
		return (STORE_OLDER);
	}
	log_error("database %s is no database of strongroom: run strongroom "
	    "init for a new one", db_path(db));
	return (STORE_UNAVAILABLE);
}

enum store_rc
sqlite_store_schema(struct store *store, int *has, int *wants)
{
	int64_t version = 0;
	enum store_rc rc = schema_version(sqlite_db(store), &version);

	*has = (int)version;
	*wants = (int)newest_version();
	return (rc);
}
