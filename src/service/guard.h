#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>

/*
 * The directories that no web server may serve files from, because key file
 * or database lie below them: known by device and inode, so that one is
 * recognised by whatever name, link or mount it is reached.
 */
struct guard;

/*
 * Note the directories above both paths, which must exist, as they are named
 * and as they really are. NULL with the reason logged.
 */
struct guard *guard_new(const char *key_file, const char *database)
    __attribute__((warn_unused_result));

/* Takes NULL. */
void guard_free(struct guard *guard);

/* What was seen of the document root that was asked for last. */
struct guard_seen {
	bool is_known;			/* false: nothing */
	bool is_permitted;
	char root[256];
};

/*
 * Whether a document root is none of them: as it was seen, or else as it is
 * now, by one stat(2). One that is not there serves nothing. Logs nothing.
 */
bool guard_permits(const struct guard *guard, const char *root,
    struct guard_seen *seen);

/* The real path of the database, lent. */
const char *guard_database(const struct guard *guard);

#endif
