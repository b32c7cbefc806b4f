/*
 * The store: picks the back end, of which there is one, and hands every call
 * on to it.
 */
#include "config.h"

#include "store/store_ops.h"

enum store_rc
store_create(const struct store_conf *conf,
    const struct keyring_print *prints, size_t count)
{
	return (store_sqlite_create(conf, prints, count));
}

enum store_rc
store_open(struct store **store, const struct store_conf *conf,
    enum store_mode mode)
{
	return (store_sqlite_open(store, conf, mode));
}

void
store_close(struct store *store)
{
	if (store != NULL)
		store->ops->close(store);
}

bool
store_is_same(const struct store *one, const struct store *other)
{
	return (one->ops == other->ops && one->ops->is_same(one, other));
}

int
store_library_version(void)
{
	return (store_sqlite_library_version());
}

bool
store_stamp(struct store *store, struct store_stamp *stamp)
{
	return (store->ops->stamp(store, stamp));
}

bool
store_stamp_is_next(const struct store *store,
    const struct store_stamp *before, const struct store_stamp *after)
{
	return (store->ops->stamp_is_next(before, after));
}

enum store_rc
store_ping(struct store *store)
{
	return (store->ops->ping(store));
}

enum store_rc
store_begin(struct store *store, int timeout_ms)
{
	return (store->ops->begin(store, timeout_ms));
}

enum store_rc
store_commit(struct store *store)
{
	return (store->ops->commit(store));
}

void
store_rollback(struct store *store)
{
	store->ops->rollback(store);
}

size_t
store_log_size(const struct store *store)
{
	return (store->ops->log_size(store));
}

void
store_checkpoint(struct store *store, size_t log_bytes, enum store_log after)
{
	store->ops->checkpoint(store, log_bytes, after);
}

enum store_rc
store_schema(struct store *store, int *has, int *wants)
{
	return (store->ops->schema(store, has, wants));
}

enum store_rc
store_upgrade(struct store *store, int timeout_ms)
{
	return (store->ops->upgrade(store, timeout_ms));
}

enum store_rc
store_keys_check(struct store *store, const struct keyring_print *prints,
    size_t count)
{
	return (store->ops->keys_check(store, prints, count));
}

uint32_t
store_active_key(const struct store *store)
{
	return (store->ops->active_key(store));
}

enum store_rc
store_master_key_list(struct store *store,
    int (*each)(void *, const struct store_master_key *), void *cookie)
{
	return (store->ops->master_key_list(store, each, cookie));
}

enum store_rc
store_master_key_find(struct store *store, uint32_t key_id,
    char state[STORE_STATE_MAX + 1])
{
	return (store->ops->master_key_find(store, key_id, state));
}

enum store_rc
store_master_key_add(struct store *store, const struct keyring_print *print,
    const char *now)
{
	return (store->ops->master_key_add(store, print, now));
}

enum store_rc
store_master_key_mark(struct store *store, uint32_t key_id, const char *state,
    const char *now)
{
	return (store->ops->master_key_mark(store, key_id, state, now));
}

enum store_rc
store_box_list(struct store *store, uint32_t key_id, int64_t after,
    int (*each)(void *, const struct store_box *), void *cookie)
{
	return (store->ops->box_list(store, key_id, after, each, cookie));
}

enum store_rc
store_box_replace(struct store *store, const struct store_box *was,
    const void *box, size_t len)
{
	return (store->ops->box_replace(store, was, box, len));
}

enum store_rc
store_key_find(struct store *store, const unsigned char hash[APIKEY_HASH_LEN],
    struct store_found_key *key)
{
	return (store->ops->key_find(store, hash, key));
}

enum store_rc
store_key_add(struct store *store, const unsigned char hash[APIKEY_HASH_LEN],
    const struct store_key *key)
{
	return (store->ops->key_add(store, hash, key));
}

enum store_rc
store_key_revoke(struct store *store, const char *public_id,
    const char *revoked_at)
{
	return (store->ops->key_revoke(store, public_id, revoked_at));
}

enum store_rc
store_key_list(struct store *store,
    int (*each)(void *, const struct store_key *), void *cookie)
{
	return (store->ops->key_list(store, each, cookie));
}

enum store_rc
store_save(struct store *store, struct store_save *save)
{
	return (store->ops->save(store, save));
}

enum store_rc
store_integration_list(struct store *store, const char *user,
    int (*each)(void *, const struct integration *), void *cookie)
{
	return (store->ops->integration_list(store, user, each, cookie));
}

enum store_rc
store_integration_find(struct store *store, const char *integration_id,
    int (*each)(void *, const struct integration *), void *cookie)
{
	return (store->ops->integration_find(store, integration_id, each,
	    cookie));
}

enum store_rc
store_box_count(struct store *store, int (*each)(void *, uint32_t, int64_t),
    void *cookie)
{
	return (store->ops->box_count(store, each, cookie));
}

enum store_rc
store_backup(struct store *store, const char *path)
{
	return (store->ops->backup(store, path));
}

enum store_rc
store_check(struct store *store, int (*each)(void *, const char *),
    void *cookie)
{
	return (store->ops->check(store, each, cookie));
}
