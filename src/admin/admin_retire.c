/*
 * strongroom master-key retire: a former key given up while the service runs.
 * The key file is behind the database: it has the key until the database calls
 * it retired.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/admin_trail.h"
#include "ground/ident.h"
#include "ground/log.h"

enum { ID_LEN = 8 };		/* hexadecimal digits */

/* How many boxes are under one key. */
static enum store_rc
count_boxes(struct store *store, uint32_t key_id, int64_t *boxes)
{
	struct store_box_counts counts;
	enum store_rc rc = store_box_count(store, &counts);

	*boxes = rc == STORE_OK ? store_boxes_under(&counts, key_id) : 0;
	return (rc);
}

/* The number that eight hexadecimal digits are; 0: they are none. */
static uint32_t
read_id(const char *text)
{
	if (strlen(text) != ID_LEN ||
	    strspn(text, "0123456789abcdef") != ID_LEN)
		return (0);
	return ((uint32_t)strtoul(text, NULL, 16));
}

/* In a transaction: let a key be in a state, and tell the audit. */
static enum store_rc
mark(struct store *store, const struct chain *chain, uint32_t key_id,
    const char *state)
{
	char now[IDENT_TIME_LEN + 1];
	enum store_rc rc;

	ident_time(now, ident_now_us());
	rc = store_master_key_mark(store, key_id, state, now);
	return (rc == STORE_OK ? admin_trail_master_key(store, chain,
	    "retire", key_id, state) : rc);
}

/* Retire a key in a transaction of its own. */
static enum store_rc
mark_retired(const struct admin *admin, struct store *store,
    const struct chain *chain, uint32_t key_id)
{
	enum store_rc rc;

	if ((rc = admin_begin(admin, store)) != STORE_OK)
		return (rc);
	if ((rc = mark(store, chain, key_id, "retired")) == STORE_OK)
		return (store_commit(store));
	store_rollback(store);
	return (rc);
}

/*
 * Under the lock: let the key be old again if there is still a box under it.
 * *count is how many.
 */
static enum store_rc
take_back(const struct admin *admin, struct store *store,
    const struct chain *chain, uint32_t key_id, int64_t *count)
{
	char state[STORE_STATE_MAX + 1] = "";
	enum store_rc rc;

	if ((rc = admin_begin(admin, store)) != STORE_OK)
		return (rc);
	rc = count_boxes(store, key_id, count);
	if (rc == STORE_OK)
		rc = store_master_key_find(store, key_id, state);
	if (rc == STORE_OK && *count > 0 && strcmp(state, "retired") == 0)
		rc = mark(store, chain, key_id, "old");
	if (rc == STORE_OK)
		return (store_commit(store));
	store_rollback(store);
	return (rc);
}

/*
 * Let the database call a key retired, for good: *count is how many boxes
 * stand against it. They are counted before, which spares saves the trouble,
 * and after it was marked, when no further ones can come.
 */
static enum store_rc
retire(const struct admin *admin, struct store *store,
    const struct chain *chain, uint32_t key_id, int64_t *count)
{
	enum store_rc rc = count_boxes(store, key_id, count);

	if (rc != STORE_OK || *count > 0)
		goto done;
	rc = mark_retired(admin, store, chain, key_id);
	if (rc != STORE_OK)
		return (rc);
	rc = count_boxes(store, key_id, count);
done:
	if (rc == STORE_OK && *count > 0)
		rc = take_back(admin, store, chain, key_id, count);
	return (rc);
}

/* Take a retired key out of the key file, under the lock. */
static bool
remove_key(const struct admin *admin, struct store *store, uint32_t key_id)
{
	char state[STORE_STATE_MAX + 1];
	bool is_done = false;

	if (admin_begin(admin, store) != STORE_OK)
		return (false);
	if (store_master_key_find(store, key_id, state) == STORE_OK) {
		if (strcmp(state, "retired") == 0)
			is_done = keyring_remove(admin->conf.master_key_file,
			    key_id) == 0;
		else
			log_error("master key %s is in use again: run this "
			    "again", admin->id);
	}
	store_rollback(store);
	return (is_done);
}

static enum admin_rc
retire_known(const struct admin *admin, struct store *store,
    const struct chain *chain, uint32_t key_id)
{
	char state[STORE_STATE_MAX + 1];
	int64_t count = 0;

	switch (store_master_key_find(store, key_id, state)) {
	case STORE_OK:
		break;
	case STORE_NOT_FOUND:
		log_error("there is no master key %s", admin->id);
		return (ADMIN_NOT_FOUND);
	default:
		return (ADMIN_FAILED);
	}
	if (strcmp(state, "active") == 0) {
		log_error("master key %s is active: rotate first", admin->id);
		return (ADMIN_FAILED);
	}
	if (retire(admin, store, chain, key_id, &count) != STORE_OK)
		return (ADMIN_FAILED);
	if (count > 0) {
		log_error("%" PRId64 " boxes are under master key %s: run "
		    "strongroom master-key rotate", count, admin->id);
		return (ADMIN_FAILED);
	}
	if (!remove_key(admin, store, key_id))
		return (ADMIN_FAILED);
	log_info("master key %s is retired and out of the key file; backups "
	    "from before the rotation need a copy of the key file from then",
	    admin->id);
	return (ADMIN_DONE);
}

enum admin_rc
admin_master_key_retire(const struct admin *admin)
{
	uint32_t key_id = read_id(admin->id);
	struct keeper *keeper = NULL;
	struct store *store = NULL;
	struct chain *chain = NULL;
	enum admin_rc result;

	result = admin_open(admin, STORE_WRITE, &store, &keeper);
	if (result != ADMIN_DONE)
		return (result);
	if ((chain = chain_new(keeper)) != NULL)
		result = retire_known(admin, store, chain, key_id);
	else
		result = ADMIN_FAILED;
	chain_free(chain);
	store_close(store);
	keeper_close(keeper);
	return (result);
}
