#ifndef STORE_CHAIN_H
#define STORE_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/arena.h"
#include "store/store_audit.h"

/*
 * The audit as a chain, whosever rows they are: for who proves, prunes and
 * erases. Nothing here is for the eyes of who sends a request.
 */

struct store_audit_page {
	struct store_audit_row *rows;
	size_t count;
	int64_t next;			/* what comes behind it is after this */
	bool is_last;
};

enum { STORE_CHAIN_ID = 1 };

/* Before all rows there can be. */
#define STORE_CHAIN_BEGIN INT64_MIN

/*
 * Read a page of rows whose seq is above after, in its order, as the pages of
 * store.h; those of owner alone, if that is not 0.
 */
enum store_rc store_chain_page(struct store *store, int64_t after,
    int64_t owner, size_t limit, struct arena *arena,
    struct store_audit_page *page) __attribute__((warn_unused_result));

/* Read the last row, or the last of action "prune"; or STORE_NOT_FOUND. */
enum store_rc store_chain_head(struct store *store, struct arena *arena,
    struct store_audit_row *row) __attribute__((warn_unused_result));
enum store_rc store_chain_anchor(struct store *store, struct arena *arena,
    struct store_audit_row *row) __attribute__((warn_unused_result));

/* Inside a transaction: remove all rows up to that one. */
enum store_rc store_chain_drop(struct store *store, int64_t up_to)
    __attribute__((warn_unused_result));

/*
 * Inside a transaction: empty subject, salt and owner of some of user's rows,
 * limit at most. *count is how many; they are added to cover.
 */
enum store_rc store_chain_empty(struct store *store,
    const struct chain *chain, const char *user, size_t limit, int64_t *count,
    unsigned char cover[CHAIN_HASH_LEN]) __attribute__((warn_unused_result));

#endif
