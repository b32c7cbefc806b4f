/*
 * Tables that are moved from one database to another: their statements, which
 * are made of a description, and their ranges of rows, which are hashed and
 * copied as they are. Refuses to know what a row means.
 */
#include "config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "secrets/digest.h"
#include "store/move_table.h"

enum {
	RANGE_ROWS = 1000,
	RANGE_BYTES = 4 << 20,
	SQL_MAX = 1024
};

/* The statements for each table, in the order of its number. */
enum statement { READ, DELETE, INSERT, COUNT, STATEMENTS };
enum { TEXTS = MOVE_TABLES * STATEMENTS };

const struct move_table move_tables[MOVE_TABLES] = {
	{ "master_keys", "key_id", false, "key_id, purpose, fingerprint, "
	    "created_at, state, state_since", "itbttt" },
	{ "api_keys", "key_hash", false, "key_hash, public_id, \"user\", name, "
	    "created_at, expires_at, revoked_at, scopes, types, replaces, "
	    "replaced_by, term", "bttttttttttt" },
	{ "key_uses", "public_id", false, "public_id, last_used_at", "tt" },
	{ "integrations", "id", true, "id, integration_id, created_by, "
	    "unique_identifier, name, integration_type, status, active, "
	    "has_auth_data, has_scope_data, created_at, updated_at, revision, "
	    "expires_at, auth_print, org_slug, workspace_id, metadata, "
	    "scope_data, auth_data", "ittttttiiittitbttttb" },
	{ "reveals", "id", true, "id, last_revealed_at, reveal_count", "iti" },
	{ "backfill", "after", false, "after, last", "ii" },
	{ "refresh_leases", "id", true, "id, lease_id, granted_at, expires_at",
	    "ittt" },
	{ "idempotency", "id", true, "id, expires_at, request, body, "
	    "created_by, integration_type, etag, answer", "itbbtttt" },
	{ "audit", "seq", true, "seq, chain_id, at, action, integration_id, "
	    "request_id, owner, subject, salt, digest, hash", "iittttitbbb" }
};

static char sqlite_texts[TEXTS][SQL_MAX], pgsql_texts[TEXTS][SQL_MAX];
static const char *sqlite[TEXTS + 1], *pgsql[TEXTS + 1];

/* A text that is made. */
struct writing {
	char *text;
	size_t len;
	char mark;		/* what a value begins with: ?1, or $1 */
};

static void __attribute__((format(printf, 2, 3)))
put(struct writing *to, const char *format, ...)
{
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(to->text + to->len, SQL_MAX - to->len, format, ap);
	va_end(ap);
	assert(len >= 0 && to->len + (size_t)len < SQL_MAX);
	to->len += (size_t)len;
}

static void
put_range(struct writing *to, const struct move_table *table)
{
	if (table->has_ranges)
		put(to, " WHERE %s > %c1 AND %s <= %c2", table->key, to->mark,
		    table->key, to->mark);
}

static void
put_statement(struct writing *to, const struct move_table *table,
    enum statement statement)
{
	size_t i;

	switch (statement) {
	case READ:
		if (to->mark == '$')
			put(to, "DECLARE move_%s NO SCROLL CURSOR FOR ",
			    table->name);
		put(to, "SELECT %s FROM %s", table->columns, table->name);
		put_range(to, table);
		put(to, " ORDER BY %s", table->key);
		break;
	case DELETE:
		put(to, "DELETE FROM %s", table->name);
		put_range(to, table);
		break;
	case INSERT:
		put(to, "INSERT INTO %s (%s) VALUES (", table->name,
		    table->columns);
		for (i = 1; i <= strlen(table->kinds); i++)
			put(to, "%s%c%zu", i > 1 ? ", " : "", to->mark, i);
		put(to, ") ON CONFLICT DO NOTHING");
		break;
	case COUNT:
	case STATEMENTS:
		put(to, "SELECT count(*) FROM %s", table->name);
		break;
	}
}

static void
make_all(const char *sql[], char (*texts)[SQL_MAX], char mark)
{
	struct writing writing;
	size_t i;

	for (i = 0; i < TEXTS; i++) {
		writing = (struct writing){ .text = texts[i], .mark = mark };
		put_statement(&writing, &move_tables[i / STATEMENTS],
		    (enum statement)(i % STATEMENTS));
		sql[i] = texts[i];
	}
}

