#ifndef KEYCACHE_H
#define KEYCACHE_H

#include "store.h"

/*
 * What was found of keys, found or not, for as long as nothing is committed:
 * a key that is revoked, in whatever process, is revoked here at once. Any
 * thread.
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

#endif
