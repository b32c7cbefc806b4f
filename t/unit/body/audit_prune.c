/* Pruning the audit: the beginning goes, and what is left is whole. */
#include "config.h"

#include "body/audit_prune.h"
#include "unit/unit_audit.h"

enum { OLD = 2500, NEW = 3 };

static const char old[] = "2020-01-01T00:00:00.000000";

/* Rows of long ago, and some of now. */
static void
begin(struct unit_audit *audit, int count)
{
	int i;

	unit_audit_begin(audit);
	ck_assert_int_eq(store_begin(audit->store, UNIT_WAIT_MS), STORE_OK);
	for (i = 0; i < count; i++)
		unit_audit_put(audit, "save", i % 3 == 0 ? "anna" : "bert",
		    "id", old);
	for (i = 0; i < NEW; i++)
		unit_audit_put(audit, "save", "bert", "id", NULL);
	ck_assert_int_eq(store_commit(audit->store), STORE_OK);
}

/* Prune until it is done, in how many transactions; how many rows went. */
static int64_t
prune(struct unit_audit *audit, int *times)
{
	struct audit_prune pruning;
	int64_t rows = 0;

	audit_prune_init(&pruning, audit->chain, 30);
	for (*times = 0; !pruning.is_done; ++*times) {
		ck_assert_int_lt(*times, 10);
		ck_assert_int_eq(store_begin(audit->store, UNIT_WAIT_MS),
		    STORE_OK);
		ck_assert_int_eq(audit_prune_run(audit->store, &pruning),
		    STORE_OK);
		ck_assert_int_eq(store_commit(audit->store), STORE_OK);
		rows += pruning.rows;
	}
	return (rows);
}

/* How much is wrong with what is left, and how much that is. */
static int64_t
findings(struct unit_audit *audit, int64_t *rows)
{
	struct arena arena = { 0 };
	struct store_audit_page page = { .next = STORE_CHAIN_BEGIN };
	struct store_audit_row anchor;
	struct audit_walk walk;
	size_t i;

	audit_walk_init(&walk, audit->chain);
	if (store_chain_anchor(audit->store, &arena, &anchor) == STORE_OK)
		ck_assert(audit_walk_from(&walk, &anchor));
	do {
		ck_assert_int_eq(store_chain_page(audit->store, page.next, 0,
		    100, &arena, &page), STORE_OK);
		for (i = 0; i < page.count; i++)
			audit_walk_row(&walk, &page.rows[i]);
	} while (!page.is_last);
	audit_walk_end(&walk);
	audit_walk_fini(&walk);
	arena_fini(&arena);
	*rows = walk.rows;
	return (walk.findings + !audit_walk_is_covered(&walk));
}

START_TEST(old_rows_go_and_the_rest_is_whole)
{
	struct unit_audit audit;
	int64_t rows;
	int times;

	begin(&audit, OLD);
	ck_assert_int_eq(prune(&audit, &times), OLD);
	ck_assert_int_eq(times, 3);
	ck_assert_int_eq(findings(&audit, &rows), 0);
	ck_assert_int_eq(rows, NEW + times);	/* with an anchor each */
	/* Again there is nothing to do. */
	ck_assert_int_eq(prune(&audit, &times), 0);
	ck_assert_int_eq(times, 1);
	unit_audit_add(&audit, "save", "anna");
	ck_assert_int_eq(findings(&audit, &rows), 0);
	unit_audit_end(&audit);
}
END_TEST

START_TEST(all_may_go_but_an_anchor_is_left)
{
	struct unit_audit audit;
	int64_t rows;
	int times;

	unit_audit_begin(&audit);
	ck_assert_int_eq(prune(&audit, &times), 0);
	ck_assert_int_eq(store_begin(audit.store, UNIT_WAIT_MS), STORE_OK);
	unit_audit_put(&audit, "save", "anna", "id", old);
	ck_assert_int_eq(store_commit(audit.store), STORE_OK);
	ck_assert_int_eq(prune(&audit, &times), 1);
	ck_assert_int_eq(findings(&audit, &rows), 0);
	ck_assert_int_eq(rows, 1);
	unit_audit_end(&audit);
}
END_TEST

static void
add_anchor(struct unit_audit *audit, int64_t seq)
{
	const struct audit_point point = { .seq = seq };
	char request_id[32];
	struct trail trail;

	snprintf(request_id, sizeof request_id, "anchor-%d", ++audit->count);
	trail_init(&trail, audit->chain, "prune", request_id,
	    &(struct trail_who){ .user = NULL });
	trail.entry.at = old;
	audit_walk_trail(&trail, &point);
	ck_assert_int_eq(trail_end(&trail), 0);
	ck_assert_int_eq(store_audit_add(audit->store, &trail.entry),
	    STORE_OK);
	trail_fini(&trail);
}