const struct db_sql *
move_sql(void)
{
	static const struct db_sql sql = { sqlite, pgsql };

	if (sqlite[0] == NULL) {
		make_all(sqlite, sqlite_texts, '?');
		make_all(pgsql, pgsql_texts, '$');
	}
	return (&sql);
}

static struct db_query
query_for(struct db *db, size_t table, enum statement statement,
    const struct move_range *range)
{
	struct db_query query = db_query(db, table * STATEMENTS + statement);

	if (range != NULL && move_tables[table].has_ranges) {
		db_bind_int(&query, range->after);
		db_bind_int(&query, range->last);
	}
	return (query);
}

/* What a column of the row holds; bytes NULL: SQL's NULL. */
struct value {
	const void *bytes;
	size_t len;
	int64_t n;
};

static struct value
value_of(struct db_query *row, char kind, int column)
{
	struct value value = { NULL, 0, 0 };

	if (kind == 'b') {
		value.bytes = db_blob(row, column, &value.len);
	} else {
		value.bytes = db_text(row, column);
		value.len = kind == 't' ? db_size(row, column) : 0;
		value.n = kind == 'i' ? db_int(row, column) : 0;
	}
	return (value);
}

/* A blob that is empty has no bytes either, and no column may hold one. */
static void
hash_row(struct digest *digest, const char *kinds, struct db_query *row,
    size_t *bytes)
{
	struct value value;
	int i;

	for (i = 0; kinds[i] != '\0'; i++) {
		value = value_of(row, kinds[i], i);
		if (kinds[i] == 'i' && value.bytes != NULL)
			digest_add(digest, &value.n, sizeof value.n);
		else
			digest_add(digest, value.bytes, value.len);
		*bytes += value.len;
	}
}

static enum store_rc
insert_row(struct db *to, size_t table, struct db_query *row)
{
	struct db_query query = query_for(to, table, INSERT, NULL);
	const char *kinds = move_tables[table].kinds;
	struct value value;
	int i;

	for (i = 0; kinds[i] != '\0'; i++) {
		value = value_of(row, kinds[i], i);
		if (value.bytes == NULL)
			db_bind_text(&query, NULL);
		else if (kinds[i] == 'i')
			db_bind_int(&query, value.n);
		else if (kinds[i] == 't')
			db_bind_text(&query, value.bytes);
		else
			db_bind_blob(&query, value.bytes, value.len);
	}
	return (db_put_off(&query));
}

/* Go through the rows of a range; to, if it is not NULL, gets each. */
static enum store_rc
walk(struct db_query *row, struct db *to, size_t table,
    struct move_range *range, bool is_part)
{
	struct digest digest;
	enum store_rc rc = STORE_OK;
	int64_t last = range->after;
	size_t bytes = 0;

	digest_init(&digest);
	range->rows = 0;
	while (!is_part || (range->rows < RANGE_ROWS && bytes < RANGE_BYTES)) {
		if ((rc = db_step(row)) != STORE_OK)
			break;
		hash_row(&digest, move_tables[table].kinds, row, &bytes);
		last = move_tables[table].has_ranges ? db_int(row, 0) : 0;
		range->rows++;
		if (to != NULL && (rc = insert_row(to, table, row)) != STORE_OK)
			break;
	}
	if (is_part && range->rows > 0)
		range->last = last;
	digest_end(&digest, range->hash);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rc);
}

enum store_rc
move_read(struct db *db, size_t table, struct move_range *range, bool is_part)
{
	struct db_query row = query_for(db, table, READ, range);
	enum store_rc rc = walk(&row, NULL, table, range, is_part);

	db_done(&row);
	return (rc);
}

enum store_rc
move_copy(struct db *from, struct db *to, size_t table,
    struct move_range *range)
{
	struct db_query old = query_for(to, table, DELETE, range);
	struct db_query row;
	enum store_rc rc;

	if ((rc = db_put_off(&old)) != STORE_OK)
		return (rc);
	row = query_for(from, table, READ, range);
	rc = walk(&row, to, table, range, false);
	db_done(&row);
	return (rc);
}

enum store_rc
move_count(struct db *db, size_t table, int64_t *rows)
{
	struct db_query query = query_for(db, table, COUNT, NULL);
	enum store_rc rc = db_step(&query);

	if (rc == STORE_OK)
		*rows = db_int(&query, 0);
	db_done(&query);
	return (rc);
}
