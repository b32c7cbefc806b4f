#ifndef ROWS_H
#define ROWS_H

#include "store/db.h"
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

/* What the files of the store share, whatever database is behind them. */

/* At least as many as there are types of integrations. */
enum { ROWS_TYPES = 8 };

/* The closed table of statements; NULL ends the words for each. */
enum statement {
	PING,
	SERVER,
	SCHEMA_EXISTS,
	SCHEMA_VERSION,
	DATA_VERSION,
	TOUCH,
	MASTER_KEY_ADD,
	MASTER_KEY_STEP_DOWN,
	MASTER_KEY_MARK,
	MASTER_KEY_PRINTS,
	MASTER_KEY_STATES,
	MASTER_KEY_LIST,
	MASTER_KEY_FIND,
	BOX_HEADS,
	CENSUS,
	BOX_REPLACE,
	BACKFILL_PLACE,
	BACKFILL_PAGE,
	BACKFILL_ROW,
	BACKFILL_LACKS,
	BACKFILL_MOVE,
	BACKFILL_END,
	KEY_FIND,
	KEY_ADD,
	KEY_EXISTS,
	KEY_GET,
	KEY_REVOKE,
	KEY_PAGE,
	KEY_OWN,
	KEY_OWN_PAGE,
	KEY_USE,
	KEY_REPLACE,
	SAVE_FIND,
	SAVE_ID_EXISTS,
	SAVE_INSERT,
	SAVE_UPDATE,
	CHANGE_FIND,
	DELETE_ROW,
	DELETE_USE,
	LEASE_FIND,
	LEASE_GRANT,
	LEASE_END,
	IDEMPOTENCY_FIND,
	IDEMPOTENCY_ADD,
	IDEMPOTENCY_FIRST,
	IDEMPOTENCY_SWEEP,
	USE,
	REVEAL_FIND,
	REVEAL_FIND_OWN,
	REVEAL_ADD,
	AUDIT_HEAD,
	AUDIT_ADD,
	AUDIT_OWN,
	AUDIT_TYPE,
	CHAIN_PAGE,
	CHAIN_OWN_PAGE,
	CHAIN_HEAD,
	CHAIN_HASH,
	CHAIN_ANCHOR,
	CHAIN_DROP,
	CHAIN_EMPTY,
	ERASE_KEY_USES,
	ERASE_KEYS,
	ERASE_REVEALS,
	ERASE_LEASES,
	ERASE_INTEGRATIONS,
	ANSWERS_END,
	ERASE_ANSWERS,
	PAGE,
	LIST_ONE_NEWEST,
	LIST_ONE_SOONEST,
	LIST_NEWEST,			/* one for each type of integration */
	LIST_SOONEST = LIST_NEWEST + ROWS_TYPES,
	LIST_END = LIST_SOONEST + ROWS_TYPES,
	FIND = LIST_END,
	FIND_OWN,
	CHECK,
	STATEMENTS
};

extern const char *const sqlite_sql[];
extern const char *const pgsql_sql[];

/* Which master keys boxes may be under, as of data_version. */
struct rows_keys {
	bool is_known;
	int64_t data_version;
	uint32_t active;
	uint32_t in_use[KEYRING_MAX];	/* that one, and the old ones */
	size_t count;
};

/* The end of the audit's chain, as this transaction has it. */
struct rows_head {
	bool is_known;
	bool is_new;			/* the transaction has written it */
	int64_t seq;
	unsigned char hash[CHAIN_HASH_LEN];
};

struct store {
	struct db *db;
	struct rows_keys keys;
	struct rows_head head;
	struct rows_head unsure;	/* of a commit that may be there */
	int64_t sweeps_again_ms;	/* when, if that has failed */
	bool is_undone;			/* by that alone, the last time */
};

/* The store's statements, for whoever opens a database. */
extern const struct db_sql rows_sql;

/*
 * The versions that a schema has while its rows are moved to another database:
 * where they were, once they are all there; and where they come to, until then.
 */
enum { ROWS_MOVED_AWAY = 1000, ROWS_MOVING_IN = 1001 };

/* The schema's version, 0 where there is none; and this program's. */
enum store_rc rows_schema_version(struct db *db, int64_t *version)
    __attribute__((warn_unused_result));
int64_t rows_newest_version(const struct db *db);

/* See that the schema is this program's; else the reason is logged. */
enum store_rc rows_check_schema(struct db *db)
    __attribute__((warn_unused_result));

/*
 * Run the steps that the database lacks, in the transaction that is open; all
 * of them, or STORE_CONFLICT where it has some.
 */
enum store_rc rows_apply(struct db *db)
    __attribute__((warn_unused_result));
enum store_rc rows_apply_all(struct db *db)
    __attribute__((warn_unused_result));

/*
 * Bring the keys up to date, if another connection has committed since they
 * were read.
 */
enum store_rc rows_refresh(struct store *store)
    __attribute__((warn_unused_result));

/* As store_master_key_add. */
enum store_rc rows_register(struct db *db,
    const struct keyring_print *print, const char *now)
    __attribute__((warn_unused_result));

/* Whether the box of a save, if it has one, is under a key that will do. */
bool rows_takes(const struct store *store,
    const struct store_save *save);

/*
 * The columns of SAVE_FIND and CHANGE_FIND: of a row that is there what a save
 * needs to know.
 */
