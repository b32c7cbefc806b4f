#ifndef DBFILE_H
#define DBFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/store_types.h"

/* What a name stood for when it was looked at; zeros: nothing. */
struct dbfile_id {
	dev_t dev;
	ino_t ino;
};

/* The database itself, and in WAL mode its log and the log's index. */
enum { DBFILE_MAIN, DBFILE_LOG, DBFILE_INDEX, DBFILES };

/* The files of a database that is open, apart from what is in them. */
struct dbfile {
	char *path;		/* the real one: one database, one path */
	char *names[DBFILES];
	struct dbfile_id id[DBFILES];
	size_t count;		/* of those that are known */
	bool is_lost;		/* they were not in place once */
};

/*
 * Make the empty file of a new database, mode 0600; its log and shared memory
 * will follow that mode. STORE_CONFLICT: it exists.
 */
enum store_rc dbfile_make(const char *path)
    __attribute__((warn_unused_result));

/*
 * Find the file of path. One with a second name (a hard link) is refused, for
 * it would have a second log. Returns 0, or -1 with the reason logged.
 */
int dbfile_find(struct dbfile *file, const char *path)
    __attribute__((warn_unused_result));

/* Takes an all-zero file too. */
void dbfile_fini(struct dbfile *file);

/* The log and its index were opened just now. 0, or -1, logged. */
int dbfile_find_log(struct dbfile *file) __attribute__((warn_unused_result));

/*
 * Whether the names still stand for the files that were found; if not, what
 * would be written is lost, and what would be read may be old: that is logged.
 * Files that were put back meanwhile are not trusted any more.
 */
bool dbfile_is_in_place(struct dbfile *file);

/* Whether the log alone is gone, so that its index still can be trusted. */
bool dbfile_lacks_log(const struct dbfile *file);

/* How long the log is, in bytes, by its name; -1: there is none. */
int64_t dbfile_log_len(const struct dbfile *file);

/* Whether both are the same files. */
bool dbfile_is_same(const struct dbfile *one, const struct dbfile *other);

/*
 * Call each with the path of every file that the database at path, a real one,
 * may have, be it there or not, itself first, until it returns non-zero; that
 * is returned, or 0, or -1 with errno when memory is short.
 */
int dbfile_each(const char *path,
    int (*each)(void *cookie, const char *path), void *cookie)
    __attribute__((warn_unused_result));

/*
 * Whether nothing is at path, and nothing beside it that SQLite would take for
 * a part of a database there. What is there is logged, and that it cannot be
 * seen, which is false, too.
 */
bool dbfile_is_free(const char *path);

/* Whether it lies where processes on other machines may write too. */
bool dbfile_is_on_network(const struct dbfile *file);

/*
 * See that the names of the files in its directory are on the disk. Returns 0,
 * or -1 with the reason logged.
 */
int dbfile_settle(const struct dbfile *file)
    __attribute__((warn_unused_result));

#endif
