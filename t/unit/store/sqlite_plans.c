/*
 * How SQLite goes about every statement of the back end: by an index, in the
 * order that is asked for, whatever there is.
 */
#include "config.h"

#include "store/rows.h"
#include "unit/unit_store.h"

enum { SQL_ROOM = 4096, PLAN_ROOM = 4096, DETAIL = 3 };

/* Tables that grow with what is stored. */
static const char *const tables[] = { "integrations", "reveals",
    "refresh_leases", "idempotency", "api_keys", "key_uses" };

/*
 * The operator's, of which there are few, and read from one end to the other;
 * and what looks at the first rows alone, or at the last.
 */
static const enum statement whole[] = { KEY_PAGE, MASTER_KEY_LIST,
    IDEMPOTENCY_FIRST, IDEMPOTENCY_SWEEP };

static bool
is_whole(size_t statement)
{
	size_t i;

	for (i = 0; i < sizeof whole / sizeof whole[0]; i++)
		if ((size_t)whole[i] == statement)
			return (true);
	return (false);
}

/* Explain each of a table of statements; what SQLite says of one is in plan. */
struct explained {
	char text[STATEMENTS][SQL_ROOM];
	const char *sql[STATEMENTS + 1];
	struct db *db;
};

static struct explained *
explain(const char *const *sql, size_t count)
{
	struct explained *explained = calloc(1, sizeof *explained);
	struct store_conf conf = unit_store_conf();
	size_t i;

	keyring_free(unit_create());
	for (i = 0; i < count; i++) {
		snprintf(explained->text[i], SQL_ROOM, "EXPLAIN QUERY PLAN %s",
		    sql[i]);
		explained->sql[i] = explained->text[i];
	}
	ck_assert_int_eq(db_open(&explained->db, &conf, STORE_READ,
	    &(struct db_sql){ explained->sql, NULL }), STORE_OK);
	return (explained);
}

static void
explained_free(struct explained *explained)
{
	db_close(explained->db);
	free(explained);
}

static void
plan_of(struct explained *explained, size_t statement, char plan[PLAN_ROOM])
{
	struct db_query query = db_query(explained->db, statement);
	enum store_rc rc;
	size_t len = 0;

	plan[0] = '\0';
	while ((rc = db_step(&query)) == STORE_OK)
		len += (size_t)snprintf(plan + len, PLAN_ROOM - len, "%s\n",
		    db_text(&query, DETAIL));
	ck_assert_int_eq(rc, STORE_NOT_FOUND);
	db_done(&query);
}

/* What is wrong with a plan, or NULL. */
static const char *
fault_of(const char *plan)
{
	static char scan[64];
	size_t i;

	if (strstr(plan, "TEMP B-TREE") != NULL)
		return ("a temporary B-tree");
	for (i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		snprintf(scan, sizeof scan, "SCAN %s", tables[i]);
		if (strstr(plan, scan) != NULL)
			return (scan);
	}
	return (NULL);
}

START_TEST(every_statement_goes_by_an_index)
{
	struct explained *explained = explain(sqlite_sql, STATEMENTS);
	char plan[PLAN_ROOM];
	size_t i;

	for (i = 0; i < STATEMENTS; i++) {
		if (strncmp(sqlite_sql[i], "PRAGMA", 6) == 0 || is_whole(i))
			continue;
		plan_of(explained, i, plan);
		ck_assert_msg(fault_of(plan) == NULL, "%s of %s\n%s",
		    fault_of(plan), sqlite_sql[i], plan);
	}
	explained_free(explained);
}
END_TEST

START_TEST(lists_go_by_the_indexes_of_their_orders)
{
	struct explained *explained = explain(sqlite_sql, STATEMENTS);
	char plan[PLAN_ROOM];
	size_t i;

	for (i = 0; i < ROWS_TYPES; i++) {
		plan_of(explained, LIST_NEWEST + i, plan);
		ck_assert_str_eq(plan, "SEARCH integrations USING INDEX "
		    "integrations_by_age (created_by=? AND integration_type=? "
		    "AND (created_at,integration_id)<(?,?))\n");
		plan_of(explained, LIST_SOONEST + i, plan);
		ck_assert_str_eq(plan, "SEARCH integrations USING INDEX "
		    "integrations_by_expiry (created_by=? AND "
		    "integration_type=? AND (expires_at,integration_id)>(?,?) "
		    "AND expires_at<?)\n");
	}
	plan_of(explained, LIST_ONE_NEWEST, plan);
	unit_has(plan, "(created_by=? AND unique_identifier=?)");
	plan_of(explained, LIST_ONE_SOONEST, plan);
	unit_has(plan, "(created_by=? AND unique_identifier=?)");
	explained_free(explained);
}
END_TEST

START_TEST(what_goes_by_none_is_found)
{
	static const char *const bad[] = {
		"SELECT id FROM integrations WHERE name = ?",
		"SELECT id FROM integrations WHERE created_by = ? "
		    "ORDER BY created_at DESC, integration_id DESC",
		"SELECT id FROM integrations WHERE created_by = ? "
		    "ORDER BY unique_identifier LIMIT 1 OFFSET 1",
	};
	struct explained *explained = explain(bad, 3);
	char plan[PLAN_ROOM];

	plan_of(explained, 0, plan);
	ck_assert_ptr_nonnull(fault_of(plan));
	plan_of(explained, 1, plan);
	ck_assert_ptr_nonnull(fault_of(plan));
	plan_of(explained, 2, plan);
	ck_assert_ptr_null(fault_of(plan));
	explained_free(explained);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		every_statement_goes_by_an_index,
		lists_go_by_the_indexes_of_their_orders,
		what_goes_by_none_is_found,
	};

	return (unit_main("rows_plans", tests,
	    sizeof tests / sizeof tests[0]));
}