enum { FOUND_ID, FOUND_INTEGRATION_ID, FOUND_INTEGRATION_TYPE, FOUND_STATUS,
    FOUND_ACTIVE, FOUND_HAS_AUTH_DATA, FOUND_HAS_SCOPE_DATA, FOUND_CREATED_AT,
    FOUND_METADATA, FOUND_REVISION, FOUND_UPDATED_AT, FOUND_EXPIRES_AT };

/* Whether a row of that revision meets the conditions of a request. */
bool rows_meets(const struct field_lines *if_match,
    const struct field_lines *if_none_match, int64_t revision,
    const char *updated_at);

/* The same of a row that was found. */
bool rows_found_meets(const struct store_save *save,
    struct db_query *found);

/*
 * Begin stored anew, as what is to be saved. What an earlier run has kept is
 * let go.
 */
void rows_begin_save(struct store_save *save);

/*
 * Let what was not given be what the row that was found has, and keep the
 * texts beyond it. STORE_ROW_FAILED: the row is none that we write.
 */
enum store_rc rows_keep(struct store_save *save, struct db_query *found)
    __attribute__((warn_unused_result));

/* The statement that lets the row of that id be what is stored then. */
struct db_query rows_update(struct db *db, const struct store_save *save,
    int64_t id);

/* One more box under a key. Returns -1 where it is one key too many. */
int rows_count_box(struct store_box_counts *counts, uint32_t key_id);

/* Whether a type, or none, is one that the asker may see. */
bool rows_is_for(const struct store_asker *asker, const char *type);

/* Ask ahead for what each transaction needs. */
void rows_ask_version(struct store *store);
void rows_ask_head(struct store *store);
void rows_ask_due(struct store *store);

/* STORE_OK: the audit has that row; STORE_NOT_FOUND: it does not. */
enum store_rc rows_has_audit(struct db *db, const struct rows_head *row)
    __attribute__((warn_unused_result));

/*
 * Remove some of what was kept for Idempotency-Keys and is out of date. A
 * failure is logged, and the next try is a minute later. False: it has ended
 * the transaction, in which nothing else has failed.
 */
bool rows_sweep(struct store *store) __attribute__((warn_unused_result));

/*
 * The lease that holds now on the integration of that id in the database:
 * STORE_OK, or STORE_NOT_FOUND.
 */
struct rows_lease {
	char lease_id[IDENT_UUID_LEN + 1];
	char expires_at[IDENT_TIME_LEN + 1];
};
enum store_rc rows_find_lease(struct db *db, int64_t id, int64_t now_us,
    struct rows_lease *lease) __attribute__((warn_unused_result));

/* End the lease on an integration, by its id in the database, if it has one. */
enum store_rc rows_end_lease(struct db *db, int64_t id)
    __attribute__((warn_unused_result));

/* The columns of statements that read an integration. */
enum { ROW_ID, ROW_INTEGRATION_ID, ROW_CREATED_BY, ROW_UNIQUE_IDENTIFIER,
    ROW_NAME, ROW_INTEGRATION_TYPE, ROW_STATUS, ROW_ACTIVE, ROW_HAS_AUTH_DATA,
    ROW_HAS_SCOPE_DATA, ROW_CREATED_AT, ROW_UPDATED_AT, ROW_REVISION,
    ROW_EXPIRES_AT, ROW_ORG_SLUG, ROW_WORKSPACE_ID, ROW_AUTH_PRINT,
    ROW_METADATA, ROW_SCOPE_DATA, ROW_AUTH_DATA, ROW_COLUMNS };

/* Bind their first two values: which of enum store_columns are asked for. */
void rows_bind_columns(struct db_query *query, unsigned columns);

/*
 * The row as it stands in the statement, until its next step, but for what is
 * long and was not asked for. False: it lacks what every row of ours has, or
 * memory is short; logged.
 */
bool rows_lend_row(struct db_query *query, struct integration *row)
    __attribute__((warn_unused_result));

/*
 * Let a row that was lent have its texts in arena. False: memory is short,
 * which is logged.
 */
bool rows_keep_row(struct integration *row, struct arena *arena)
    __attribute__((warn_unused_result));

/* About what such a row comes to in memory; and one lent, without blobs. */
size_t rows_row_size(struct db_query *query);
size_t rows_lent_size(const struct integration *row);

/*
 * Copy such a row into arena. STORE_UNAVAILABLE: it lacks what every row of
 * ours has, or memory is short; logged.
 */
enum store_rc rows_copy_row(struct db_query *query, unsigned columns,
    struct arena *arena, struct integration *row)
    __attribute__((warn_unused_result));

/* Copy a row of AUDIT, as statements of the audit read it, into arena. */
enum store_rc rows_copy_audit(struct db_query *query, struct arena *arena,
    struct store_audit_row *row) __attribute__((warn_unused_result));

/* Step a statement that gives no rows, and release it. */
enum store_rc rows_finish(struct db_query *query)
    __attribute__((warn_unused_result));

/* A failed read is the database being away, whatever the library calls it. */
enum store_rc rows_as_read(enum store_rc rc);

/* Room for count things of a size; NULL: memory is short, which is logged. */
void *rows_array(struct arena *arena, size_t count, size_t size)
    __attribute__((warn_unused_result));

/* A copy of a column's text; NULL: it is none, or memory is short. */
const char *rows_text(struct db_query *query, int column,
    struct arena *arena) __attribute__((warn_unused_result));

/* Copy a column's text, NULL as none; -1 where it does not fit. */
int rows_copy(char *to, size_t size, const char *text)
    __attribute__((warn_unused_result));

#endif
