#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "secrets/apikey.h"
#include "ground/ident.h"
#include "ground/integration.h"
#include "secrets/keyring.h"
#include "store/store_types.h"

/*
 * The rows that are kept, and the back ends that keep them. Functions log a
 * failure of the world once, where it is seen, and return its kind. A store
 * belongs to one thread at a time.
 */
struct store;

/*
 * Make a database that remembers the keys of prints, the last of which is in
 * use. STORE_CONFLICT: it exists. After another failure there is none.
 */
enum store_rc store_create(const struct store_conf *conf,
    const struct keyring_print *prints, size_t count)
    __attribute__((warn_unused_result));

/*
 * Open a database whose schema is the one of this program; STORE_NEWER or
 * STORE_OLDER where it is not. On STORE_OK *store is the caller's.
 */
enum store_rc store_open(struct store **store, const struct store_conf *conf,
    enum store_mode mode) __attribute__((warn_unused_result));

/* Takes NULL. */
void store_close(struct store *store);

/* Whether two stores are one database, not one in the other's place. */
bool store_is_same(const struct store *one, const struct store *other);

/* The version of the back end's library, 3040001 for SQLite 3.40.1. */
int store_library_version(void);

/* Take the stamp of this moment; false where it cannot be had cheaply. */
bool store_stamp(struct store *store, struct store_stamp *stamp);

/*
 * Whether one commit and no other lies between two stamps. With the first of
 * them taken in a transaction, that commit is the transaction's.
 */
bool store_stamp_is_next(const struct store *store,
    const struct store_stamp *before, const struct store_stamp *after);

/* Whether the database answers. */
enum store_rc store_ping(struct store *store)
    __attribute__((warn_unused_result));

/*
 * A transaction under the lock that every commit and checkpoint holds, in
 * this process and others; STORE_BUSY when it is not had within timeout_ms,
 * STORE_NEWER when the schema was upgraded meanwhile. After store_commit or
 * store_rollback, whatever they return, it is over and the lock is given back.
 */
enum store_rc store_begin(struct store *store, int timeout_ms)
    __attribute__((warn_unused_result));
enum store_rc store_commit(struct store *store)
    __attribute__((warn_unused_result));
void store_rollback(struct store *store);

/* How long this store's last commit left the write-ahead log, in bytes. */
size_t store_log_size(const struct store *store);

/*
 * Bring the write-ahead log into the database when this store's last commit
 * left it longer than log_bytes. Does nothing where the lock is not free. A
 * process that is about to end truncates the log as well: its successor
 * would not know what was brought in already.
 */
void store_checkpoint(struct store *store, size_t log_bytes,
    enum store_log after);

/*
 * The version of the schema that the database has, and the one of this
 * program.
 */
enum store_rc store_schema(struct store *store, int *has, int *wants)
    __attribute__((warn_unused_result));

/*
 * Bring the schema to this program's version, in one transaction. The store
 * is good for nothing but store_close afterwards.
 */
enum store_rc store_upgrade(struct store *store, int timeout_ms)
    __attribute__((warn_unused_result));

/*
 * See that all keys that the database remembers are in prints, but those that
 * are retired; else STORE_OTHER_KEY. prints may have keys that the database
 * does not know yet.
 */
enum store_rc store_keys_check(struct store *store,
    const struct keyring_print *prints, size_t count)
    __attribute__((warn_unused_result));

/*
 * The id of the master key that new boxes are to be sealed with, as it was
 * when the store was opened, or at its last store_begin.
 */
uint32_t store_active_key(const struct store *store);

/* A master key. Texts are borrowed. */
struct store_master_key {
	uint32_t key_id;
	const char *state;		/* "active", "old" or "retired" */
	const char *created_at;
	const char *state_since;
};

/* Call each with every master key, oldest first, until it returns non-zero. */
enum store_rc store_master_key_list(struct store *store,
    int (*each)(void *, const struct store_master_key *), void *cookie)
    __attribute__((warn_unused_result));

/* The state of the one of that id, or STORE_NOT_FOUND. */
enum { STORE_STATE_MAX = 7 };
enum store_rc store_master_key_find(struct store *store, uint32_t key_id,
    char state[STORE_STATE_MAX + 1]) __attribute__((warn_unused_result));

/*
 * Inside a transaction: register a key. It is active from then on, and the
 * one that was is old. STORE_CONFLICT: its id is known already.
 */
enum store_rc store_master_key_add(struct store *store,
    const struct keyring_print *print, const char *now)
    __attribute__((warn_unused_result));

/*
 * Inside a transaction: let a key that is not active be "old" or "retired".
 * Boxes under a retired one are refused from then on, in every process.
 * STORE_NOT_FOUND: there is none of that id, or it is active.
 */
enum store_rc store_master_key_mark(struct store *store, uint32_t key_id,
    const char *state, const char *now) __attribute__((warn_unused_result));

/* A sealed box and its row. Texts and box are borrowed. */
struct store_box {
	int64_t row;
	const char *integration_id;
	const char *created_by;
	const char *unique_identifier;
	const void *box;
	size_t len;
};

