#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store/db.h"
#include "store/store_ops.h"

/* What the files of the SQLite back end share. */

/* The closed table of statements; NULL ends sql. */
enum statement {
	PING,
	SCHEMA_VERSION,
	DATA_VERSION,
	MASTER_KEY_ADD,
	MASTER_KEY_STEP_DOWN,
	MASTER_KEY_MARK,
	MASTER_KEY_PRINTS,
	MASTER_KEY_STATES,
	MASTER_KEY_LIST,
	MASTER_KEY_FIND,
	BOX_LIST,
	BOX_REPLACE,
	KEY_FIND,
	KEY_ADD,
	KEY_EXISTS,
	KEY_REVOKE,
	KEY_LIST,
	SAVE_FIND,
	SAVE_INSERT,
	SAVE_UPDATE,
	LIST_ALL,
	LIST_OF_USER,
	FIND_ONE,
	BOX_COUNT,
	CHECK,
	STATEMENTS
};

extern const char *const store_sqlite_sql[];

/* Which master keys boxes may be under, as of data_version. */
struct store_sqlite_keys {
	bool is_known;
	int64_t data_version;
	uint32_t active;
	uint32_t in_use[KEYRING_MAX];	/* that one, and the old ones */
	size_t count;
};

struct store_sqlite {
	struct store store;
	struct db *db;
	struct store_sqlite_keys keys;
};

struct store_sqlite *store_sqlite_of(struct store *store);
struct db *store_sqlite_db(struct store *store);

/* See that the schema is this program's; else the reason is logged. */
enum store_rc store_sqlite_check_schema(struct db *db)
    __attribute__((warn_unused_result));

/* Which schema the database has, and which is the newest; as store_schema. */
enum store_rc store_sqlite_schema(struct store *store, int *has, int *wants)
    __attribute__((warn_unused_result));

/* Run the steps that the database lacks, in the transaction that is open. */
enum store_rc store_sqlite_apply(struct db *db)
    __attribute__((warn_unused_result));

/*
 * Bring the keys up to date, if another connection has committed since they
 * were read.
 */
enum store_rc store_sqlite_refresh(struct store_sqlite *store)
    __attribute__((warn_unused_result));

/* As store_master_key_add. */
enum store_rc store_sqlite_register(struct db *db,
    const struct keyring_print *print, const char *now)
    __attribute__((warn_unused_result));

/* Whether the box of a save, if it has one, is under a key that will do. */
bool store_sqlite_takes(const struct store *store,
    const struct store_save *save);

/* Step a statement that gives no rows, and release it. */
enum store_rc store_sqlite_finish(struct db_query *query)
    __attribute__((warn_unused_result));

/* A failed read is the database being away, whatever the library calls it. */
enum store_rc store_sqlite_as_read(enum store_rc rc);

/* Copy a column's text, NULL as none; -1 where it does not fit. */
int store_sqlite_copy(char *to, size_t size, const char *text)
    __attribute__((warn_unused_result));

/* Parts of the operations, as store.h says. */
enum store_rc store_sqlite_keys_check(struct store *,
    const struct keyring_print *, size_t);
uint32_t store_sqlite_active_key(const struct store *);
enum store_rc store_sqlite_master_key_list(struct store *,
    int (*)(void *, const struct store_master_key *), void *);
enum store_rc store_sqlite_master_key_find(struct store *, uint32_t,
    char[STORE_STATE_MAX + 1]);
enum store_rc store_sqlite_master_key_add(struct store *,
    const struct keyring_print *, const char *);
enum store_rc store_sqlite_master_key_mark(struct store *, uint32_t,
    const char *, const char *);
enum store_rc store_sqlite_box_list(struct store *, uint32_t, int64_t,
    int (*)(void *, const struct store_box *), void *);
enum store_rc store_sqlite_box_replace(struct store *,
    const struct store_box *, const void *, size_t);
enum store_rc store_sqlite_key_find(struct store *,
    const unsigned char[APIKEY_HASH_LEN], struct store_found_key *);
enum store_rc store_sqlite_key_add(struct store *,
    const unsigned char[APIKEY_HASH_LEN], const struct store_key *);
enum store_rc store_sqlite_key_revoke(struct store *, const char *,
    const char *);
enum store_rc store_sqlite_key_list(struct store *,
    int (*)(void *, const struct store_key *), void *);
enum store_rc store_sqlite_save(struct store *, struct store_save *);
enum store_rc store_sqlite_integration_list(struct store *, const char *,
    int (*)(void *, const struct integration *), void *);
enum store_rc store_sqlite_integration_find(struct store *, const char *,
    int (*)(void *, const struct integration *), void *);
enum store_rc store_sqlite_box_count(struct store *,
    int (*)(void *, uint32_t, int64_t), void *);

#endif
