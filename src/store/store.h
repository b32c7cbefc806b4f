#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/arena.h"
#include "ground/field_lines.h"
#include "ground/ident.h"
#include "ground/integration.h"
#include "ground/room.h"
#include "secrets/apikey.h"
#include "secrets/keyring.h"
#include "store/store_filter.h"
#include "store/store_types.h"

/*
 * The rows that are kept, whatever back end keeps them; what is done for its
 * files is in store_upkeep.h. Functions log a failure of the world once, where
 * it is seen, and return its kind. A store belongs to one thread at a time.
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

/*
 * The same; ask, which may be NULL, is called where what is looked for later
 * on can come with the lock: it calls such as store_save_ask.
 */
enum store_rc store_begin_asking(struct store *store, int timeout_ms,
    void (*ask)(struct store *store, void *cookie), void *cookie)
    __attribute__((warn_unused_result));

/*
 * Before the rollback after a failure, or after a commit that has failed:
 * whether it may be that of any change since store_begin, not of the last.
 */
bool store_has_failed_late(const struct store *store);

/*
 * After a commit that has failed: whether it was not tried, and would go well
 * the next time, as nothing has failed but what is done beside it.
 */
bool store_is_undone(const struct store *store);

/*
 * After a commit that has failed: whether it may be there all the same. Then
 * store_recall may be asked, until it tells: STORE_OK, it is there, and as
 * durable as any; STORE_NOT_FOUND, it is not and never will be; else that is
 * not known yet. It waits for timeout_ms at most for the lock.
 */
bool store_is_unsure(const struct store *store);
enum store_rc store_recall(struct store *store, int timeout_ms)
    __attribute__((warn_unused_result));

/* Say that the lock was not had, by log_error or another of its kind. */
void store_complain_busy(void (*say)(const char *format, ...),
    int waited_ms);

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

/* A master key; the texts lie in the arena that it was read into. */
struct store_master_key {
	uint32_t key_id;
	const char *state;		/* "active", "old" or "retired" */
	const char *created_at;
	const char *state_since;
	struct store_master_key *next;
};

/*
 * Read all master keys, oldest first, of which there are few, into arena,
 * which is emptied first. *keys is the first, NULL where there is none.
 */
enum store_rc store_master_key_list(struct store *store, struct arena *arena,
    struct store_master_key **keys) __attribute__((warn_unused_result));

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

/*
 * How many boxes are under which master key, in the order of the keys' ids; 0
 * stands for what is no box. No key file has more keys.
 */
enum { STORE_COUNTS_MAX = 2 * KEYRING_MAX };
struct store_box_counts {
	size_t count;
	struct {
		uint32_t key_id;
		int64_t boxes;
	} of[STORE_COUNTS_MAX];
};

/*
 * Count all boxes, some rows at a time, holding up nobody. Inside a
 * transaction the counts are of one moment. Otherwise a box that is there
 * throughout is counted once, and one that was replaced meanwhile once, under
 * its former key or the new one.
 */
enum store_rc store_box_count(struct store *store,
    struct store_box_counts *counts) __attribute__((warn_unused_result));

/* How many of them are under one key. */
int64_t store_boxes_under(const struct store_box_counts *counts,
    uint32_t key_id);

/*
 * Inside a transaction: put a box in the place of the one that was read with
 * its row, as long as that one is still there; else STORE_NOT_FOUND.
 */
enum store_rc store_box_replace(struct store *store,
    const struct integration *was, const void *box, size_t len)
    __attribute__((warn_unused_result));

/* An API key as it is kept. Texts are borrowed; NULL: none. */
struct store_key {
	const char *public_id;
	const char *user;
	const char *name;
	const char *created_at;
	const char *expires_at;
	const char *revoked_at;
	const char *term;		/* its end before it was rotated */
	unsigned scopes;		/* enum scope */
	unsigned types;			/* of integration_types; or WORDS_ALL */
	const char *replaces;		/* the key that became this one */
	const char *replaced_by;
	const char *last_used_at;
};

enum { STORE_USER_MAX = 255 * 4 };	/* bytes of 255 code points */

