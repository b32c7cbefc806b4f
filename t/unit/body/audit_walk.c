/* The proof of the audit: what is whole, and that every change is found. */
#include "config.h"

#include "body/audit_walk.h"
#include "unit/unit_audit.h"

enum { ROWS = 9, PAGE = 4 };

/* What a walk has told last, and where it came to. */
static struct audit_finding last;
static struct audit_walk walk;

static void
note(void *cookie, const struct audit_finding *finding)
{
	(void)cookie;
	last = *finding;
}

/* Walk over all that is there; how much is wrong. */
static int64_t
findings(struct unit_audit *audit, const struct audit_point *head)
{
	struct store_audit_page page = { .next = STORE_CHAIN_BEGIN };
	struct arena arena = { 0 };
	struct store_audit_row anchor;
	enum store_rc rc;
	size_t i;

	last = (struct audit_finding){ .what = "" };
	audit_walk_init(&walk, audit->chain);
	walk.tell = note;
	if (head != NULL)
		walk.head = *head;
	rc = store_chain_anchor(audit->store, &arena, &anchor);
	if (rc == STORE_OK && !audit_walk_from(&walk, &anchor))
		return (-1);
	do {
		ck_assert_int_eq(store_chain_page(audit->store, page.next, 0,
		    PAGE, &arena, &page), STORE_OK);
		for (i = 0; i < page.count; i++)
			audit_walk_row(&walk, &page.rows[i]);
	} while (!page.is_last);
	audit_walk_end(&walk);
	audit_walk_fini(&walk);
	arena_fini(&arena);
	ck_assert(!walk.failed);
	return (walk.findings + !audit_walk_is_covered(&walk));
}

/* A chain of two users' rows and nobody's, and a copy of it. */
static void
begin(struct unit_audit *audit)
{
	int i;

	unit_audit_begin(audit);
	for (i = 0; i < ROWS; i++)
		unit_audit_add(audit, i % 2 == 0 ? "save" : "delete",
		    i == 5 ? NULL : i < 4 ? "anna" : "bert");
	unit_sql("CREATE TABLE kept AS SELECT * FROM audit");
}

static void
restore(void)
{
	unit_sql("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept");
}

/* Empty what is user's, and tell the audit. */
static void
erase(struct unit_audit *audit, const char *user)
{
	unsigned char cover[CHAIN_HASH_LEN] = { 0 };
	char text[CHAIN_TEXT_LEN + 1], request_id[32];
	struct trail trail;
	int64_t count;

	ck_assert_int_eq(store_begin(audit->store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_chain_empty(audit->store, audit->chain, user,
	    100, &count, cover), STORE_OK);
	ck_assert_int_gt(count, 0);
	snprintf(request_id, sizeof request_id, "erase-%d", ++audit->count);
	trail_init(&trail, audit->chain, "erase", request_id,
	    &(struct trail_who){ .user = NULL });
	chain_show(text, cover);
	trail_text(&trail, "cover", text);
	ck_assert_int_eq(trail_end(&trail), 0);
	ck_assert_int_eq(store_audit_add(audit->store, &trail.entry),
	    STORE_OK);
	trail_fini(&trail);
	ck_assert_int_eq(store_commit(audit->store), STORE_OK);
}

START_TEST(what_was_written_is_whole)
{
	struct unit_audit audit;

	unit_audit_begin(&audit);
	ck_assert_int_eq(findings(&audit, NULL), 0);
	unit_audit_end(&audit);
	ck_assert_int_eq(chdir(".."), 0);
	unit_setup();
	begin(&audit);
	ck_assert_int_eq(findings(&audit, NULL), 0);
	ck_assert_int_eq(walk.rows, ROWS);
	ck_assert_int_eq(walk.at.seq, ROWS);
	restore();
	ck_assert_int_eq(findings(&audit, NULL), 0);
	unit_audit_end(&audit);
}
END_TEST

/* Each of these is found, and nowhere else than where it is. */
START_TEST(every_column_that_is_changed_is_found)
{
	static const struct {
		const char *sql;
		int64_t seq;
	} cases[] = {
		{ "seq = 100 WHERE seq = 9", 9 },
		{ "chain_id = 2 WHERE seq = 3", 3 },
		{ "at = substr(at, 1, 25) || '~' WHERE seq = 3", 3 },
		{ "at = at || char(0) || 'x' WHERE seq = 3", 3 },
		{ "action = 'erase' WHERE seq = 3", 3 },
		{ "action = 'save' || char(0) || 'x' WHERE seq = 3", 3 },
		{ "integration_id = 'ie' WHERE seq = 3", 3 },
		{ "integration_id = NULL WHERE seq = 3", 3 },
		{ "request_id = 'other' WHERE seq = 3", 3 },
		{ "owner = owner + 1 WHERE seq = 3", 3 },
		{ "owner = NULL WHERE seq = 3", 3 },
		{ "owner = (SELECT owner FROM kept WHERE seq = 9) "
		    "WHERE seq = 3", 3 },
		{ "owner = 5 WHERE seq = 6", 6 },
		{ "subject = replace(subject, 'anna', 'mary') WHERE seq = 3",
		    3 },
		{ "subject = subject || ' ' WHERE seq = 3", 3 },
		{ "subject = subject || char(0) WHERE seq = 3", 3 },
		{ "subject = NULL WHERE seq = 3", 3 },
		{ "salt = randomblob(16) WHERE seq = 3", 3 },
		{ "salt = NULL WHERE seq = 3", 3 },
		{ "salt = randomblob(17) WHERE seq = 3", 3 },
		{ "digest = randomblob(32) WHERE seq = 3", 3 },
		{ "hash = randomblob(32) WHERE seq = 3", 3 },
		{ "hash = randomblob(32) WHERE seq = 9", 9 },
		{ "at = '2020-01-01T00:00:00.000000' WHERE seq = 1", 1 },
		/* All that is erased with a subject, and not by us. */
		{ "subject = NULL, salt = NULL, owner = NULL WHERE seq = 3",
		    0 },
	};
	struct unit_audit audit;
	char sql[512];
	size_t i;

	begin(&audit);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(sql, sizeof sql, "UPDATE audit SET %s",
		    cases[i].sql);
		unit_sql(sql);
		ck_assert_msg(findings(&audit, NULL) > 0, "%s", sql);
		ck_assert_msg(last.seq == cases[i].seq ||
		    strstr(sql, "hash =") != NULL, "%s: at %d", sql,
		    (int)last.seq);
		restore();
		ck_assert_int_eq(findings(&audit, NULL), 0);
	}
	unit_audit_end(&audit);
}
END_TEST

