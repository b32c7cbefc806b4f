#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "db.h"
#include "store_ops.h"

/* What the files of the SQLite back end share. */

/* The closed table of statements; NULL ends sql. */
enum statement {
	PING,
	SCHEMA_VERSION,
	MASTER_KEY_ADD,
	MASTER_KEY_LIST,
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

struct store_sqlite {
	struct store store;
	struct db *db;
};

struct db *store_sqlite_db(struct store *store);

/* Step a statement that gives no rows, and release it. */
enum store_rc store_sqlite_finish(struct db_query *query)
    __attribute__((warn_unused_result));

/* A failed read is the database being away, whatever the library calls it. */
enum store_rc store_sqlite_as_read(enum store_rc rc);

/* Copy a column's text, NULL as none; -1 where it does not fit. */
int store_sqlite_copy(char *to, size_t size, const char *text)
    __attribute__((warn_unused_result));

/* Parts of the operations, as store.h says. */
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
