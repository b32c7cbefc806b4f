#ifndef STORE_UPKEEP_H
#define STORE_UPKEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "store/store.h"

/*
 * What a database in files takes beside its rows: where they are, marks of its
 * state, the write-ahead log, copies, its own check. A database that is a
 * server's (conf_is_url) has all of this there: it has no files, no log that
 * grows, and no stamp; its place is always free, and its copies are refused.
 */

/* The version of the back end's library, 3040001 for SQLite 3.40.1. */
int store_library_version(void);

/*
 * Call each with the path of every file that a database may have, be it there
 * or not, the database itself first, until it returns non-zero. Returns that,
 * or 0, or -1 with errno where the database is not there.
 */
int store_files(const struct store_conf *conf,
    int (*each)(void *cookie, const char *path), void *cookie)
    __attribute__((warn_unused_result));

/*
 * The files by which it proves to a server who it is, or the server to it,
 * which are read at each connection: their names, lent, NULL behind the last.
 */
enum { STORE_CREDENTIALS_MAX = 5 };
void store_credentials(const struct store *store,
    const char *files[STORE_CREDENTIALS_MAX + 1]);

/*
 * What a server that has the database says of itself; STORE_NOT_FOUND: the
 * database is a file.
 */
enum { STORE_VERSION_MAX = 31 };
struct store_server {
	char version[STORE_VERSION_MAX + 1];
	int64_t connections_max;	/* for who is no superuser */
	int64_t connections;		/* that there are, with this one */
	bool is_local;			/* reached by a UNIX socket */
	bool is_encrypted;
	bool is_superuser;		/* this role is one */
	bool waits_for_standby;		/* each commit does */
};
enum store_rc store_server(struct store *store, struct store_server *server)
    __attribute__((warn_unused_result));

/* Whether it lies where processes on other machines may write too. */
bool store_is_on_network(const struct store_conf *conf);

/*
 * Whether nothing is where a database is to be, and nothing that would be read
 * as a part of it; what is there is logged by name.
 */
bool store_is_free(const char *path);

/* Whether two stores are one database, not one in the other's place. */
bool store_is_same(const struct store *store, const struct store *other);

/*
 * Whether the files of the database still are those that were opened; if not,
 * what is read may be old, and that is logged.
 */
bool store_is_in_place(struct store *store);

/* Take the stamp of this moment; false where it cannot be had cheaply. */
bool store_stamp(struct store *store, struct store_stamp *stamp);

/*
 * Whether one commit and no other lies between two stamps. With the first of
 * them taken in a transaction, that commit is the transaction's.
 */
bool store_stamp_is_next(const struct store *store,
    const struct store_stamp *before, const struct store_stamp *after);

/* How long this store's last commit left the write-ahead log, in bytes. */
size_t store_log_size(const struct store *store);

/*
 * Bring the write-ahead log into the database when this store's last commit
 * left it longer than log_bytes; with 0, when there is anything in it, whoever
 * has put it there. Does nothing where the lock is not free, but waits a moment
 * for it with 0. A process that is about to end truncates the log as well: its
 * successor would not know what was brought in already. What a reader keeps
 * from being brought in is told then.
 */
void store_checkpoint(struct store *store, size_t log_bytes,
    enum store_log after);

/*
 * Copy the database, as it is at one moment, while others save, into a new
 * file, mode 0600: synced, whole without a log beside it, opening as it is.
 * Every save that was answered before is in it. STORE_CONFLICT: path exists.
 * After a failure there is none. With journal_mode=TRUNCATE no save commits
 * meanwhile.
 */
enum store_rc store_backup(struct store *store, const char *path)
    __attribute__((warn_unused_result));

/*
 * The same into a file without a name, beside the database, that is gone when
 * this process is, however it ends: to be read from *fd, which is the caller's
 * to close. It is not synced.
 */
enum store_rc store_backup_open(struct store *store, int *fd)
    __attribute__((warn_unused_result));

/*
 * Make the database at path from this one, which nobody changes: a copy as
 * store_backup makes it, under the lock of the new one, which is to be had
 * within timeout_ms. STORE_CONFLICT: path is not free (store_is_free).
 */
enum store_rc store_restore(struct store *store, const char *path,
    int timeout_ms) __attribute__((warn_unused_result));

/* A complaint, in the arena that it was read into. */
struct store_complaint {
	const char *text;
	struct store_complaint *next;
};

/*
 * Let the database check itself. Its complaints, of which it makes a hundred
 * at most, are read into arena, which is emptied first; *complaints is the
 * first, NULL where there is none. With journal_mode=TRUNCATE no save commits
 * meanwhile.
 */
enum store_rc store_check(struct store *store, struct arena *arena,
    struct store_complaint **complaints) __attribute__((warn_unused_result));

#endif
