#ifndef STORE_KEY_H
#define STORE_KEY_H

#include "store/store.h"

/*
 * The life of API keys, beyond finding, adding and revoking one (store.h). An
 * asker has all keys of his user, whatever types he himself may see.
 */

/* Read the asker's key of that id into arena, emptied first; or NOT_FOUND. */
enum store_rc store_key_own(struct store *store,
    const struct store_asker *asker, const char *public_id,
    struct arena *arena, struct store_key *key)
    __attribute__((warn_unused_result));

/*
 * Read a page of the asker's keys, newest first, as store_operator_key_page
 * does of all.
 */
enum store_rc store_key_page(struct store *store,
    const struct store_asker *asker, const struct store_cursor *after,
    size_t limit, struct arena *arena, struct store_key_page *page)
    __attribute__((warn_unused_result));

/*
 * Inside a transaction: a key was used at that moment; STORE_NOT_FOUND: it is
 * not there. The second, for a key's first use, is STORE_NOT_FOUND too where
 * it is revoked, or over by then.
 */
enum store_rc store_key_use(struct store *store, const char *public_id,
    const char *at) __attribute__((warn_unused_result));
enum store_rc store_key_use_first(struct store *store, const char *public_id,
    const char *at) __attribute__((warn_unused_result));

/*
 * Inside a transaction: another key, which is there, takes the place of one,
 * that ends at ends_at (NULL: never). STORE_NOT_FOUND: it is not there.
 */
enum store_rc store_key_replace(struct store *store, const char *public_id,
    const char *replaced_by, const char *ends_at)
    __attribute__((warn_unused_result));

#endif
