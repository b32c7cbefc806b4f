#ifndef UNIT_STORE_H
#define UNIT_STORE_H

/* For tests that need a key file, a database and rows. */
#include <sys/file.h>

#include "ground/conf.h"
#include "secrets/keyring.h"
#include "secrets/secret.h"
#include "store/db.h"
#include "store/store.h"
#include "store/writer.h"
#include "unit/unit.h"

static const char unit_key_file[] = "master.key";
static const char unit_database[] = "strongroom.db";

enum { UNIT_WAIT_MS = 50 };	/* for a lock */

/*
 * Where the rows are kept: in a file here; or, for the tests that are about
 * rows alone and are run once more, in the database of that URL.
 */
static inline const char *
unit_url(void)
{
	return (getenv("SR_UNIT_DATABASE"));
}

static inline struct store_conf
unit_store_conf(void)
{
	return ((struct store_conf){
	    .path = unit_url() != NULL ? unit_url() : unit_database,
	    .busy_timeout_ms = 5000, .journal_mode = CONF_JOURNAL_AUTO });
}

/* A connection by which somebody else asks, with one statement of his own. */
static inline struct db *
unit_db(const char *sql)
{
	static const char *table[2];
	static const struct db_sql tables = { table, table };
	struct store_conf conf = unit_store_conf();
	struct db *db = NULL;

	table[0] = sql;
	ck_assert_int_eq(db_open(&db, &conf, STORE_WRITE, &tables), STORE_OK);
	return (db);
}

/* He changes the database behind the store's back. */
static inline void
unit_sql(const char *sql)
{
	struct db *db = unit_db(NULL);

	ck_assert_int_eq(db_exec(db, sql), STORE_OK);
	db_close(db);
}

/* A blob of those hexadecimal digits, as the database's words have it. */
static inline const char *
unit_hex(const char *digits)
{
	static char text[64];

	snprintf(text, sizeof text, unit_url() != NULL ? "'\\x%s'::bytea" :
	    "x'%s'", digits);
	return (text);
}

/* Let the schema be of that version, as if another program had changed it. */
static inline void
unit_set_schema(int version)
{
	char sql[128];

	snprintf(sql, sizeof sql, unit_url() != NULL ?
	    "UPDATE meta SET schema_version = %d, "
	    "data_version = data_version + 1" : "PRAGMA user_version = %d",
	    version);
	unit_sql(sql);
}

/* The number that his statement finds. */
static inline int64_t
unit_number(const char *sql)
{
	struct db *db = unit_db(sql);
	struct db_query query = db_query(db, 0);
	int64_t n;

	ck_assert_int_eq(db_step(&query), STORE_OK);
	n = db_int(&query, 0);
	db_done(&query);
	db_close(db);
	return (n);
}

/* A fresh key file, loaded. */
static inline struct keyring *
unit_keyring(const char *path)
{
	struct keyring *keyring;

	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(keyring_create(path), 0);
	keyring = keyring_load(path);
	ck_assert_ptr_nonnull(keyring);
	return (keyring);
}

/* A fresh database that remembers the keys of a fresh key file. */
static inline struct keyring *
unit_create(void)
{
	struct store_conf conf = unit_store_conf();
	struct keyring_print prints[KEYRING_MAX + 1];
	struct keyring *keyring = unit_keyring(unit_key_file);
	size_t count = keyring_prints(keyring, prints);

	if (unit_url() != NULL)
		unit_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
	ck_assert_int_eq(store_create(&conf, prints, count), STORE_OK);
	return (keyring);
}

static inline struct store *
unit_open(enum store_mode mode)
{
	struct store_conf conf = unit_store_conf();
	struct store *store = NULL;

	ck_assert_int_eq(store_open(&store, &conf, mode), STORE_OK);
	ck_assert_ptr_nonnull(store);
	return (store);
}

/*
 * The lock that every commit and checkpoint holds, taken by somebody else; and
 * given back, by its descriptor, which is none where the lock is a server's.
 */
static struct db *unit_locker;

static inline int
unit_take_lock(void)
{
	char path[sizeof unit_database + 8];
	int fd;

	if (unit_url() != NULL) {
		unit_locker = unit_db(NULL);
		ck_assert_int_eq(db_begin(unit_locker, 0, NULL, NULL),
		    STORE_OK);
		return (-1);
	}
	snprintf(path, sizeof path, "%s.lock", unit_database);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	return (fd);
}

