/*
 * Uses of keys, from the request to the commit: a small table of what was noted
 * in the last minute. Refuses to know who commits, and when.
 */
#include "config.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ground/log.h"
#include "ground/moment.h"
#include "store/keyuse.h"
#include "store/store_key.h"

enum { SLOTS_MIN = 64 };

/* A key that was noted; one with an empty public_id is none. */
struct slot {
	char public_id[APIKEY_PUBLIC_ID_LEN + 1];
	bool is_waiting;
	int64_t at_us;
};

struct keyuse {
	pthread_mutex_t mutex;	/* guards all below */
	struct slot *slots;	/* half of them are empty at least */
	size_t cap;		/* a power of two */
	size_t count;
	size_t waiting;
	int64_t waiting_since_ms;
};

struct keyuse *
keyuse_new(void)
{
	struct keyuse *uses = calloc(1, sizeof *uses);

	if (uses != NULL)
		uses->slots = calloc(SLOTS_MIN, sizeof *uses->slots);
	if (uses == NULL || uses->slots == NULL) {
		log_error("out of memory for the uses of keys");
		free(uses);
		return (NULL);
	}
	uses->cap = SLOTS_MIN;
	pthread_mutex_init(&uses->mutex, NULL);
	return (uses);
}

void
keyuse_free(struct keyuse *uses)
{
	if (uses == NULL)
		return;
	pthread_mutex_destroy(&uses->mutex);
	free(uses->slots);
	free(uses);
}

/* Ids are drawn by us, and no one can aim at a slot. */
static size_t
place_of(const char *public_id, size_t cap)
{
	size_t place = 5381;

	for (; *public_id != '\0'; public_id++)
		place = place * 33 + (unsigned char)*public_id;
	return (place & (cap - 1));
}

/* The slot of a key, or the empty one that it would have. */
static struct slot *
find(struct slot *slots, size_t cap, const char *public_id)
{
	size_t i = place_of(public_id, cap);

	while (slots[i].public_id[0] != '\0' &&
	    strcmp(slots[i].public_id, public_id) != 0)
		i = (i + 1) & (cap - 1);
	return (&slots[i]);
}

/* By a clock that may have been set meanwhile. */
static bool
is_lately(int64_t at_us, int64_t now_us)
{
	const int64_t pause_us = (int64_t)KEYUSE_PAUSE_MS * 1000;

	return (at_us > now_us - pause_us && at_us < now_us + pause_us);
}

/* Forget whom nobody has used lately, and see that half is empty. */
static bool
make_room(struct keyuse *uses, int64_t now_us)
{
	size_t i, cap, kept = 0;
	struct slot *slots;

	if (2 * (uses->count + 1) <= uses->cap)
		return (true);
	for (i = 0; i < uses->cap; i++)
		kept += uses->slots[i].is_waiting ||
		    is_lately(uses->slots[i].at_us, now_us);
	/* It has slots from the first on. */
	assert(uses->cap > 0);
	cap = 4 * (kept + 1) <= uses->cap ? uses->cap : 2 * uses->cap;
	if ((slots = calloc(cap, sizeof *slots)) == NULL)
		return (false);
	for (i = 0, uses->count = 0; i < uses->cap; i++) {
		if (uses->slots[i].public_id[0] == '\0' ||
		    (!uses->slots[i].is_waiting &&
		    !is_lately(uses->slots[i].at_us, now_us)))
			continue;
		*find(slots, cap, uses->slots[i].public_id) = uses->slots[i];
		uses->count++;
	}
	free(uses->slots);
	uses->slots = slots;
	uses->cap = cap;
	return (true);
}

static void
wait_for_commit(struct keyuse *uses, struct slot *slot)
{
	if (slot->is_waiting)
		return;
	slot->is_waiting = true;
	if (uses->waiting++ == 0)
		uses->waiting_since_ms = ident_monotonic_ms();
}

