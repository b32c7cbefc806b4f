/*
 * A database in SQLite as files: where they are, marks of its state, the
 * write-ahead log, copies, its own check. Knows no table.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ground/log.h"
#include "store/db_copy.h"
#include "store/dbfile.h"
#include "store/lockfile.h"
#include "store/sqlite.h"

int
sqlite_library_version(void)
{
	return (db_library_version());
}

int
sqlite_files(const struct store_conf *conf,
    int (*each)(void *, const char *), void *cookie)
{
	char *path = realpath(conf->path, NULL);
	int rc = path == NULL ? -1 : dbfile_each(path, each, cookie);

	free(path);
	return (rc);
}

bool
sqlite_is_on_network(const struct store_conf *conf)
{
	struct dbfile file;
	bool is_so;

	if (dbfile_find(&file, conf->path) == -1)
		return (false);
	is_so = dbfile_is_on_network(&file);
	dbfile_fini(&file);
	return (is_so);
}

bool
sqlite_is_free(const char *path)
{
	return (dbfile_is_free(path));
}

bool
sqlite_store_is_same(const struct store *store, const struct store *other)
{
	return (store->ops == other->ops &&
	    db_is_same(sqlite_const_of(store)->db, sqlite_const_of(other)->db));
}

bool
sqlite_store_is_in_place(struct store *store)
{
	return (db_is_in_place(sqlite_db(store)));
}

bool
sqlite_store_stamp(struct store *store, struct store_stamp *stamp)
{
	return (db_stamp(sqlite_db(store), stamp));
}

bool
sqlite_store_stamp_is_next(const struct store *store,
    const struct store_stamp *before, const struct store_stamp *after)
{
	(void)store;
	return (db_stamp_is_next(before, after));
}

size_t
sqlite_store_log_size(const struct store *store)
{
	return (db_log_size(sqlite_const_of(store)->db));
}

void
sqlite_store_checkpoint(struct store *store, size_t log_bytes,
    enum store_log after)
{
	db_checkpoint(sqlite_db(store), log_bytes, after);
}

enum store_rc
sqlite_store_backup(struct store *store, const char *path)
{
	return (db_copy(sqlite_db(store), path));
}

enum store_rc
sqlite_store_backup_open(struct store *store, int *fd)
{
	return (db_copy_open(sqlite_db(store), fd));
}

enum store_rc
sqlite_store_restore(struct store *store, const char *path, int timeout_ms)
{
	struct lockfile *lock = lockfile_open(path);
	enum store_rc rc;

	if (lock == NULL)
		return (STORE_WRITE_FAILED);
	rc = lockfile_take(lock, timeout_ms);
	if (rc == STORE_BUSY)
		log_error("another process works on %s: stop the service "
		    "first", path);
	if (rc == STORE_OK)
		rc = dbfile_is_free(path) ?
		    sqlite_store_backup(store, path) : STORE_CONFLICT;
	lockfile_close(lock);
	return (rc);
}

/* Append what the row says, if it is a complaint. */
static enum store_rc
add_complaint(struct db_query *query, struct arena *arena,
    struct store_complaint ***last)
{
	const char *said = db_text(query, 0);
	struct store_complaint *complaint;

	if (said != NULL && strcmp(said, "ok") == 0)
		return (STORE_OK);
	complaint = sqlite_array(arena, 1, sizeof *complaint);
	if (complaint == NULL)
		return (STORE_UNAVAILABLE);
	*complaint = (struct store_complaint){
	    .text = sqlite_text(query, 0, arena) };
	if (complaint->text == NULL)
		return (STORE_UNAVAILABLE);
	**last = complaint;
	*last = &complaint->next;
	return (STORE_OK);
}

enum store_rc
sqlite_store_check(struct store *store, struct arena *arena,
    struct store_complaint **complaints)
{
	struct store_complaint **last = complaints;
	struct db_query query;
	enum store_rc rc;

	arena_fini(arena);
	*complaints = NULL;
	query = db_query(sqlite_db(store), CHECK);
	while ((rc = db_step(&query)) == STORE_OK &&
	    (rc = add_complaint(&query, arena, &last)) == STORE_OK)
		;
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : sqlite_as_read(rc));
}
