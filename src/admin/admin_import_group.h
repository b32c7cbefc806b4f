#ifndef ADMIN_IMPORT_GROUP_H
#define ADMIN_IMPORT_GROUP_H

#include "admin/admin.h"
#include "ground/buf.h"
#include "secrets/chain.h"
#include "store/writer.h"

/*
 * Lines of an import that share a commit. Each is told when that is on the
 * disk, in their order, and what comes of each is what would have come of it
 * if they had been stored one by one.
 */
struct import_group;

/* What became of lines that were told. */
enum import_outcome {
	IMPORT_STORED, IMPORT_EXISTS, IMPORT_NOT_TAKEN, IMPORT_OUTCOMES
};

/* admin, keeper, writer and chain are lent. NULL with the reason logged. */
struct import_group *import_group_new(const struct admin *admin,
    struct keeper *keeper, struct writer *writer,
    const struct chain *chain, size_t max_line)
    __attribute__((warn_unused_result));

/* Wipe and release; takes NULL. What was not settled is forgotten. */
void import_group_free(struct import_group *group);

/*
 * Add the line of that number, whose text is taken over and left empty; one
 * that is too long has failed. Settles the group when it is full. Returns 0;
 * or -1, with the reason logged and the line at which the import has stopped.
 */
int import_group_add(struct import_group *group, struct buf *text,
    long number) __attribute__((warn_unused_result));

/*
 * Store what was added and tell it, all the way out of standard output.
 * Returns 0, at once where there is nothing; -1 as import_group_add does, and
 * ever after.
 */
int import_group_settle(struct import_group *group)
    __attribute__((warn_unused_result));

/* How many of the lines that were told came to what. */
const long *import_group_counts(const struct import_group *group);

#endif
