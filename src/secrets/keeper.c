/*
 * The one keyring of a process, and its change while others use it. Knows no
 * database: which key is in use it is told.
 */
#include "config.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ground/ident.h"
#include "secrets/keeper.h"
#include "ground/log.h"

enum { PAUSE_MS = 1000 };	/* between two looks at a file that lacks a key */

struct keeper {
	pthread_rwlock_t lock;	/* guards keyring, lent under it for reading */
	struct keyring *keyring;
	pthread_mutex_t mutex;	/* guards the rest */
	pthread_cond_t changed;
	bool is_taken;		/* by the one thread that may change keyring */
	int64_t failed_ms;	/* of the last look that failed, or 0 */
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
	pthread_cond_destroy(&keeper->changed);
	pthread_mutex_destroy(&keeper->mutex);
	pthread_rwlock_destroy(&keeper->lock);
	free(keeper);
}

/* Be the one thread that may change the keyring; when it last failed. */
static int64_t
take(struct keeper *keeper)
{
	int64_t failed_ms;

	pthread_mutex_lock(&keeper->mutex);
	while (keeper->is_taken)
		pthread_cond_wait(&keeper->changed, &keeper->mutex);
	keeper->is_taken = true;
	failed_ms = keeper->failed_ms;
	pthread_mutex_unlock(&keeper->mutex);
	return (failed_ms);
}

static void
give(struct keeper *keeper, int64_t failed_ms)
{
	pthread_mutex_lock(&keeper->mutex);
	keeper->is_taken = false;
	keeper->failed_ms = failed_ms;
	pthread_cond_broadcast(&keeper->changed);
	pthread_mutex_unlock(&keeper->mutex);
}

/* Let key_id be the key in use, if it is there. */
static bool
activate(struct keeper *keeper, uint32_t key_id)
{
	bool is_there;

	pthread_rwlock_wrlock(&keeper->lock);
	is_there = keyring_activate(keeper->keyring, key_id) == 0;
	pthread_rwlock_unlock(&keeper->lock);
	return (is_there);
}

/* Put what the key file has become in the keyring's place. */
static int
swap(struct keeper *keeper)
{
	struct keyring *old, *new = keyring_load(keeper->path);

	if (new == NULL)
		return (-1);
	if (!keyring_is_kin(new, keeper->keyring)) {
		log_error("key file %s was replaced by another one: put the "
		    "right one back", keeper->path);
		keyring_free(new);
		return (-1);
	}
	pthread_rwlock_wrlock(&keeper->lock);
	old = keeper->keyring;
	/*
	 * The file's last key may not be known to the database yet. Where the
	 * former is gone, the last one is the best guess.
	 */
	(void)!keyring_activate(new, keyring_active_id(old));
	keeper->keyring = new;
	pthread_rwlock_unlock(&keeper->lock);
	keyring_free(old);
	return (0);
}

/* Read the file again for key_id's sake; whether it is in use now. */
static bool
look(struct keeper *keeper, uint32_t key_id)
{
	if (swap(keeper) == -1)
		return (false);
	if (activate(keeper, key_id)) {
		log_info("new boxes are sealed with master key %08x",
		    (unsigned)key_id);
		return (true);
	}
	log_error("key file %s lacks master key %08x, which is in use: put "
	    "the current key file in place", keeper->path, (unsigned)key_id);
	return (false);
}

/* See that key_id is in use; a look that failed is not repeated at once. */
static void
update(struct keeper *keeper, uint32_t key_id)
{
	int64_t failed_ms = take(keeper), now_ms = ident_monotonic_ms();

	if (activate(keeper, key_id))
		failed_ms = 0;
	else if (failed_ms == 0 || now_ms - failed_ms >= PAUSE_MS)
		failed_ms = look(keeper, key_id) ? 0 : now_ms;
	give(keeper, failed_ms);
}

int
keeper_reload(struct keeper *keeper)
{
	int64_t failed_ms = take(keeper);
	int rc = swap(keeper);

	give(keeper, failed_ms);
	return (rc);
}

const struct keyring *
keeper_borrow(struct keeper *keeper, uint32_t key_id)
{
	bool is_current;

	pthread_rwlock_rdlock(&keeper->lock);
	is_current = key_id == 0 ||
	    keyring_active_id(keeper->keyring) == key_id;
	if (is_current)
		return (keeper->keyring);
	pthread_rwlock_unlock(&keeper->lock);
	update(keeper, key_id);
	pthread_rwlock_rdlock(&keeper->lock);
	return (keeper->keyring);
}

void
keeper_return(struct keeper *keeper)
{
	pthread_rwlock_unlock(&keeper->lock);
}
