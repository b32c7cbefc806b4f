#ifndef STORE_OPS_H
#define STORE_OPS_H

#include "store/store.h"
#include "store/store_audit.h"
#include "store/store_backfill.h"
#include "store/store_census.h"
#include "store/store_chain.h"
#include "store/store_change.h"
#include "store/store_erase.h"
#include "store/store_idempotency.h"
#include "store/store_key.h"
#include "store/store_reveal.h"
#include "store/store_upkeep.h"

/*
 * What a back end does: each operation stands here once, and the members of
 * its table, the declarations of its functions and the functions of the store
 * that hand a call on are made from it. What each is to do is said in store.h
 * and store_upkeep.h. store_save is sqlite_store_save in the back end in
 * SQLite, and so on.
 *
 * OP(what comes back, name, (parameters), (arguments)); PROC: nothing does.
 */
#define STORE_OPS(OP, PROC) \
	OP(enum store_rc, ping, (struct store *store), (store)) \
	OP(enum store_rc, begin, (struct store *store, int timeout_ms), \
	    (store, timeout_ms)) \
	OP(enum store_rc, commit, (struct store *store), (store)) \
	PROC(rollback, (struct store *store), (store)) \
	OP(enum store_rc, schema, \
	    (struct store *store, int *has, int *wants), (store, has, wants)) \
	OP(enum store_rc, upgrade, (struct store *store, int timeout_ms), \
	    (store, timeout_ms)) \
	OP(enum store_rc, keys_check, (struct store *store, \
	    const struct keyring_print *prints, size_t count), \
	    (store, prints, count)) \
	OP(uint32_t, active_key, (const struct store *store), (store)) \
	OP(enum store_rc, master_key_list, (struct store *store, \
	    struct arena *arena, struct store_master_key **keys), \
	    (store, arena, keys)) \
	OP(enum store_rc, master_key_find, (struct store *store, \
	    uint32_t key_id, char state[STORE_STATE_MAX + 1]), \
	    (store, key_id, state)) \
	OP(enum store_rc, master_key_add, (struct store *store, \
	    const struct keyring_print *print, const char *now), \
	    (store, print, now)) \
	OP(enum store_rc, master_key_mark, (struct store *store, \
	    uint32_t key_id, const char *state, const char *now), \
	    (store, key_id, state, now)) \
	OP(enum store_rc, box_count, (struct store *store, \
	    struct store_box_counts *counts), (store, counts)) \
	OP(enum store_rc, census, (struct store *store, \
	    struct store_census *census), (store, census)) \
	OP(enum store_rc, box_replace, (struct store *store, \
	    const struct integration *was, const void *box, size_t len), \
	    (store, was, box, len)) \
	OP(enum store_rc, key_find, (struct store *store, \
	    const unsigned char hash[APIKEY_HASH_LEN], \
	    struct store_found_key *key), (store, hash, key)) \
	OP(enum store_rc, operator_key, (struct store *store, \
	    const char *public_id, struct arena *arena, \
	    struct store_key *key), (store, public_id, arena, key)) \
	OP(enum store_rc, key_add, (struct store *store, \
	    const unsigned char hash[APIKEY_HASH_LEN], \
	    const struct store_key *key), (store, hash, key)) \
	OP(enum store_rc, key_revoke, (struct store *store, \
	    const char *public_id, const char *revoked_at), \
	    (store, public_id, revoked_at)) \
	OP(enum store_rc, key_own, (struct store *store, \
	    const struct store_asker *asker, const char *public_id, \
	    struct arena *arena, struct store_key *key), \
	    (store, asker, public_id, arena, key)) \
	OP(enum store_rc, key_page, (struct store *store, \
	    const struct store_asker *asker, \
	    const struct store_cursor *after, size_t limit, \
	    struct arena *arena, struct store_key_page *page), \
	    (store, asker, after, limit, arena, page)) \
	OP(enum store_rc, key_use, (struct store *store, \
	    const char *public_id, const char *at), (store, public_id, at)) \
	OP(enum store_rc, key_use_first, (struct store *store, \
	    const char *public_id, const char *at), (store, public_id, at)) \
	OP(enum store_rc, key_replace, (struct store *store, \
	    const char *public_id, const char *replaced_by, \
	    const char *ends_at), (store, public_id, replaced_by, ends_at)) \
	OP(enum store_rc, audit_add, (struct store *store, \
	    const struct store_audit *entry), (store, entry)) \
	OP(enum store_rc, audit_list, (struct store *store, \
	    const struct store_asker *asker, \
	    const struct store_audit_query *query, struct arena *arena, \
	    struct store_audit_list *list), \
	    (store, asker, query, arena, list)) \
	OP(enum store_rc, chain_page, (struct store *store, int64_t after, \
	    int64_t owner, size_t limit, struct arena *arena, \
	    struct store_audit_page *page), \
	    (store, after, owner, limit, arena, page)) \
	OP(enum store_rc, chain_head, (struct store *store, \
	    struct arena *arena, struct store_audit_row *row), \
	    (store, arena, row)) \
	OP(enum store_rc, chain_anchor, (struct store *store, \
	    struct arena *arena, struct store_audit_row *row), \
	    (store, arena, row)) \
	OP(enum store_rc, chain_drop, (struct store *store, int64_t up_to), \
	    (store, up_to)) \
	OP(enum store_rc, chain_empty, (struct store *store, \
	    const struct chain *chain, const char *user, size_t limit, \
	    int64_t *count, unsigned char cover[CHAIN_HASH_LEN]), \
	    (store, chain, user, limit, count, cover)) \
	OP(enum store_rc, operator_erase_keys, (struct store *store, \
	    const char *user, int64_t limit, int64_t *count), \
	    (store, user, limit, count)) \
	OP(enum store_rc, operator_erase_integrations, \
	    (struct store *store, const char *user, int64_t limit, \
	    int64_t *count), (store, user, limit, count)) \
	OP(enum store_rc, operator_erase_answers, (struct store *store, \
	    const char *user, int64_t limit, int64_t *after, bool *is_last, \
	    int64_t *count), (store, user, limit, after, is_last, count)) \
	OP(enum store_rc, save, (struct store *store, \
	    struct store_save *save), (store, save)) \
	OP(enum store_rc, change, (struct store *store, \
	    struct store_change *change), (store, change)) \
	OP(enum store_rc, delete, (struct store *store, \
	    struct store_deletion *deletion), (store, deletion)) \
	OP(enum store_rc, lease_grant, (struct store *store, \
	    struct store_lease *lease), (store, lease)) \
	OP(enum store_rc, lease_release, (struct store *store, \
	    struct store_lease *lease), (store, lease)) \
	OP(enum store_rc, idempotency_find, (struct store *store, \
	    const unsigned char *request, struct arena *arena, \
	    struct store_idempotency *found), \
	    (store, request, arena, found)) \
	OP(enum store_rc, idempotency_add, (struct store *store, \
	    const struct store_idempotency *record), (store, record)) \
	OP(enum store_rc, find, (struct store *store, \
	    const struct store_asker *asker, const char *integration_id, \
	    unsigned columns, struct arena *arena, \
	    struct integration *row), \
	    (store, asker, integration_id, columns, arena, row)) \
	OP(enum store_rc, reveal, (struct store *store, \
	    const struct store_asker *asker, \
	    const struct store_reveal *reveal), (store, asker, reveal)) \
	OP(enum store_rc, operator_reveal, (struct store *store, \
	    const struct store_reveal *reveal), (store, reveal)) \
	OP(enum store_rc, backfill_read, (struct store *store, \
	    size_t limit, struct arena *arena, \
	    struct store_backfill *batch), (store, limit, arena, batch)) \
	OP(enum store_rc, backfill_write, (struct store *store, \
	    const struct store_backfill *batch), (store, batch)) \
	OP(enum store_rc, use, (struct store *store, \
	    const char *integration_id, struct store_use *use), \
	    (store, integration_id, use)) \
	OP(enum store_rc, list, (struct store *store, \
	    const struct store_asker *asker, const struct store_list *list, \
	    struct arena *arena, struct store_page *page), \
	    (store, asker, list, arena, page)) \
	OP(enum store_rc, operator_page, (struct store *store, \
	    const struct store_query *query, struct arena *arena, \
	    struct store_page *page), (store, query, arena, page)) \
	OP(enum store_rc, operator_find, (struct store *store, \
	    const char *integration_id, unsigned columns, \
	    struct arena *arena, struct integration *row), \
	    (store, integration_id, columns, arena, row)) \
	OP(enum store_rc, operator_key_page, (struct store *store, \
	    const struct store_cursor *after, size_t limit, \
	    struct arena *arena, struct store_key_page *page), \
	    (store, after, limit, arena, page))