START_TEST(rows_that_are_moved_removed_or_put_in_are_found)
{
	static const char *const cases[] = {
		"DELETE FROM audit WHERE seq = 1",
		"DELETE FROM audit WHERE seq = 5",
		"DELETE FROM audit WHERE seq BETWEEN 2 AND 8",
		/* Two that stand in each other's place. */
		"UPDATE audit SET seq = -seq WHERE seq IN (3, 4);"
		    "UPDATE audit SET seq = 7 + seq WHERE seq < 0",
		/* What stands behind moves up. */
		"DELETE FROM audit WHERE seq = 5;"
		    "UPDATE audit SET seq = seq - 100 WHERE seq > 5;"
		    "UPDATE audit SET seq = seq + 99 WHERE seq < 0",
		/* A copy of a row, at the end, in the middle, in front. */
		"INSERT INTO audit SELECT 10, chain_id, at, action, "
		    "integration_id, 'new', owner, subject, salt, digest, "
		    "hash FROM audit WHERE seq = 9",
		"UPDATE audit SET seq = -seq WHERE seq > 5;"
		    "UPDATE audit SET seq = 1 - seq WHERE seq < 0;"
		    "INSERT INTO audit SELECT 6, chain_id, at, action, "
		    "integration_id, 'new', owner, subject, salt, digest, "
		    "hash FROM audit WHERE seq = 5",
		"INSERT INTO audit SELECT 0, chain_id, at, action, "
		    "integration_id, 'new', owner, subject, salt, digest, "
		    "hash FROM audit WHERE seq = 1",
		"INSERT INTO audit SELECT -5, chain_id, at, action, "
		    "integration_id, 'new', owner, subject, salt, digest, "
		    "hash FROM audit WHERE seq = 1",
	};
	struct unit_audit audit;
	size_t i;

	begin(&audit);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		unit_sql(cases[i]);
		ck_assert_msg(findings(&audit, NULL) > 0, "%s", cases[i]);
		restore();
	}
	ck_assert_int_eq(findings(&audit, NULL), 0);
	unit_audit_end(&audit);
}
END_TEST

START_TEST(rows_that_are_missing_are_named)
{
	struct unit_audit audit;

	begin(&audit);
	unit_sql("DELETE FROM audit WHERE seq BETWEEN 3 AND 6");
	ck_assert_int_eq(findings(&audit, NULL), 1);
	ck_assert_int_eq(last.seq, 3);
	ck_assert_int_eq(last.last, 6);
	ck_assert_str_eq(last.what, "missing");
	unit_audit_end(&audit);
}
END_TEST

START_TEST(end_that_is_cut_off_is_found_by_a_head_that_was_known)
{
	struct audit_point head;
	struct unit_audit audit;

	begin(&audit);
	ck_assert_int_eq(findings(&audit, NULL), 0);
	head = walk.at;
	ck_assert_int_eq(findings(&audit, &head), 0);
	ck_assert(walk.has_met_head);
	unit_sql("DELETE FROM audit WHERE seq > 7");
	ck_assert_msg(findings(&audit, NULL) == 0, "without it it is not");
	ck_assert_int_eq(findings(&audit, &head), 1);
	ck_assert_int_eq(last.seq, 8);
	ck_assert_int_eq(last.last, 9);
	/* Other rows in their place are others. */
	unit_audit_add(&audit, "save", "anna");
	unit_audit_add(&audit, "save", "anna");
	unit_audit_add(&audit, "save", "anna");
	ck_assert_int_eq(findings(&audit, NULL), 0);
	ck_assert_int_eq(findings(&audit, &head), 1);
	ck_assert_int_eq(last.seq, 9);
	unit_audit_end(&audit);
}
END_TEST

