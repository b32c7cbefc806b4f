/*
 * The schema of a database: which it has, which this program has, and the
 * steps between them, which are its driver's.
 */
#include "config.h"

#include "ground/log.h"
#include "ground/schema.h"
#include "store/rows.h"

/* Read the first column of a statement's row into *value. */
static enum store_rc
read_value(struct db *db, enum statement statement, int64_t *value)
{
	struct db_query query = db_query(db, statement);
	enum store_rc rc = db_step(&query);

	if (rc == STORE_OK)
		*value = db_int(&query, 0);
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? rc : rows_as_read(rc));
}

enum store_rc
rows_schema_version(struct db *db, int64_t *version)
{
	enum store_rc rc = read_value(db, SCHEMA_EXISTS, version);

	*version = 0;
	if (rc == STORE_OK)
		rc = read_value(db, SCHEMA_VERSION, version);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rc);
}

int64_t
rows_newest_version(const struct db *db)
{
	const struct schema_step *steps = db_schema(db);
	size_t i = 0;

	while (steps[i + 1].sql != NULL)
		i++;
	return (steps[i].version);
}

/* Run the steps behind that version. */
static enum store_rc
apply_from(struct db *db, int64_t version)
{
	const struct schema_step *step;
	enum store_rc rc = STORE_OK;

	for (step = db_schema(db); rc == STORE_OK && step->sql != NULL; step++)
		if (step->version > version)
			rc = db_exec(db, step->sql);
	return (rc);
}

enum store_rc
rows_apply(struct db *db)
{
	int64_t version = 0;
	enum store_rc rc = rows_schema_version(db, &version);

	return (rc == STORE_OK ? apply_from(db, version) : rc);
}

enum store_rc
rows_apply_all(struct db *db)
{
	int64_t version = 0;
	enum store_rc rc = rows_schema_version(db, &version);

	if (rc == STORE_OK && version != 0) {
		log_error("database %s is one of strongroom already",
		    db_path(db));
		rc = STORE_CONFLICT;
	}
	return (rc == STORE_OK ? apply_from(db, 0) : rc);
}

enum store_rc
rows_check_schema(struct db *db)
{
	int64_t version = 0;
	enum store_rc rc = rows_schema_version(db, &version);

	if (rc != STORE_OK || version == rows_newest_version(db))
		return (rc);
	if (version == ROWS_MOVED_AWAY || version == ROWS_MOVING_IN) {
		log_error("database %s %s: see strongroom move, in "
		    "strongroom(8)", db_path(db), version == ROWS_MOVED_AWAY ?
		    "was moved to a server: let the configuration name that "
		    "one, and restart the service" :
		    "has not all rows yet that are moved to it");
		return (STORE_NEWER);
	}
	if (version > rows_newest_version(db)) {
		log_error("database %s has schema %lld, newer than the %lld of "
		    "this program: install the newer strongroom, and restart "
		    "the service", db_path(db), (long long)version,
		    (long long)rows_newest_version(db));
		return (STORE_NEWER);
	}
	if (version > 0) {
		log_error("database %s has schema %lld, older than the %lld of "
		    "this program: run strongroom migrate", db_path(db),
		    (long long)version, (long long)rows_newest_version(db));
		return (STORE_OLDER);
	}
	log_error("database %s is no database of strongroom: run strongroom "
	    "init for a new one", db_path(db));
	return (STORE_UNAVAILABLE);
}

enum store_rc
store_schema(struct store *store, int *has, int *wants)
{
	int64_t version = 0;
	enum store_rc rc = rows_schema_version(store->db, &version);

	*has = (int)version;
	*wants = (int)rows_newest_version(store->db);
	return (rc);
}
