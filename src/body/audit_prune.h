#ifndef AUDIT_PRUNE_H
#define AUDIT_PRUNE_H

#include "body/audit_walk.h"

/*
 * Removing the beginning of the audit: all rows before the first that is not
 * older than a moment, some at a time. What is removed is proven first, and an
 * anchor, a row of the chain like any other, says where the chain begins then.
 */
struct audit_prune {
	const struct chain *chain;
	char before[IDENT_TIME_LEN + 1];	/* that moment */
	/* What has come of it. */
	int64_t rows;			/* that were removed */
	bool is_done;			/* there is no more to be removed */
	bool is_refused;		/* what is there is not whole */
	char request_id[IDENT_UUID_LEN + 1];
};

/* To begin with: all that is older than so many days. */
void audit_prune_init(struct audit_prune *prune, const struct chain *chain,
    uint64_t days);

/*
 * Remove some, inside a transaction; cookie is the prune. To be run again, in
 * another transaction, until is_done. STORE_CONFLICT: is_refused, and nothing
 * was changed; logged. As run of writer.h.
 */
enum store_rc audit_prune_run(struct store *store, void *cookie)
    __attribute__((warn_unused_result));

#endif