/* Or each day would make one of the other. */
START_TEST(anchor_alone_is_not_replaced_and_several_are_by_one)
{
	struct unit_audit audit;
	int64_t rows;
	int times;

	unit_audit_begin(&audit);
	ck_assert_int_eq(store_begin(audit.store, UNIT_WAIT_MS), STORE_OK);
	add_anchor(&audit, 0);
	ck_assert_int_eq(store_commit(audit.store), STORE_OK);
	ck_assert_int_eq(prune(&audit, &times), 0);
	ck_assert_int_eq(times, 1);
	ck_assert_int_eq(store_begin(audit.store, UNIT_WAIT_MS), STORE_OK);
	add_anchor(&audit, 0);
	ck_assert_int_eq(store_commit(audit.store), STORE_OK);
	ck_assert_int_eq(prune(&audit, &times), 2);
	ck_assert_int_eq(findings(&audit, &rows), 0);
	ck_assert_int_eq(rows, 1);
	unit_audit_end(&audit);
}
END_TEST

START_TEST(what_is_behind_a_newer_row_stays)
{
	struct unit_audit audit;
	int64_t rows;
	int times;

	begin(&audit, 4);
	ck_assert_int_eq(store_begin(audit.store, UNIT_WAIT_MS), STORE_OK);
	unit_audit_put(&audit, "save", "anna", "id", old);
	ck_assert_int_eq(store_commit(audit.store), STORE_OK);
	ck_assert_int_eq(prune(&audit, &times), 4);
	ck_assert_int_eq(findings(&audit, &rows), 0);
	ck_assert_int_eq(rows, NEW + 1 + 1);
	unit_audit_end(&audit);
}
END_TEST

/* An erasure is newer than what it has emptied, which goes before it. */
START_TEST(erasure_still_covers_what_is_pruned)
{
	unsigned char cover[CHAIN_HASH_LEN] = { 0 };
	char text[CHAIN_TEXT_LEN + 1];
	struct unit_audit audit;
	struct trail trail;
	int64_t rows, count;
	int times;

	begin(&audit, 10);
	ck_assert_int_eq(store_begin(audit.store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_chain_empty(audit.store, audit.chain, "bert",
	    100, &count, cover), STORE_OK);
	chain_show(text, cover);
	trail_init(&trail, audit.chain, "erase", "erasure",
	    &(struct trail_who){ .user = NULL });
	trail_text(&trail, "cover", text);
	ck_assert_int_eq(trail_end(&trail), 0);
	ck_assert_int_eq(store_audit_add(audit.store, &trail.entry),
	    STORE_OK);
	ck_assert_int_eq(store_commit(audit.store), STORE_OK);
	trail_fini(&trail);
	ck_assert_int_eq(count, 6 + NEW);
	ck_assert_int_eq(findings(&audit, &rows), 0);
	ck_assert_int_eq(prune(&audit, &times), 10);
	ck_assert_int_eq(findings(&audit, &rows), 0);
	/* And what it does not cover is found as before. */
	unit_audit_add(&audit, "save", "bert");
	unit_sql("UPDATE audit SET subject = NULL, salt = NULL, owner = NULL "
	    "WHERE owner IS NOT NULL");
	ck_assert_int_eq(findings(&audit, &rows), 1);
	unit_audit_end(&audit);
}
END_TEST

START_TEST(what_is_not_whole_is_not_pruned)
{
	struct audit_prune pruning;
	struct unit_audit audit;
	int64_t rows;

	begin(&audit, 10);
	unit_sql("UPDATE audit SET action = 'delete' WHERE seq = 4");
	audit_prune_init(&pruning, audit.chain, 30);
	ck_assert_int_eq(store_begin(audit.store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(audit_prune_run(audit.store, &pruning),
	    STORE_CONFLICT);
	ck_assert(pruning.is_refused && pruning.is_done);
	ck_assert_int_eq(store_commit(audit.store), STORE_OK);
	unit_has(unit_log(), "row 4: ");
	ck_assert_int_eq(findings(&audit, &rows), 1);
	ck_assert_int_eq(rows, 10 + NEW);
	unit_audit_end(&audit);
}
END_TEST

/* Who removes the beginning without us has no anchor for it. */
START_TEST(beginning_that_is_missing_is_found)
{
	struct unit_audit audit;
	int64_t rows;
	int times;

	begin(&audit, 10);
	ck_assert_int_eq(prune(&audit, &times), 10);
	unit_sql("DELETE FROM audit WHERE seq = 11");
	ck_assert_int_eq(findings(&audit, &rows), 1);
	unit_audit_end(&audit);
}
END_TEST

START_TEST(anchor_that_was_changed_is_found)
{
	struct unit_audit audit;
	int64_t rows;
	int times;

	begin(&audit, 10);
	ck_assert_int_eq(prune(&audit, &times), 10);
	unit_sql("DELETE FROM audit WHERE seq = 11;"
	    "UPDATE audit SET subject = replace(subject, '\"pruned_to\":10', "
	    "'\"pruned_to\":11') WHERE action = 'prune'");
	ck_assert_int_gt(findings(&audit, &rows), 0);
	unit_audit_end(&audit);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		old_rows_go_and_the_rest_is_whole,
		all_may_go_but_an_anchor_is_left,
		anchor_alone_is_not_replaced_and_several_are_by_one,
		what_is_behind_a_newer_row_stays,
		erasure_still_covers_what_is_pruned,
		what_is_not_whole_is_not_pruned,
		beginning_that_is_missing_is_found,
		anchor_that_was_changed_is_found,
	};

	return (unit_main("audit_prune", tests,
	    sizeof tests / sizeof tests[0]));
}
