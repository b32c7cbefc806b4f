/*
 * The one keyring of a process, and its change while others use it. Knows no
 * database: which key is in use, or needed, it is told.
 */
#include "config.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ground/ident.h"
#include "ground/log.h"
#include "secrets/keeper.h"

enum { PAUSE_MS = 1000 };	/* between two looks for one key */

struct keeper {
	pthread_rwlock_t lock;	/* guards both, lent under it for reading */
	struct keyring *keyring;
	struct keyring *former;	/* for boxes that were read before; or NULL */
	pthread_mutex_t mutex;	/* guards the rest */
	pthread_cond_t changed;
	bool is_taken;		/* by the one thread that may change the rest */
	uint32_t lacked;	/* by the file when it was last read, or 0 */
	int64_t looked_ms;	/* when that was */
	char path[];
};

struct keeper *
keeper_open(const char *path)
{
	size_t size = strlen(path) + 1;
	struct keeper *keeper = calloc(1, sizeof *keeper + size);

	if (keeper == NULL) {
		log_error("out of memory for keys");
		return (NULL);
	}
	memcpy(keeper->path, path, size);
	if ((keeper->keyring = keyring_load(path)) == NULL) {
		free(keeper);
		return (NULL);
	}
	pthread_rwlock_init(&keeper->lock, NULL);
	pthread_mutex_init(&keeper->mutex, NULL);
	pthread_cond_init(&keeper->changed, NULL);
	return (keeper);
}

void
keeper_close(struct keeper *keeper)
{
	if (keeper == NULL)
		return;
	keyring_free(keeper->keyring);
	keyring_free(keeper->former);
	pthread_cond_destroy(&keeper->changed);
	pthread_mutex_destroy(&keeper->mutex);
	pthread_rwlock_destroy(&keeper->lock);
	free(keeper);
}

/* Be the one thread that may change the keyring. */
static void
take(struct keeper *keeper)
{
	pthread_mutex_lock(&keeper->mutex);
	while (keeper->is_taken)
		pthread_cond_wait(&keeper->changed, &keeper->mutex);
	keeper->is_taken = true;
	pthread_mutex_unlock(&keeper->mutex);
}

static void
give(struct keeper *keeper)
{
	pthread_mutex_lock(&keeper->mutex);
	keeper->is_taken = false;
	pthread_cond_broadcast(&keeper->changed);
	pthread_mutex_unlock(&keeper->mutex);
}

/* What the key file has become; NULL: it cannot be read, or is another one. */
static struct keyring *
load(const struct keeper *keeper)
{
	struct keyring *new = keyring_load(keeper->path);

	if (new == NULL || keyring_is_kin(new, keeper->keyring))
		return (new);
	log_error("key file %s was replaced by another one: put the right one "
	    "back", keeper->path);
	keyring_free(new);
	return (NULL);
}

/* Put a keyring in the place of the one there is. */
static void
swap(struct keeper *keeper, struct keyring *new)
{
	struct keyring *old;

	pthread_rwlock_wrlock(&keeper->lock);
	old = keeper->former;
	keeper->former = keeper->keyring;
	/*
	 * The file's last key may not be known to the database yet. Where the
	 * one in use is gone, the last one is the best guess.
	 */
	(void)!keyring_activate(new, keyring_active_id(keeper->keyring));
	keeper->keyring = new;
	pthread_rwlock_unlock(&keeper->lock);
	keyring_free(old);
}

/*
 * Read the file again for the sake of a key that the keyring lacks. A file
 * that lacks it as well is not read for it again at once, and not taken: the
 * keyring may have others that it lacks.
 */
static bool
look(struct keeper *keeper, uint32_t key_id)
{
	int64_t now_ms = ident_monotonic_ms();
	struct keyring *new;

	if (key_id == keeper->lacked &&
	    now_ms - keeper->looked_ms < PAUSE_MS)
		return (false);
	keeper->lacked = key_id;
	keeper->looked_ms = now_ms;
	if ((new = load(keeper)) == NULL)
		return (false);
	if (keyring_seal_key(new, key_id) != NULL) {
		keeper->lacked = 0;
		swap(keeper, new);
		return (true);
	}
	log_error("key file %s lacks master key %08x, which is in use: put "
	    "the current key file in place", keeper->path, (unsigned)key_id);
	keyring_free(new);
	return (false);
}

/* Let key_id be the key in use, if it is there or in the file. */
static void
activate(struct keeper *keeper, uint32_t key_id)
{
	bool is_new = keyring_seal_key(keeper->keyring, key_id) == NULL;

	if (is_new && !look(keeper, key_id))
		return;
	pthread_rwlock_wrlock(&keeper->lock);
	(void)!keyring_activate(keeper->keyring, key_id);
	pthread_rwlock_unlock(&keeper->lock);
	if (is_new)
		log_info("new boxes are sealed with master key %08x",
		    (unsigned)key_id);
}

int
keeper_reload(struct keeper *keeper)
{
	struct keyring *new;

	take(keeper);
	if ((new = load(keeper)) != NULL)
		swap(keeper, new);
	give(keeper);
	return (new != NULL ? 0 : -1);
}

const struct keyring *
keeper_borrow(struct keeper *keeper)
{
	pthread_rwlock_rdlock(&keeper->lock);
	return (keeper->keyring);
}

void
keeper_return(struct keeper *keeper)
{
	pthread_rwlock_unlock(&keeper->lock);
}

const struct keyring *
keeper_borrow_to_seal(struct keeper *keeper, uint32_t key_id)
{
	const struct keyring *keyring = keeper_borrow(keeper);

	if (keyring_active_id(keyring) == key_id)
		return (keyring);
	keeper_return(keeper);
	take(keeper);
	if (keyring_active_id(keeper->keyring) != key_id)
		activate(keeper, key_id);
	give(keeper);
	return (keeper_borrow(keeper));
}

/* The keyring that has a key; the present one where none has. */
static const struct keyring *
find(const struct keeper *keeper, uint32_t key_id)
{
	return (keyring_seal_key(keeper->keyring, key_id) == NULL &&
	    keeper->former != NULL &&
	    keyring_seal_key(keeper->former, key_id) != NULL ?
	    keeper->former : keeper->keyring);
}

static const struct keyring *
borrow_found(struct keeper *keeper, uint32_t key_id)
{
	pthread_rwlock_rdlock(&keeper->lock);
	return (find(keeper, key_id));
}

const struct keyring *
keeper_borrow_to_open(struct keeper *keeper, uint32_t key_id)
{
	const struct keyring *keyring = borrow_found(keeper, key_id);

	if (keyring_seal_key(keyring, key_id) != NULL)
		return (keyring);
	keeper_return(keeper);
	take(keeper);
	if (keyring_seal_key(find(keeper, key_id), key_id) == NULL)
		(void)look(keeper, key_id);
	give(keeper);
	return (borrow_found(keeper, key_id));
}
