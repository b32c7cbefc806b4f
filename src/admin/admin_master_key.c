/*
 * strongroom master-key rotate and status: from one master key to the next
 * while the service runs. The key file is ahead of the database: it has a key
 * before the database calls it active.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "admin/admin_reseal.h"
#include "admin/admin_table.h"
#include "admin/admin_trail.h"
#include "ground/ident.h"
#include "ground/log.h"

enum { ID_LEN = 8 };		/* hexadecimal digits */

static const char *const head[] = { "ID", "STATE", "SINCE", "MADE", "BOXES",
    "IN FILE" };
enum { COLUMNS = sizeof head / sizeof head[0] };

static void
put_id(char text[ID_LEN + 1], uint32_t key_id)
{
	snprintf(text, ID_LEN + 1, "%08" PRIx32, key_id);
}

/* The key file's last key that the database does not know; *is_there: one. */
static enum store_rc
find_newest(const struct admin *admin, struct store *store,
    struct keyring_print *newest, bool *is_there)
{
	struct keyring_print prints[KEYRING_MAX + 1];
	char state[STORE_STATE_MAX + 1];
	struct keyring *keyring = keyring_load(admin->conf.master_key_file);
	enum store_rc rc = STORE_OK;
	size_t i;

	*is_there = false;
	if (keyring == NULL)
		return (STORE_UNAVAILABLE);
	for (i = keyring_prints(keyring, prints); rc == STORE_OK && i > 1; i--)
		rc = store_master_key_find(store, prints[i - 1].key_id, state);
	keyring_free(keyring);
	if (rc != STORE_NOT_FOUND)
		return (rc);
	*newest = prints[i];
	*is_there = true;
	return (STORE_OK);
}

/*
 * A key that a rotation has left in the file when it was killed is used before
 * a new one is made.
 */
static enum store_rc
register_key(const struct admin *admin, struct store *store,
    uint32_t *key_id)
{
	struct keyring_print print;
	char now[IDENT_TIME_LEN + 1];
	enum store_rc rc;
	bool is_there;

	rc = find_newest(admin, store, &print, &is_there);
	if (rc == STORE_OK && !is_there) {
		if (keyring_append(admin->conf.master_key_file) == -1)
			return (STORE_WRITE_FAILED);
		rc = find_newest(admin, store, &print, &is_there);
	}
	if (rc != STORE_OK || !is_there)
		return (rc == STORE_OK ? STORE_WRITE_FAILED : rc);
	*key_id = print.key_id;
	ident_time(now, ident_now_us());
	return (store_master_key_add(store, &print, now));
}

/*
 * Under the lock, so that two who rotate at once make one key: add a key, and
 * make it active in the place of *key_id, which it becomes.
 */
static bool
begin_rotation(const struct admin *admin, struct store *store,
    const struct chain *chain, uint32_t *key_id)
{
	enum store_rc rc;

	if (admin_begin(admin, store) != STORE_OK)
		return (false);
	if (store_active_key(store) != *key_id) {
		store_rollback(store);
		log_error("another rotation has begun: run this again to help "
		    "it on");
		return (false);
	}
	rc = register_key(admin, store, key_id);
	if (rc == STORE_OK)
		rc = admin_trail_master_key(store, chain, "rotate", *key_id,
		    "active");
	if (rc != STORE_OK) {
		store_rollback(store);
		return (false);
	}
	if (store_commit(store) != STORE_OK)
		return (false);
	log_info("master key %08" PRIx32 " is active: copy key file %s to "
	    "where its copies are kept", *key_id,
	    admin->conf.master_key_file);
	return (true);
}

static int
print_rotation(const struct admin *admin, const char *id,
    const struct reseal *reseal)
{
	struct json_out *out;
	int rc;

	if (!admin->is_json)
		return (printf("%s is the master key of all boxes; %" PRId64
		    " were sealed anew\n", id, reseal->done) < 0 ? -1 : 0);
	out = json_out_object();
	json_out_text(out, "key_id", id);
	json_out_number(out, "resealed", (long)reseal->done);
	json_out_number(out, "unopened", (long)reseal->unopened);
	rc = json_out_print(out);
	json_out_free(out);
	return (rc);
}

