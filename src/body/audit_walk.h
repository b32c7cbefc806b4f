#ifndef AUDIT_WALK_H
#define AUDIT_WALK_H

#include "body/json_check.h"
#include "body/trail.h"
#include "store/store_chain.h"

/*
 * A walk along the audit's chain, row by row from its beginning: whether each
 * is what was written, where it was written, and none is missing.
 */

/* Where a walk has come to. All zero: before the first row there ever was. */
struct audit_point {
	int64_t seq;
	unsigned char hash[CHAIN_HASH_LEN];	/* of that row */
	/* Emptied rows up to it that no erasure up to it covers, or the other
	   way round; all zero in the end. */
	unsigned char cover[CHAIN_HASH_LEN];
};

/* Something that is wrong. */
struct audit_finding {
	int64_t seq;			/* of the row, or the first missing */
	int64_t last;			/* and the last, or the same */
	const char *what;		/* static */
};

struct audit_walk {
	const struct chain *chain;
	void (*tell)(void *cookie, const struct audit_finding *finding);
	void *cookie;			/* NULL in tell: nobody is told */
	struct audit_point at;
	struct audit_point head;	/* known before; seq 0: none is */
	bool has_met_head;
	int64_t rows;
	int64_t emptied;		/* of them */
	int64_t erasures;		/* rows that cover others */
	int64_t findings;
	struct json_doc doc;
	bool failed;			/* memory was short */
};

/* Begin. audit_walk_fini takes any state. */
void audit_walk_init(struct audit_walk *walk, const struct chain *chain);
void audit_walk_fini(struct audit_walk *walk);

/*
 * Go on behind what an anchor says was pruned, whose own turn comes later.
 * False: it says nothing of the kind.
 */
bool audit_walk_from(struct audit_walk *walk,
    const struct store_audit_row *anchor) __attribute__((warn_unused_result));

/* The next row. */
void audit_walk_row(struct audit_walk *walk,
    const struct store_audit_row *row);

/* All rows are done: whether the head that was known has been met. */
void audit_walk_end(struct audit_walk *walk);

/* Whether every emptied row is covered by an erasure, and the other way. */
bool audit_walk_is_covered(const struct audit_walk *walk);

/* Whether a row alone is what is_covered complains of. */
bool audit_walk_is_bare(const struct audit_walk *walk,
    const struct store_audit_row *row);

/* Tell of a finding. */
void audit_walk_tell(struct audit_walk *walk, int64_t seq, int64_t last,
    const char *what);

/* Describe a point, behind the fields of the trail of an anchor. */
void audit_walk_trail(struct trail *trail, const struct audit_point *point);

#endif