/* A key that is not in the table. */
static void
add(struct keyuse *uses, const char *public_id, const char *last_used_at,
    int64_t now_us)
{
	struct slot *slot;
	int64_t at_us;

	if (!make_room(uses, now_us))
		return;
	slot = find(uses->slots, uses->cap, public_id);
	memcpy(slot->public_id, public_id, sizeof slot->public_id);
	uses->count++;
	if (moment_read(last_used_at, strlen(last_used_at), &at_us) &&
	    is_lately(at_us, now_us)) {
		slot->at_us = at_us;	/* another process has noted it */
		return;
	}
	slot->at_us = now_us;
	wait_for_commit(uses, slot);
}

void
keyuse_note(struct keyuse *uses, const char *public_id,
    const char *last_used_at)
{
	int64_t now_us = ident_now_us();
	struct slot *slot;

	if (strlen(public_id) != APIKEY_PUBLIC_ID_LEN)
		return;
	pthread_mutex_lock(&uses->mutex);
	slot = find(uses->slots, uses->cap, public_id);
	if (slot->public_id[0] == '\0') {
		add(uses, public_id, last_used_at, now_us);
	} else if (!is_lately(slot->at_us, now_us)) {
		slot->at_us = now_us;
		wait_for_commit(uses, slot);
	}
	pthread_mutex_unlock(&uses->mutex);
}

bool
keyuse_has_waited(struct keyuse *uses, int64_t ms)
{
	bool has_waited;

	pthread_mutex_lock(&uses->mutex);
	has_waited = uses->waiting > 0 &&
	    ident_monotonic_ms() - uses->waiting_since_ms >= ms;
	pthread_mutex_unlock(&uses->mutex);
	return (has_waited);
}

static enum store_rc
run(struct store *store, void *cookie)
{
	const struct keyuse_batch *batch = cookie;
	enum store_rc rc = STORE_OK;
	size_t i;

	for (i = 0; i < batch->count && rc == STORE_OK; i++) {
		rc = store_key_use(store, batch->entries[i].public_id,
		    batch->entries[i].last_used_at);
		if (rc == STORE_NOT_FOUND)	/* erased meanwhile */
			rc = STORE_OK;
	}
	return (rc);
}

/* What waits becomes the batch's. */
static void
fill(struct keyuse *uses, struct keyuse_batch *batch)
{
	struct keyuse_entry *entry;
	struct slot *slot;
	size_t i;

	for (i = 0; i < uses->cap; i++) {
		slot = &uses->slots[i];
		if (!slot->is_waiting)
			continue;
		entry = &batch->entries[batch->count++];
		memcpy(entry->public_id, slot->public_id,
		    sizeof entry->public_id);
		ident_time(entry->last_used_at, slot->at_us);
		slot->is_waiting = false;
	}
	uses->waiting = 0;
}

bool
keyuse_take(struct keyuse *uses, struct keyuse_batch *batch)
{
	*batch = (struct keyuse_batch){ .job = { .run = run,
	    .cookie = batch } };
	pthread_mutex_lock(&uses->mutex);
	if (uses->waiting > 0)
		batch->entries = calloc(uses->waiting,
		    sizeof *batch->entries);
	if (batch->entries != NULL)
		fill(uses, batch);
	pthread_mutex_unlock(&uses->mutex);
	return (batch->entries != NULL);
}

void
keyuse_settle(struct keyuse *uses, struct keyuse_batch *batch)
{
	struct slot *slot;
	size_t i;

	if (batch->job.rc == STORE_BUSY) {
		pthread_mutex_lock(&uses->mutex);
		for (i = 0; i < batch->count; i++) {
			slot = find(uses->slots, uses->cap,
			    batch->entries[i].public_id);
			if (slot->public_id[0] != '\0')
				wait_for_commit(uses, slot);
		}
		pthread_mutex_unlock(&uses->mutex);
	}
	free(batch->entries);
	batch->entries = NULL;
}

void
keyuse_flush(struct keyuse *uses, struct store *store, int timeout_ms)
{
	struct keyuse_batch batch;
	enum store_rc rc;

	if (!keyuse_take(uses, &batch))
		return;
	if ((rc = store_begin(store, timeout_ms)) == STORE_OK) {
		rc = run(store, &batch);
		if (rc == STORE_OK)
			rc = store_commit(store);
		else
			store_rollback(store);
	}
	batch.job.rc = rc;
	keyuse_settle(uses, &batch);
}
