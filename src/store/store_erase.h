#ifndef STORE_ERASE_H
#define STORE_ERASE_H

#include "store/store.h"

/*
 * Removing what is a user's, for the operator; some at a time, limit at most,
 * inside a transaction. *count is how many there were; fewer than limit: no
 * more are there.
 */

/* API keys, and when they were used. */
enum store_rc store_operator_erase_keys(struct store *store, const char *user,
    int64_t limit, int64_t *count) __attribute__((warn_unused_result));

/* Integrations, and what is known beside their rows. */
enum store_rc store_operator_erase_integrations(struct store *store,
    const char *user, int64_t limit, int64_t *count)
    __attribute__((warn_unused_result));

/*
 * Answers that are kept for an Idempotency-Key. They are in no order of users,
 * so limit rows behind *after are looked at, which is moved on; *is_last: there
 * are no further ones.
 */
enum store_rc store_operator_erase_answers(struct store *store,
    const char *user, int64_t limit, int64_t *after, bool *is_last,
    int64_t *count) __attribute__((warn_unused_result));

#endif
