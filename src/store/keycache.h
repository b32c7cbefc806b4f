#ifndef KEYCACHE_H
#define KEYCACHE_H

#include "store/store.h"

/*
 * What was found of keys, found or not, for as long as nothing is committed
 * that may change them: a key that is revoked, in whatever process, is revoked
 * here at once. Any thread.
 */
struct keycache;

/* NULL: out of memory, which is logged. */
struct keycache *keycache_new(void) __attribute__((warn_unused_result));

/* Takes NULL. */
void keycache_free(struct keycache *cache);

/* As store_key_find. store is the calling thread's own. */
enum store_rc keycache_find(struct keycache *cache, struct store *store,
    const unsigned char hash[APIKEY_HASH_LEN], struct store_found_key *key)
    __attribute__((warn_unused_result));

/* How often what was asked for was remembered, or was not. Any thread. */
struct keycache_counts {
	uint64_t hits;
	uint64_t misses;
};
struct keycache_counts keycache_counts(const struct keycache *cache);

/*
 * A transaction that changed no key was committed in store; before is the
 * stamp that was taken in it. What was true of keys then is still true, unless
 * another commit has come since.
 */
void keycache_keep(struct keycache *cache, struct store *store,
    const struct store_stamp *before);

#endif