/*
 * Call each with every box that is under another key than key_id, in rows
 * beyond after, in order, until it returns non-zero.
 */
enum store_rc store_box_list(struct store *store, uint32_t key_id,
    int64_t after, int (*each)(void *, const struct store_box *),
    void *cookie) __attribute__((warn_unused_result));

/*
 * Inside a transaction: put a box in the place of the one that was listed, as
 * long as that one is still there; else STORE_NOT_FOUND.
 */
enum store_rc store_box_replace(struct store *store,
    const struct store_box *was, const void *box, size_t len)
    __attribute__((warn_unused_result));

/* An API key as it is kept. Texts are borrowed; NULL: none. */
struct store_key {
	const char *public_id;
	const char *user;
	const char *name;
	const char *created_at;
	const char *expires_at;
	const char *revoked_at;
};

enum { STORE_USER_MAX = 255 * 4 };	/* bytes of 255 code points */

/* What a request needs to know of its key. */
struct store_found_key {
	char public_id[APIKEY_PUBLIC_ID_LEN + 1];
	char user[STORE_USER_MAX + 1];
	char expires_at[IDENT_TIME_LEN + 1];	/* empty: never */
	bool is_revoked;
};

/* Find a key by its hash: STORE_OK, STORE_NOT_FOUND or STORE_UNAVAILABLE. */
enum store_rc store_key_find(struct store *store,
    const unsigned char hash[APIKEY_HASH_LEN], struct store_found_key *key)
    __attribute__((warn_unused_result));

/* Add a key; STORE_CONFLICT where its hash or public id is there already. */
enum store_rc store_key_add(struct store *store,
    const unsigned char hash[APIKEY_HASH_LEN], const struct store_key *key)
    __attribute__((warn_unused_result));

/*
 * Mark a key as revoked at a moment, if it is not yet; STORE_NOT_FOUND where
 * there is none.
 */
enum store_rc store_key_revoke(struct store *store, const char *public_id,
    const char *revoked_at) __attribute__((warn_unused_result));

/* Call each with every key, oldest first, until it returns non-zero. */
enum store_rc store_key_list(struct store *store,
    int (*each)(void *, const struct store_key *), void *cookie)
    __attribute__((warn_unused_result));

/*
 * One save. row is what to store; members whose *_given is false are for
 * creation only and leave an existing row as it is. A generated
 * unique_identifier always creates.
 */
struct store_save {
	struct integration row;
	bool is_generated;
	bool only_new;			/* leave what exists as it is */
	bool old_key_will_do;		/* for the box; not a retired one */
	bool status_given;
	bool active_given;
	bool auth_data_given;
	bool scope_data_given;
	bool metadata_given;
	/* What an existing row kept, when row comes to point here. */
	char kept_integration_id[IDENT_UUID_LEN + 1];
	char kept_created_at[IDENT_TIME_LEN + 1];
	char *kept_metadata;		/* the caller's to free(3) */
};

/*
 * Save inside a transaction. On STORE_OK row reads as the row that is stored,
 * except for auth_data, scope_data and updated_at. On STORE_CONFLICT its
 * integration_type is the one that exists. On STORE_EXISTS, which only_new
 * asks for, nothing has changed. On STORE_SEAL_AGAIN the box is under a former
 * key, and is to be sealed again. All of them leave the transaction good, as
 * STORE_ROW_FAILED does; after any other result it must be rolled back.
 */
enum store_rc store_save(struct store *store, struct store_save *save)
    __attribute__((warn_unused_result));

/*
 * Call each with every integration, or those of user, oldest first, until it
 * returns non-zero.
 */
enum store_rc store_integration_list(struct store *store, const char *user,
    int (*each)(void *, const struct integration *), void *cookie)
    __attribute__((warn_unused_result));

/* Call each with the integration of that id, or return STORE_NOT_FOUND. */
enum store_rc store_integration_find(struct store *store,
    const char *integration_id,
    int (*each)(void *, const struct integration *), void *cookie)
    __attribute__((warn_unused_result));

/*
 * Call each with the id of every master key that boxes are under and how many
 * they are, until it returns non-zero; 0 stands for what is no box.
 */
enum store_rc store_box_count(struct store *store,
    int (*each)(void *, uint32_t key_id, int64_t boxes), void *cookie)
    __attribute__((warn_unused_result));

/*
 * Copy the database, as it is at one moment, while others save, into a new
 * file, mode 0600: synced, whole without a log beside it, opening as it is.
 * Every save that was answered before is in it. STORE_CONFLICT: path exists.
 * After a failure there is none. With journal_mode=TRUNCATE no save commits
 * meanwhile.
 */
enum store_rc store_backup(struct store *store, const char *path)
    __attribute__((warn_unused_result));

/* Call each with every complaint of the database's own integrity check. */
enum store_rc store_check(struct store *store,
    int (*each)(void *, const char *), void *cookie)
    __attribute__((warn_unused_result));

#endif
