/*
 * A database beside its rows: where its files are, marks of its state, the
 * write-ahead log, copies, its own check. Knows no table.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ground/conf.h"
#include "ground/log.h"
#include "store/db_driver.h"
#include "store/dbfile.h"
#include "store/lockfile.h"
#include "store/rows.h"

int
store_files(const struct store_conf *conf,
    int (*each)(void *, const char *), void *cookie)
{
	char *path;
	int rc;

	if (conf_is_url(conf->path))
		return (0);
	path = realpath(conf->path, NULL);
	rc = path == NULL ? -1 : dbfile_each(path, each, cookie);
	free(path);
	return (rc);
}

void
store_credentials(const struct store *store,
    const char *files[STORE_CREDENTIALS_MAX + 1])
{
	files[0] = NULL;
	if (store->db->driver->credentials != NULL)
		store->db->driver->credentials(store->db, files);
}

bool
store_is_on_network(const struct store_conf *conf)
{
	struct dbfile file;
	bool is_so;

	if (conf_is_url(conf->path) || dbfile_find(&file, conf->path) == -1)
		return (false);
	is_so = dbfile_is_on_network(&file);
	dbfile_fini(&file);
	return (is_so);
}

bool
store_is_free(const char *path)
{
	return (conf_is_url(path) || dbfile_is_free(path));
}

bool
store_is_same(const struct store *store, const struct store *other)
{
	return (db_is_same(store->db, other->db));
}

bool
store_is_in_place(struct store *store)
{
	return (db_is_in_place(store->db));
}

bool
store_stamp(struct store *store, struct store_stamp *stamp)
{
	return (db_stamp(store->db, stamp));
}

bool
store_stamp_is_next(const struct store *store,
    const struct store_stamp *before, const struct store_stamp *after)
{
	return (db_stamp_is_next(store->db, before, after));
}

size_t
store_log_size(const struct store *store)
{
	return (db_log_size(store->db));
}

void
store_checkpoint(struct store *store, size_t log_bytes, enum store_log after)
{
	db_checkpoint(store->db, log_bytes, after);
}

enum store_rc
store_backup(struct store *store, const char *path)
{
	return (db_copy(store->db, path));
}

enum store_rc
store_backup_open(struct store *store, int *fd)
{
	return (db_copy_open(store->db, fd));
}

enum store_rc
store_restore(struct store *store, const char *path, int timeout_ms)
{
	struct lockfile *lock;
	enum store_rc rc;

	if (conf_is_url(path)) {
		log_error("database %s is restored by what has copied it, "
		    "pg_restore or pg_basebackup; strongroom import fills it "
		    "from any export", path);
		return (STORE_CONFLICT);
	}
	if ((lock = lockfile_open(path)) == NULL)
		return (STORE_WRITE_FAILED);
	rc = lockfile_take(lock, timeout_ms);
	if (rc == STORE_BUSY)
		log_error("another process works on %s: stop the service "
		    "first", path);
	if (rc == STORE_OK)
		rc = dbfile_is_free(path) ?
		    store_backup(store, path) : STORE_CONFLICT;
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
	complaint = rows_array(arena, 1, sizeof *complaint);
	if (complaint == NULL)
		return (STORE_UNAVAILABLE);
	*complaint = (struct store_complaint){
	    .text = rows_text(query, 0, arena) };
	if (complaint->text == NULL)
		return (STORE_UNAVAILABLE);
	**last = complaint;
	*last = &complaint->next;
	return (STORE_OK);
}

enum store_rc
store_check(struct store *store, struct arena *arena,
    struct store_complaint **complaints)
{
	struct store_complaint **last = complaints;
	struct db_query query;
	enum store_rc rc;

	arena_fini(arena);
	*complaints = NULL;
	query = db_query(store->db, CHECK);
	while ((rc = db_step(&query)) == STORE_OK &&
	    (rc = add_complaint(&query, arena, &last)) == STORE_OK)
		;
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rows_as_read(rc));
}

enum store_rc
store_server(struct store *store, struct store_server *server)
{
	struct db_query query = db_query(store->db, SERVER);
	enum store_rc rc = db_step(&query);

	if (rc == STORE_OK && rows_copy(server->version,
	    sizeof server->version, db_text(&query, 0)) == -1)
		rc = STORE_UNAVAILABLE;
	if (rc == STORE_OK) {
		server->connections_max = db_int(&query, 1);
		server->connections = db_int(&query, 2);
		server->is_local = db_int(&query, 3) != 0;
		server->is_encrypted = db_int(&query, 4) != 0;
		server->is_superuser = db_int(&query, 5) != 0;
		server->waits_for_standby = db_int(&query, 6) != 0;
	}
	db_done(&query);
	return (rows_as_read(rc));
}
