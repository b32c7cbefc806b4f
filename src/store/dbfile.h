#ifndef DBFILE_H
#define DBFILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "store/store_types.h"

/* The file of a database, apart from what is in it. */
struct dbfile {
	char *path;		/* the real one: one database, one path */
	dev_t dev;		/* what it named when it was found */
	ino_t ino;
};

/*
 * Make the empty file of a new database, mode 0600; its log and shared memory
 * will follow that mode. STORE_CONFLICT: it exists.
 */
enum store_rc dbfile_make(const char *path)
    __attribute__((warn_unused_result));

/* Find the file of path. Returns 0, or -1 with the reason logged. */
int dbfile_find(struct dbfile *file, const char *path)
    __attribute__((warn_unused_result));

/* Takes an all-zero file too. */
void dbfile_fini(struct dbfile *file);

/*
 * Whether the path still names the file that was found; if not, what would be
 * written is lost, and that is logged.
 */
bool dbfile_is_in_place(const struct dbfile *file);

/* Whether both are one and the same file. */
bool dbfile_is_same(const struct dbfile *one, const struct dbfile *other);

/* Whether path lies in the directory dir; both are real paths. */
bool dbfile_is_inside(const char *path, const char *dir);

/* Whether it lies where processes on other machines may write too. */
bool dbfile_is_on_network(const struct dbfile *file);

/*
 * See that the names of the files in its directory are on the disk. Returns 0,
 * or -1 with the reason logged.
 */
int dbfile_settle(const struct dbfile *file)
    __attribute__((warn_unused_result));

#endif
