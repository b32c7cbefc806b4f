/* The audit in the store: one chain, and a user's own rows. */
#include "config.h"

#include "ground/words.h"
#include "store/store.h"
#include "unit/unit_audit.h"

enum { MANY = 2500 };

static const struct store_asker anna = { "anna", WORDS_ALL };

/* What is listed for asker, as the numbers of the rows' requests. */
static int64_t
list(struct unit_audit *audit, const struct store_asker *asker, const char *id,
    int64_t before, size_t limit, const char *expected)
{
	const struct store_audit_query query = { .chain = audit->chain,
	    .integration_id = id, .before = before, .limit = limit };
	struct arena arena = { 0 };
	struct store_audit_list rows;
	char text[512] = "";
	size_t i;

	ck_assert_int_eq(store_audit_list(audit->store, asker, &query, &arena,
	    &rows), STORE_OK);
	for (i = 0; i < rows.count; i++) {
		ck_assert_uint_lt(strlen(text) + 16, sizeof text);
		strcat(text, rows.rows[i].request_id + strlen("request-"));
		strcat(text, " ");
	}
	arena_fini(&arena);
	ck_assert_str_eq(text, expected);
	return (rows.next);
}

START_TEST(rows_are_numbered_across_connections)
{
	struct unit_audit audit;
	struct store *store, *other;
	struct arena arena = { 0 };
	struct store_audit_row row;
	int i;

	unit_audit_begin(&audit);
	store = audit.store;
	other = unit_open(STORE_WRITE);
	ck_assert_int_eq(store_chain_head(store, &arena, &row),
	    STORE_NOT_FOUND);
	for (i = 1; i <= 6; i++) {
		audit.store = i % 2 == 0 ? store : other;
		unit_audit_add(&audit, "save", "anna");
		ck_assert_int_eq(store_chain_head(store, &arena, &row),
		    STORE_OK);
		ck_assert_int_eq(row.seq, i);
	}
	/* What was rolled back leaves no gap. */
	audit.store = store;
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	unit_audit_put(&audit, "save", "anna", "id", NULL);
	store_rollback(store);
	unit_audit_add(&audit, "save", "anna");
	ck_assert_int_eq(store_chain_head(store, &arena, &row), STORE_OK);
	ck_assert_int_eq(row.seq, 7);
	arena_fini(&arena);
	store_close(other);
	unit_audit_end(&audit);
}
END_TEST

START_TEST(several_rows_of_a_transaction_are_a_chain)
{
	struct store_audit_page page;
	unsigned char hash[CHAIN_HASH_LEN], before[CHAIN_HASH_LEN] = { 0 };
	const struct store_audit_row *row;
	struct arena arena = { 0 };
	struct unit_audit audit;
	size_t i;

	unit_audit_begin(&audit);
	ck_assert_int_eq(store_begin(audit.store, UNIT_WAIT_MS), STORE_OK);
	unit_audit_put(&audit, "save", "anna", "id", NULL);
	unit_audit_put(&audit, "rotate", NULL, NULL, NULL);
	unit_audit_put(&audit, "save", "bert", "id", NULL);
	ck_assert_int_eq(store_commit(audit.store), STORE_OK);
	ck_assert_int_eq(store_chain_page(audit.store, STORE_CHAIN_BEGIN, 0,
	    10, &arena, &page), STORE_OK);
	ck_assert_uint_eq(page.count, 3);
	for (i = 0; i < page.count; i++) {
		row = &page.rows[i];
		ck_assert(!row->is_strange);
		chain_hash(audit.chain, hash, before, &(struct chain_row){
		    row->seq, row->at, row->action, row->integration_id,
		    row->request_id, row->digest });
		ck_assert_mem_eq(hash, row->hash, sizeof hash);
		memcpy(before, hash, sizeof before);
		ck_assert_int_eq(row->has_owner, i != 1);
	}
	ck_assert_ptr_null(page.rows[1].integration_id);
	arena_fini(&arena);
	unit_audit_end(&audit);
}
END_TEST

/* Nothing is added, and the log says whom to ask. */
static void
cannot_add(struct unit_audit *audit, const struct store_audit *entry,
    enum store_rc expected, const char *said)
{
	bool is_late = unit_url() != NULL && expected == STORE_WRITE_FAILED;