/* Rows of the same place, from another database with the same key. */
START_TEST(rows_of_another_database_are_found)
{
	struct unit_audit audit;

	begin(&audit);
	/* The other one goes its own way from its fifth row on. */
	unit_sql("DELETE FROM audit WHERE seq > 4");
	while (audit.count < ROWS + 5)
		unit_audit_add(&audit, "save", "anna");
	ck_assert_int_eq(findings(&audit, NULL), 0);
	unit_sql("CREATE TABLE other AS SELECT * FROM audit");
	restore();
	unit_sql("DELETE FROM audit WHERE seq = 6;"
	    "INSERT INTO audit SELECT * FROM other WHERE seq = 6");
	ck_assert_int_eq(findings(&audit, NULL), 2);
	restore();
	unit_sql("DELETE FROM audit WHERE seq > 5;"
	    "INSERT INTO audit SELECT * FROM other WHERE seq > 5");
	ck_assert_int_eq(findings(&audit, NULL), 1);
	ck_assert_int_eq(last.seq, 6);
	unit_audit_end(&audit);
}
END_TEST

START_TEST(erasure_leaves_the_chain_whole)
{
	struct unit_audit audit;

	begin(&audit);
	erase(&audit, "anna");
	ck_assert_int_eq(findings(&audit, NULL), 0);
	ck_assert_int_eq(walk.emptied, 4);
	ck_assert_int_eq(walk.erasures, 1);
	unit_audit_add(&audit, "save", "anna");
	erase(&audit, "bert");
	erase(&audit, "anna");
	ck_assert_int_eq(findings(&audit, NULL), 0);
	ck_assert_int_eq(walk.emptied, 9);
	unit_audit_end(&audit);
}
END_TEST

START_TEST(what_no_erasure_covers_is_found)
{
	struct unit_audit audit;

	begin(&audit);
	erase(&audit, "anna");
	unit_sql("UPDATE audit SET subject = NULL, salt = NULL, owner = NULL "
	    "WHERE seq = 7");
	ck_assert_int_eq(findings(&audit, NULL), 1);
	/* An erasure that was undone, with what was kept somewhere. */
	restore();
	ck_assert_int_eq(findings(&audit, NULL), 0);
	erase(&audit, "anna");
	unit_sql("UPDATE audit SET (subject, salt, owner) = (SELECT subject, "
	    "salt, owner FROM kept WHERE kept.seq = audit.seq) WHERE seq = 3");
	ck_assert_int_eq(findings(&audit, NULL), 1);
	/* Some of what is erased with a subject is there. */
	restore();
	erase(&audit, "anna");
	unit_sql("UPDATE audit SET owner = 5 WHERE seq = 3");
	ck_assert_int_eq(findings(&audit, NULL), 1);
	unit_sql("UPDATE audit SET owner = NULL, salt = randomblob(16) "
	    "WHERE seq = 3");
	ck_assert_int_eq(findings(&audit, NULL), 1);
	unit_audit_end(&audit);
}
END_TEST

START_TEST(row_alone_that_is_bare_is_named)
{
	struct audit_walk before;
	struct arena arena = { 0 };
	struct store_audit_page page;
	struct unit_audit audit;
	size_t i;

	begin(&audit);
	unit_sql("UPDATE audit SET subject = NULL, salt = NULL, owner = NULL "
	    "WHERE seq = 7");
	ck_assert_int_eq(findings(&audit, NULL), 1);
	before = walk;
	ck_assert_int_eq(store_chain_page(audit.store, STORE_CHAIN_BEGIN, 0,
	    ROWS, &arena, &page), STORE_OK);
	for (i = 0; i < page.count; i++)
		ck_assert_int_eq(audit_walk_is_bare(&before, &page.rows[i]),
		    page.rows[i].seq == 7);
	arena_fini(&arena);
	unit_audit_end(&audit);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_was_written_is_whole,
		every_column_that_is_changed_is_found,
		rows_that_are_moved_removed_or_put_in_are_found,
		rows_that_are_missing_are_named,
		end_that_is_cut_off_is_found_by_a_head_that_was_known,
		rows_of_another_database_are_found,
		erasure_leaves_the_chain_whole,
		what_no_erasure_covers_is_found,
		row_alone_that_is_bare_is_named,
	};

	return (unit_main("audit_walk", tests,
	    sizeof tests / sizeof tests[0]));
}