/* What a request needs to know of its key. */
struct store_found_key {
	char public_id[APIKEY_PUBLIC_ID_LEN + 1];
	char user[STORE_USER_MAX + 1];
	char expires_at[IDENT_TIME_LEN + 1];	/* empty: never */
	char last_used_at[IDENT_TIME_LEN + 1];	/* empty: not known */
	bool is_revoked;
	bool is_new;		/* in another's place, and not used yet */
	unsigned scopes;
	unsigned types;
};

/* Find a key by its hash: STORE_OK, STORE_NOT_FOUND or STORE_UNAVAILABLE. */
enum store_rc store_key_find(struct store *store,
    const unsigned char hash[APIKEY_HASH_LEN], struct store_found_key *key)
    __attribute__((warn_unused_result));

/*
 * Read the key of that public id into arena, which is emptied first, or
 * STORE_NOT_FOUND.
 */
enum store_rc store_operator_key(struct store *store, const char *public_id,
    struct arena *arena, struct store_key *key)
    __attribute__((warn_unused_result));

/* Add a key; STORE_CONFLICT where its hash or public id is there already. */
enum store_rc store_key_add(struct store *store,
    const unsigned char hash[APIKEY_HASH_LEN], const struct store_key *key)
    __attribute__((warn_unused_result));

/*
 * Mark a key, and what has taken its place, as revoked at a moment, if it is
 * not yet; STORE_NOT_FOUND where there is none.
 */
enum store_rc store_key_revoke(struct store *store, const char *public_id,
    const char *revoked_at) __attribute__((warn_unused_result));

/*
 * One save. row is what to store; members whose *_given is false are for
 * creation only and leave an existing row as it is. A generated
 * unique_identifier always creates. What is asked for stays as it is, so that
 * a save that was rolled back can be run again.
 */
struct store_save {
	struct integration row;
	/* STORE_PRECONDITION where the row that is there does not meet them. */
	struct field_lines if_match;
	struct field_lines if_none_match;
	bool is_generated;
	bool only_new;			/* leave what exists as it is */
	bool old_key_will_do;		/* for the box; not a retired one */
	bool status_given;
	bool active_given;
	bool auth_data_given;
	bool scope_data_given;
	bool metadata_given;
	struct room *room;		/* for what is kept; lent, or NULL */
	/* What has come of it. */
	struct integration stored;
	/* What an existing row kept, when stored comes to point here. */
	char kept_integration_id[IDENT_UUID_LEN + 1];
	char kept_created_at[IDENT_TIME_LEN + 1];
	char kept_expires_at[IDENT_TIME_LEN + 1];
	char *kept_metadata;		/* the caller's to free(3) */
};

/*
 * Save inside a transaction. On STORE_OK stored reads as the row that is
 * stored, except for auth_data, scope_data and what comes of these two. On
 * STORE_CONFLICT its integration_type and integration_id are those that exist.
 * On STORE_EXISTS, which only_new asks for, nothing has changed, and the
 * integration_id is the one that exists. On STORE_PRECONDITION nothing has
 * changed. On STORE_SEAL_AGAIN the box is under a former key, and is to be
 * sealed again. On STORE_LACKS nothing has changed, for room has none. All of
 * them leave the transaction good, as STORE_ROW_FAILED does; after any other
 * result it must be rolled back.
 */
enum store_rc store_save(struct store *store, struct store_save *save)
    __attribute__((warn_unused_result));

/* In store_begin_asking: ask for the row that such a save will look for. */
void store_save_ask(struct store *store, const struct store_save *save);

/*
 * For whom something is done: no function that serves a request can do without
 * it. What is another user's, or of another type, is not there.
 */
struct store_asker {
	const char *user;
	unsigned types;			/* of integration_types, or WORDS_ALL */
};

/* Columns that are read on request; without it they are NULL. */
enum store_columns {
	STORE_DATA = 1 << 0,		/* metadata, scope_data */
	STORE_BOX = 1 << 1		/* auth_data */
};

/*
 * Read the asker's integration of that id into arena, which is emptied first,
 * or STORE_NOT_FOUND: in the same time, whatever the reason is.
 */
