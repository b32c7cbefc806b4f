#ifndef IMPRINT_H
#define IMPRINT_H

#include <stdint.h>

#include "store/dbfile.h"

/*
 * What the lock file says of a database's files: which they are, and how we
 * left the database itself. It counts from when the first process has opened
 * them for writing until the last has gone, however that came; before and
 * after, anybody may put other files in their place.
 *
 * fd is the lock file's, open for reading and writing, whose closing is the
 * leaving as well.
 */

/* How a database file was left. */
struct imprint_state {
	int64_t size;
	int64_t mtime_ns;
	uint32_t change_counter;	/* sqlite.org/fileformat.html 1.3.7 */
};

enum imprint_rc {
	IMPRINT_FITS,		/* or there is none that counts */
	IMPRINT_OTHER_FILES,	/* the log or its index is another one */
	IMPRINT_CHANGED,	/* the database is not as it was left */
	IMPRINT_FAILED		/* the lock file cannot be used; errno */
};

/*
 * Be among those who have the database open for writing: file is what has been
 * opened just now, and its state, NULL where that says nothing. The first to
 * come makes the imprint; others are told whether theirs fits it.
 */
enum imprint_rc imprint_join(int fd, const struct dbfile *file,
    const struct imprint_state *state) __attribute__((warn_unused_result));

/* The same once more, under the lock. */
enum imprint_rc imprint_compare(int fd, const struct dbfile *file,
    const struct imprint_state *state) __attribute__((warn_unused_result));

/*
 * For who reads alone: whether those who write, if there are any, have the
 * same. Without the lock the state may be renewed just now, so IMPRINT_CHANGED
 * is to be believed when a second look says it too.
 */
enum imprint_rc imprint_visit(int fd, const struct dbfile *file,
    const struct imprint_state *state) __attribute__((warn_unused_result));

/*
 * Under the lock, around whatever changes the database file itself. What is
 * not made good again, because a kill or a power cut came between, says
 * nothing of the state any more.
 */
void imprint_suspend(int fd);
void imprint_renew(int fd, const struct imprint_state *state);

#endif