	ck_assert_int_eq(store_begin(audit->store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_audit_add(audit->store, entry), is_late ?
	    STORE_OK : expected);
	if (is_late) {
		ck_assert_int_eq(store_commit(audit->store), expected);
		said = "a row cannot be: run strongroom check";
	} else {
		store_rollback(audit->store);
	}
	unit_has(unit_log(), said);
}

START_TEST(row_that_cannot_be_is_told)
{
	static const unsigned char bytes[CHAIN_HASH_LEN] = { 1 };
	struct store_audit entry = { .at = "at", .action = "save",
	    .subject = "{}", .salt = bytes, .digest = bytes };
	struct unit_audit audit;

	unit_audit_begin(&audit);
	unit_audit_add(&audit, "save", "anna");
	entry.chain = audit.chain;
	cannot_add(&audit, &entry, STORE_WRITE_FAILED,
	    "the audit's row 2 cannot be: see strongroom audit verify");
	entry.request_id = "request-2";
	unit_sql("UPDATE audit SET seq = 9223372036854775807");
	cannot_add(&audit, &entry, STORE_UNAVAILABLE,
	    "does not make sense; see strongroom audit verify");
	unit_audit_end(&audit);
}
END_TEST

START_TEST(user_sees_his_own_newest_first)
{
	const struct store_asker nobody = { "nobody", WORDS_ALL };
	struct unit_audit audit;
	int64_t next;
	int i;

	unit_audit_begin(&audit);
	for (i = 0; i < 7; i++)
		unit_audit_add(&audit, "save", i % 3 == 2 ? "bert" : "anna");
	ck_assert_int_eq(list(&audit, &anna, NULL, 0, 10, "7 5 4 2 1 "), 0);
	ck_assert_int_eq(list(&audit, &nobody, NULL, 0, 10, ""), 0);
	next = list(&audit, &anna, NULL, 0, 2, "7 5 ");
	next = list(&audit, &anna, NULL, next, 2, "4 2 ");
	ck_assert_int_eq(list(&audit, &anna, NULL, next, 2, "1 "), 0);
	/* A page that ends with the last row is the last. */
	ck_assert_int_eq(list(&audit, &anna, NULL, 0, 5, "7 5 4 2 1 "), 0);
	unit_audit_end(&audit);
}
END_TEST

START_TEST(rows_of_one_integration_are_found_among_many)
{
	struct unit_audit audit;
	int64_t next;
	int i;

	unit_audit_begin(&audit);
	ck_assert_int_eq(store_begin(audit.store, UNIT_WAIT_MS), STORE_OK);
	for (i = 0; i < MANY; i++)
		unit_audit_put(&audit, "save", "anna", i == 3 || i == 5 ?
		    "wanted" : "other", NULL);
	unit_audit_put(&audit, "key_create", "anna", NULL, NULL);
	ck_assert_int_eq(store_commit(audit.store), STORE_OK);
	/* So many are looked at in one read, and no more. */
	next = list(&audit, &anna, "wanted", 0, 10, "");
	ck_assert_int_eq(next, MANY + 1 - 2000 + 1);
	ck_assert_int_eq(list(&audit, &anna, "wanted", next, 10, "6 4 "), 0);
	unit_audit_end(&audit);
}
END_TEST

/* An integration of a type, of anna's. */
static void
put_row(struct unit_audit *audit, const char *id, size_t type)
{
	struct store_save save = unit_save(id, "anna", id);

	save.row.integration_type = integration_types[type];
	ck_assert_int_eq(unit_put(audit->store, &save), STORE_OK);
}

START_TEST(key_of_few_types_sees_those_that_it_may)
{
	const struct store_asker narrow = { "anna", 1 << 1 };
	struct unit_audit audit;
	int64_t next;

	unit_audit_begin(&audit);
	put_row(&audit, "first", 0);
	put_row(&audit, "second", 1);
	ck_assert_int_eq(store_begin(audit.store, UNIT_WAIT_MS), STORE_OK);
	unit_audit_put(&audit, "save", "anna", "first", NULL);
	unit_audit_put(&audit, "save", "anna", "second", NULL);
	unit_audit_put(&audit, "key_create", "anna", NULL, NULL);
	unit_audit_put(&audit, "delete", "anna", "deleted", NULL);
	ck_assert_int_eq(store_commit(audit.store), STORE_OK);
	list(&audit, &anna, NULL, 0, 10, "4 3 2 1 ");
	list(&audit, &narrow, NULL, 0, 10, "3 2 ");
	list(&audit, &narrow, "first", 0, 10, "");
	next = list(&audit, &narrow, NULL, 0, 1, "3 ");
	ck_assert_int_eq(next, 3);
	unit_audit_end(&audit);
}
END_TEST

START_TEST(what_was_erased_or_does_not_make_sense_is_not_listed)
{
	unsigned char cover[CHAIN_HASH_LEN] = { 0 };
	struct unit_audit audit;
	int64_t count;
	int i;

	unit_audit_begin(&audit);
	for (i = 0; i < 4; i++)
		unit_audit_add(&audit, "save", "anna");
	ck_assert_int_eq(store_begin(audit.store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_chain_empty(audit.store, audit.chain, "anna",
	    2, &count, cover), STORE_OK);
	ck_assert_int_eq(store_commit(audit.store), STORE_OK);
	ck_assert_int_eq(count, 2);
	list(&audit, &anna, NULL, 0, 10, "4 3 ");
	unit_sql(unit_url() != NULL ?
	    "UPDATE audit SET salt = salt || salt WHERE seq = 3" :
	    "UPDATE audit SET at = at || char(0) WHERE seq = 3");
	list(&audit, &anna, NULL, 0, 10, "4 ");
	unit_audit_end(&audit);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		rows_are_numbered_across_connections,
		several_rows_of_a_transaction_are_a_chain,
		row_that_cannot_be_is_told,
		user_sees_his_own_newest_first,
		rows_of_one_integration_are_found_among_many,
		key_of_few_types_sees_those_that_it_may,
		what_was_erased_or_does_not_make_sense_is_not_listed,
	};

	return (unit_main("store_audit", tests,
	    sizeof tests / sizeof tests[0]));
}
