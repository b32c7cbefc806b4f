/*
 * A small table of keys that were looked up, each under the stamp of its
 * look-up. Knows hashes, no keys.
 */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ground/log.h"
#include "store/keycache.h"
#include "store/store_upkeep.h"

enum { SLOTS = 64 };

struct slot {
	struct store_stamp stamp;
	unsigned char hash[APIKEY_HASH_LEN];
	enum store_rc rc;
	struct store_found_key key;
};

struct keycache {
	pthread_mutex_t mutex;	/* guards slots */
	struct slot slots[SLOTS];
	atomic_uint_least64_t hits;
	atomic_uint_least64_t misses;
};

struct keycache *
keycache_new(void)
{
	struct keycache *cache = calloc(1, sizeof *cache);

	if (cache == NULL) {
		log_error("out of memory for keys");
		return (NULL);
	}
	pthread_mutex_init(&cache->mutex, NULL);
	return (cache);
}

void
keycache_free(struct keycache *cache)
{
	if (cache == NULL)
		return;
	pthread_mutex_destroy(&cache->mutex);
	free(cache);
}

/* The hash is a keyed one: no one can aim at a slot. */
static struct slot *
slot_of(struct keycache *cache, const unsigned char hash[APIKEY_HASH_LEN])
{
	return (&cache->slots[hash[0] % SLOTS]);
}

/* What a slot holds under stamp; STORE_UNAVAILABLE: nothing. */
static enum store_rc
recall(struct keycache *cache, const struct store_stamp *stamp,
    const unsigned char hash[APIKEY_HASH_LEN], struct store_found_key *key)
{
	const struct slot *slot = slot_of(cache, hash);
	enum store_rc rc = STORE_UNAVAILABLE;

	pthread_mutex_lock(&cache->mutex);
	if (memcmp(&slot->stamp, stamp, sizeof *stamp) == 0 &&
	    memcmp(slot->hash, hash, APIKEY_HASH_LEN) == 0) {
		rc = slot->rc;
		*key = slot->key;
	}
	pthread_mutex_unlock(&cache->mutex);
	return (rc);
}

static void
remember(struct keycache *cache, const struct store_stamp *stamp,
    const unsigned char hash[APIKEY_HASH_LEN], enum store_rc rc,
    const struct store_found_key *key)
{
	struct slot *slot = slot_of(cache, hash);

	pthread_mutex_lock(&cache->mutex);
	slot->stamp = *stamp;
	memcpy(slot->hash, hash, APIKEY_HASH_LEN);
	slot->rc = rc;
	slot->key = *key;
	pthread_mutex_unlock(&cache->mutex);
}

enum store_rc
keycache_find(struct keycache *cache, struct store *store,
    const unsigned char hash[APIKEY_HASH_LEN], struct store_found_key *key)
{
	struct store_stamp stamp;
	enum store_rc rc = STORE_UNAVAILABLE;
	/* The stamp comes first: what is read after it is not older. */
	bool has_stamp = store_stamp(store, &stamp);

	if (has_stamp)
		rc = recall(cache, &stamp, hash, key);
	if (rc != STORE_UNAVAILABLE) {
		atomic_fetch_add(&cache->hits, 1);
		return (rc);
	}
	atomic_fetch_add(&cache->misses, 1);
	rc = store_key_find(store, hash, key);
	if (has_stamp && (rc == STORE_OK || rc == STORE_NOT_FOUND))
		remember(cache, &stamp, hash, rc, key);
	return (rc);
}

struct keycache_counts
keycache_counts(const struct keycache *cache)
{
	return ((struct keycache_counts){
	    .hits = atomic_load(&cache->hits),
	    .misses = atomic_load(&cache->misses)
	});
}

void
keycache_keep(struct keycache *cache, struct store *store,
    const struct store_stamp *before)
{
	struct store_stamp after;
	size_t i;

	if (!store_stamp(store, &after) ||
	    !store_stamp_is_next(store, before, &after))
		return;
	pthread_mutex_lock(&cache->mutex);
	for (i = 0; i < SLOTS; i++)
		if (memcmp(&cache->slots[i].stamp, before,
		    sizeof *before) == 0)
			cache->slots[i].stamp = after;
	pthread_mutex_unlock(&cache->mutex);
}