enum admin_rc
admin_master_key_rotate(const struct admin *admin)
{
	enum admin_rc result = ADMIN_FAILED;
	struct keeper *keeper = NULL;
	struct store *store = NULL;
	enum admin_rc opened;
	struct reseal reseal = { 0 };
	struct chain *chain = NULL;
	uint32_t key_id;
	char id[ID_LEN + 1];

	opened = admin_open(admin, STORE_WRITE, &store, &keeper);
	if (opened != ADMIN_DONE)
		return (opened);
	key_id = store_active_key(store);
	/* What an earlier rotation has left to do comes first. */
	if (!reseal_all(admin, store, keeper, key_id, &reseal))
		goto done;
	if (reseal.done > 0) {
		log_info("an earlier rotation is finished; run this again for "
		    "a new master key");
	} else if ((chain = chain_new(keeper)) == NULL ||
	    !begin_rotation(admin, store, chain, &key_id) ||
	    !reseal_all(admin, store, keeper, key_id, &reseal)) {
		goto done;
	}
	put_id(id, key_id);
	if (reseal.unopened > 0)
		log_error("%" PRId64 " boxes do not open and stay under "
		    "former keys", reseal.unopened);
	else if (print_rotation(admin, id, &reseal) == 0 && admin_flush())
		result = ADMIN_DONE;
	else
		log_error("master key %s is in use for all boxes, though that "
		    "could not be printed", id);
done:
	chain_free(chain);
	store_close(store);
	keeper_close(keeper);
	return (result);
}

/* The list under way: what it is written to, and which prints were seen. */
struct status {
	struct store_box_counts counts;
	struct table *table;
	struct json_out *array;
	struct keyring_print prints[KEYRING_MAX + 1];
	bool is_listed[KEYRING_MAX + 1];
	size_t count;
};

static void
add_row(struct status *status, const struct store_master_key *key,
    bool is_in_file)
{
	int64_t count = store_boxes_under(&status->counts, key->key_id);
	struct json_out *item;
	char id[ID_LEN + 1], boxes[32];

	put_id(id, key->key_id);
	if (status->array == NULL) {
		snprintf(boxes, sizeof boxes, "%" PRId64, count);
		table_add(status->table, id);
		table_add(status->table, key->state);
		table_add(status->table, key->state_since);
		table_add(status->table, key->created_at);
		table_add(status->table, boxes);
		table_add(status->table, is_in_file ? "yes" : "no");
		return;
	}
	item = json_out_object();
	json_out_text(item, "key_id", id);
	json_out_text(item, "state", key->state);
	json_out_text(item, "state_since", key->state_since);
	json_out_text(item, "created_at", key->created_at);
	json_out_number(item, "boxes", (long)count);
	json_out_bool(item, "in_file", is_in_file);
	json_out_append(status->array, item);
}

static void
list_key(struct status *status, const struct store_master_key *key)
{
	bool is_in_file = false;
	size_t i;

	for (i = 1; i < status->count; i++)
		if (status->prints[i].key_id == key->key_id)
			is_in_file = status->is_listed[i] = true;
	add_row(status, key, is_in_file);
}

/* Keys of the file that no database knows: a rotation was killed. */
static void
list_others(struct status *status)
{
	struct store_master_key key = { .state = "new" };
	size_t i;

	for (i = 1; i < status->count; i++) {
		if (status->is_listed[i])
			continue;
		key.key_id = status->prints[i].key_id;
		add_row(status, &key, true);
	}
}

/* Read what there is to list. */
static enum store_rc
list_all(struct store *store, struct status *status)
{
	struct store_master_key *key;
	struct arena arena = { 0 };
	enum store_rc rc;

	rc = store_box_count(store, &status->counts);
	if (rc == STORE_OK)
		rc = store_master_key_list(store, &arena, &key);
	for (; rc == STORE_OK && key != NULL; key = key->next)
		list_key(status, key);
	if (rc == STORE_OK)
		list_others(status);
	arena_fini(&arena);
	return (rc);
}

enum admin_rc
admin_master_key_status(const struct admin *admin)
{
	enum admin_rc result = ADMIN_FAILED;
	struct keeper *keeper = NULL;
	struct store *store = NULL;
	enum admin_rc opened;
	struct status status = { 0 };
	struct table table;

	opened = admin_open(admin, STORE_READ, &store, &keeper);
	if (opened != ADMIN_DONE)
		return (opened);
	table_init(&table, head, COLUMNS);
	status.table = &table;
	if (admin->is_json)
		status.array = json_out_array();
	status.count = keyring_prints(keeper_borrow(keeper), status.prints);
	keeper_return(keeper);
	if (list_all(store, &status) == STORE_OK && (admin->is_json ?
	    json_out_print(status.array) : table_print(&table)) == 0)
		result = ADMIN_DONE;
	json_out_free(status.array);
	table_fini(&table);
	store_close(store);
	keeper_close(keeper);
	return (result);
}
