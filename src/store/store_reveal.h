#ifndef STORE_REVEAL_H
#define STORE_REVEAL_H

#include "store/store.h"

/* That auth_data is handed out, as it was read at a revision. */
struct store_reveal {
	const char *integration_id;
	int64_t revision;
	const char *at;
};

/*
 * Inside a transaction: count it. STORE_MOVED: the row has another revision;
 * STORE_NOT_FOUND as of store_find. Both have changed nothing, and leave the
 * transaction good.
 */
enum store_rc store_reveal(struct store *store,
    const struct store_asker *asker, const struct store_reveal *reveal)
    __attribute__((warn_unused_result));

/* The same for the operator, whosever it is. */
enum store_rc store_operator_reveal(struct store *store,
    const struct store_reveal *reveal) __attribute__((warn_unused_result));

#endif