static inline void
unit_give_lock(int fd)
{
	if (fd != -1)
		close(fd);
	if (unit_locker != NULL) {
		db_rollback(unit_locker);
		db_close(unit_locker);
		unit_locker = NULL;
	}
}

/* A save of everything, by that owner under that identifier. */
static inline struct store_save
unit_save(const char *id, const char *owner, const char *identifier)
{
	return ((struct store_save){
	    .row = {
		.integration_id = id,
		.created_by = owner,
		.unique_identifier = identifier,
		.name = "Production",
		.integration_type = integration_types[0],
		.status = integration_statuses[0],
		.active = true,
		.has_auth_data = true,
		.has_scope_data = true,
		.created_at = "2024-01-15T10:30:00.000000",
		.updated_at = "2024-01-15T10:30:00.000000",
		.metadata = "{\"instance_name\":\"Production\"}",
		.scope_data = "{\"org_slug\":\"acme\"}",
		.auth_data = "box",
		.auth_data_len = 3,
	    },
	    .status_given = true, .active_given = true,
	    .auth_data_given = true, .scope_data_given = true,
	    .metadata_given = true
	});
}

/* Let the database know a master key of that id, and call it active. */
static inline void
unit_register(struct store *store, uint32_t key_id)
{
	const struct keyring_print print = { .key_id = key_id,
	    .purpose = "seal" };

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_master_key_add(store, &print,
	    "2024-01-15T10:30:00.000000"), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
}

/* Save in a transaction of its own. */
static inline enum store_rc
unit_put(struct store *store, struct store_save *save)
{
	enum store_rc rc;

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	rc = store_save(store, save);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	return (rc);
}

/* A writer of a fresh database. */
static inline struct writer *
unit_writer(int busy_timeout_ms)
{
	struct store_conf conf = unit_store_conf();
	struct writer *writer = NULL;

	keyring_free(unit_create());
	conf.busy_timeout_ms = busy_timeout_ms;
	ck_assert_int_eq(writer_open(&writer, &conf), STORE_OK);
	return (writer);
}

/* The same as a job of the writer's. */
static inline enum store_rc
unit_run_save(struct store *store, void *save)
{
	return (store_save(store, save));
}

static inline enum store_rc
unit_commit(struct writer *writer, struct store_save *save)
{
	struct writer_job job = { .run = unit_run_save, .cookie = save };

	writer_commit(writer, &job);
	return (job.rc);
}

/* One save of a row of its own. */
static inline enum store_rc
unit_commit_row(struct writer *writer, const char *id)
{
	struct store_save save = unit_save(id, "user", id);
	enum store_rc rc = unit_commit(writer, &save);

	free(save.kept_metadata);
	return (rc);
}

static inline void
unit_put_row(struct store *store, const char *id, const char *identifier)
{
	struct store_save save = unit_save(id, "user", identifier);

	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
}

enum { UNIT_PAGE_ROWS = 2 };	/* few, so that there are many pages */

/* Call each with every integration, or those of user. */
static inline void
unit_each_row(struct store *store, const char *user,
    void (*each)(void *, const struct integration *), void *cookie)
{
	struct store_query query = { .columns = STORE_DATA | STORE_BOX,
	    .created_by = user, .limit = UNIT_PAGE_ROWS };
	struct arena arena = { 0 };
	struct store_page page;
	size_t i;

	do {
		ck_assert_int_eq(store_operator_page(store, &query, &arena,
		    &page), STORE_OK);
		for (i = 0; i < page.count; i++)
			each(cookie, &page.rows[i]);
		query.after = page.next;
	} while (!page.is_last);
	arena_fini(&arena);
}

static inline void
unit_count_row(void *cookie, const struct integration *row)
{
	(void)row;
	++*(size_t *)cookie;
}

/* How many integrations a connection of its own finds in a database. */
static inline size_t
unit_rows_in(const char *path)
{
	struct store_conf conf = unit_store_conf();
	struct store *store = NULL;
	size_t count = 0;

	conf.path = path;
	ck_assert_int_eq(store_open(&store, &conf, STORE_READ), STORE_OK);
	unit_each_row(store, NULL, unit_count_row, &count);
	store_close(store);
	return (count);
}

static inline size_t
unit_rows(void)
{
	return (unit_rows_in(unit_store_conf().path));
}

#endif