enum store_rc store_find(struct store *store, const struct store_asker *asker,
    const char *integration_id, unsigned columns, struct arena *arena,
    struct integration *row) __attribute__((warn_unused_result));

/* What is known of an integration beside its row. Texts are empty: none. */
struct store_use {
	char last_revealed_at[IDENT_TIME_LEN + 1];
	int64_t reveal_count;
	char lease_id[IDENT_UUID_LEN + 1];	/* of a lease that holds now */
	char lease_until[IDENT_TIME_LEN + 1];
};

/* Read it; of a row that is not there nothing is known. */
enum store_rc store_use(struct store *store, const char *integration_id,
    struct store_use *use) __attribute__((warn_unused_result));

/*
 * Rows are read in pages, and each page is a read of its own that is over when
 * the call returns: whatever becomes of its rows then, and however long it
 * takes, it holds up no commit and no checkpoint. Rows that are there
 * throughout come exactly once; one that comes or goes between two pages may
 * be among them or not.
 *
 * What is read lies in an arena that the caller lends. It is emptied first, so
 * that the rows last until its next use.
 *
 * A page ends when it has limit rows; before the row by which it would pass
 * STORE_PAGE_BYTES, after one at the least; and when STORE_LOOK_ROWS were
 * looked at, or STORE_LOOK_BYTES of them, wanted or not. So one that is short,
 * or empty, need not be the last.
 */
enum {
	STORE_PAGE_BYTES = 1 << 20,
	STORE_LOOK_ROWS = 2000,
	STORE_LOOK_BYTES = 8 << 20
};

/* Where a page ended. All-zero: nowhere. */
struct store_cursor {
	int64_t place;			/* the back end's own */
	char moment[IDENT_TIME_LEN + 1];
	char id[IDENT_UUID_LEN + 1];
};

struct store_query {
	unsigned columns;
	const char *created_by;		/* of this owner; NULL: of all */
	const struct store_filter *filter;	/* NULL: all; a tag takes
					   STORE_DATA */
	uint32_t not_under;		/* 0, or with a box under another key;
					   takes STORE_BOX */
	size_t limit;			/* at least 1 */
	struct store_cursor after;	/* the page before, if there is one */
};

struct store_page {
	struct integration *rows;
	size_t count;
	struct store_cursor next;	/* what comes behind it is after this */
	bool is_last;
};

/* The orders of a list, for each of which there is an index. */
enum store_order {
	STORE_NEWEST,			/* created_at, integration_id, down */
	STORE_SOONEST			/* expires_at, integration_id, up; what
					   has no expires_at is not in it */
};

struct store_list {
	struct store_filter filter;
	enum store_order order;
	size_t limit;			/* at least 1 */
	struct store_cursor after;	/* moment and id; empty: all */
};

/*
 * Read a page of the asker's integrations, with metadata and without scope_data
 * and auth_data. No row of another user or type is looked at, so next, which
 * has moment and id of the last one that was, names none. Of a page that is not
 * the last there is something to look at behind it.
 */
enum store_rc store_list(struct store *store, const struct store_asker *asker,
    const struct store_list *list, struct arena *arena,
    struct store_page *page) __attribute__((warn_unused_result));

/*
 * The operator's view, across owners. A request has an owner, and nothing that
 * serves it may call these; t/00-layers.t looks.
 *
 * Read a page of integrations, oldest first.
 */
enum store_rc store_operator_page(struct store *store,
    const struct store_query *query, struct arena *arena,
    struct store_page *page) __attribute__((warn_unused_result));

/* Read the integration of that id, whosever it is, or STORE_NOT_FOUND. */
enum store_rc store_operator_find(struct store *store,
    const char *integration_id, unsigned columns, struct arena *arena,
    struct integration *row) __attribute__((warn_unused_result));

/* Read a page of all users' API keys, oldest first. */
struct store_key_page {
	struct store_key *keys;
	size_t count;
	struct store_cursor next;
	bool is_last;
};
enum store_rc store_operator_key_page(struct store *store,
    const struct store_cursor *after, size_t limit, struct arena *arena,
    struct store_key_page *page) __attribute__((warn_unused_result));

#endif