/* The same for a database in files. */
#define STORE_UPKEEP_OPS(OP, PROC) \
	OP(bool, is_in_place, (struct store *store), (store)) \
	OP(bool, is_same, \
	    (const struct store *store, const struct store *other), \
	    (store, other)) \
	OP(bool, stamp, (struct store *store, struct store_stamp *stamp), \
	    (store, stamp)) \
	OP(bool, stamp_is_next, (const struct store *store, \
	    const struct store_stamp *before, \
	    const struct store_stamp *after), (store, before, after)) \
	OP(size_t, log_size, (const struct store *store), (store)) \
	PROC(checkpoint, (struct store *store, size_t log_bytes, \
	    enum store_log after), (store, log_bytes, after)) \
	OP(enum store_rc, backup, (struct store *store, const char *path), \
	    (store, path)) \
	OP(enum store_rc, backup_open, (struct store *store, int *fd), \
	    (store, fd)) \
	OP(enum store_rc, restore, \
	    (struct store *store, const char *path, int timeout_ms), \
	    (store, path, timeout_ms)) \
	OP(enum store_rc, check, (struct store *store, \
	    struct arena *arena, struct store_complaint **complaints), \
	    (store, arena, complaints))

#define STORE_MEMBER(type, name, parameters, arguments) \
	type (*name) parameters;
#define STORE_MEMBER_PROC(name, parameters, arguments) \
	void (*name) parameters;

struct store_ops {
	void (*close)(struct store *store);
	STORE_OPS(STORE_MEMBER, STORE_MEMBER_PROC)
	STORE_UPKEEP_OPS(STORE_MEMBER, STORE_MEMBER_PROC)
};

/* A back end's own structure begins with this. */
struct store {
	const struct store_ops *ops;
};

#endif
