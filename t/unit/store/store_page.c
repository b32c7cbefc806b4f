/* Pages: where they end, and what may happen between two of them. */
#include "config.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "store/store_upkeep.h"
#include "unit/unit_store.h"

enum { TEXT_ROOM = 4096, MANY = 5500 };

/* Save rows with numbers from first to last, in one transaction. */
static void
put_rows(struct store *store, const char *owner, int first, int last)
{
	struct store_save save;
	char id[16];
	int n;

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	for (n = first; n <= last; n++) {
		snprintf(id, sizeof id, "%d", n);
		save = unit_save(id, owner, id);
		ck_assert_int_eq(store_save(store, &save), STORE_OK);
	}
	ck_assert_int_eq(store_commit(store), STORE_OK);
}

/* A store whose rows are 1 to count, of user. */
static struct store *
begin(int count)
{
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	put_rows(store, "user", 1, count);
	return (store);
}

/* What was read of a list, and how far. */
struct reader {
	struct store_query query;
	struct arena arena;
	struct store_page page;
	char ids[TEXT_ROOM];
};

/* Read the next page; its ids are in ids. */
static void
read_page(struct store *store, struct reader *reader)
{
	size_t i, len;

	ck_assert_int_eq(store_operator_page(store, &reader->query,
	    &reader->arena, &reader->page), STORE_OK);
	ck_assert_uint_le(reader->page.count, reader->query.limit);
	reader->ids[0] = '\0';
	for (i = 0; i < reader->page.count; i++) {
		len = strlen(reader->ids);
		snprintf(reader->ids + len, sizeof reader->ids - len, "%s ",
		    reader->page.rows[i].integration_id);
	}
	reader->query.after = reader->page.next;
}

static void
page_is(struct store *store, struct reader *reader, const char *ids)
{
	read_page(store, reader);
	ck_assert_str_eq(reader->ids, ids);
}

/* No further page has anything. */
static void
is_over(struct store *store, struct reader *reader)
{
	do
		page_is(store, reader, "");
	while (!reader->page.is_last);
	arena_fini(&reader->arena);
}

START_TEST(empty_database_has_an_empty_last_page)
{
	struct reader reader = { .query = { .limit = 3 } };
	struct store *store = begin(0);

	page_is(store, &reader, "");
	ck_assert(reader.page.is_last);
	arena_fini(&reader.arena);
	store_close(store);
}
END_TEST

START_TEST(page_has_no_more_than_its_limit)
{
	struct reader by_one = { .query = { .limit = 1 } };
	struct reader by_two = { .query = { .limit = 2 } };
	struct reader all = { .query = { .limit = 1000 } };
	struct store *store = begin(4);

	page_is(store, &by_one, "1 ");
	page_is(store, &by_one, "2 ");
	page_is(store, &by_one, "3 ");
	page_is(store, &by_one, "4 ");
	is_over(store, &by_one);
	page_is(store, &by_two, "1 2 ");
	page_is(store, &by_two, "3 4 ");
	is_over(store, &by_two);
	page_is(store, &all, "1 2 3 4 ");
	ck_assert(all.page.is_last);
	is_over(store, &all);
	store_close(store);
}
END_TEST

START_TEST(rows_of_one_owner_are_found_among_others)
{
	struct reader reader = { .query = { .limit = 2,
	    .created_by = "user" } };
	struct store *store = begin(1);

	put_rows(store, "other", 2, 3);
	put_rows(store, "user", 4, 5);
	put_rows(store, "User", 6, 6);
	page_is(store, &reader, "1 4 ");
	page_is(store, &reader, "5 ");
	is_over(store, &reader);
	store_close(store);
}
END_TEST

/* Give a row metadata of that many bytes. */
static void
fill(int n, int bytes)
{
	char sql[128];

	snprintf(sql, sizeof sql, unit_url() != NULL ?
	    "UPDATE integrations SET metadata = repeat('x', %d) "
	    "WHERE integration_id = '%d'" : "UPDATE integrations SET metadata "
	    "= printf('%%.*c', %d, 'x') WHERE integration_id = '%d'", bytes,
	    n);
	unit_sql(sql);
}

START_TEST(page_ends_before_the_row_by_which_it_would_be_too_large)
{
	struct reader reader = { .query = { .limit = 9,
	    .columns = STORE_DATA } };
	struct reader lean = { .query = { .limit = 9 } };
	struct store *store = begin(6);

	fill(2, STORE_PAGE_BYTES - 10000);
	fill(3, 20000);
	fill(4, 3 * STORE_PAGE_BYTES);
	page_is(store, &reader, "1 2 ");
	ck_assert(!reader.page.is_last);
	page_is(store, &reader, "3 ");
	page_is(store, &reader, "4 ");
	ck_assert_uint_eq(strlen(reader.page.rows[0].metadata),
	    3 * STORE_PAGE_BYTES);
	page_is(store, &reader, "5 6 ");
	is_over(store, &reader);
	/* What is not asked for does not count. */
	page_is(store, &lean, "1 2 3 4 5 6 ");
	is_over(store, &lean);
	store_close(store);
}
END_TEST

START_TEST(row_that_goes_between_two_pages_does_no_harm)
{
	struct reader reader = { .query = { .limit = 2 } };
	struct store *store = begin(7);

	page_is(store, &reader, "1 2 ");
	unit_sql("DELETE FROM integrations WHERE integration_id IN ('2', '3')");
	page_is(store, &reader, "4 5 ");
	unit_sql("DELETE FROM integrations WHERE integration_id > '5'");
	page_is(store, &reader, "");
	is_over(store, &reader);
	store_close(store);
}
END_TEST

START_TEST(row_that_comes_or_changes_between_two_pages_comes_once)
{
	struct reader reader = { .query = { .limit = 2 } };
	struct store *store = begin(3);
	struct store_save save = unit_save("9", "user", "1");

	page_is(store, &reader, "1 2 ");
	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
	put_rows(store, "user", 4, 4);
	page_is(store, &reader, "3 4 ");
	put_rows(store, "user", 5, 5);
	page_is(store, &reader, "5 ");
	is_over(store, &reader);
	store_close(store);
}
END_TEST

START_TEST(page_costs_a_bounded_number_of_rows)
{
	struct reader reader = { .query = { .limit = 9,
	    .created_by = "late" } };
	struct store *store = begin(MANY);
	int pages = 0;

	put_rows(store, "late", MANY + 1, MANY + 1);
	do {
		read_page(store, &reader);
		pages++;
	} while (reader.page.count == 0 && !reader.page.is_last);
	ck_assert_int_gt(pages, 2);
	ck_assert_str_eq(reader.ids, "5501 ");
	is_over(store, &reader);
	store_close(store);
}
END_TEST

START_TEST(every_row_comes_once_whatever_the_limit)
{
	static const size_t limits[] = { 1, 7, 500, 2000, 2001, 10000 };
	struct reader reader;
	struct store *store = begin(MANY);
	size_t i, k, next;
	char id[16];

	for (i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		reader = (struct reader){ .query = { .limit = limits[i] } };
		next = 1;
		do {
			read_page(store, &reader);
			for (k = 0; k < reader.page.count; k++) {
				snprintf(id, sizeof id, "%zu", next++);
				ck_assert_str_eq(
				    reader.page.rows[k].integration_id, id);
			}
		} while (!reader.page.is_last);
		ck_assert_uint_eq(next, MANY + 1);
		arena_fini(&reader.arena);
	}
	store_close(store);
}
END_TEST

/* Let rows have a box that begins so. */
static void
set_box(const char *digits, const char *where)
{
	char sql[128];

	snprintf(sql, sizeof sql, "UPDATE integrations SET auth_data = %s %s",
	    unit_hex(digits), where);
	unit_sql(sql);
}

START_TEST(boxes_beyond_one_read_are_counted)
{
	struct store_box_counts counts;
	struct store *store = begin(MANY);
	char head[16], where[64];
	int n;

	set_box("0180000001", "");
	unit_sql("UPDATE integrations SET auth_data = NULL "
	    "WHERE integration_id IN ('1', '2500', '5002', '5500')");
	ck_assert_int_eq(store_box_count(store, &counts), STORE_OK);
	ck_assert_uint_eq(counts.count, 1);
	ck_assert_int_eq(store_boxes_under(&counts, 0x80000001), MANY - 4);
	for (n = 0; n < STORE_COUNTS_MAX; n++) {
		snprintf(head, sizeof head, "01800001%02x", n);
		snprintf(where, sizeof where, "WHERE integration_id = '%d'",
		    2 + n);
		set_box(head, where);
	}
	ck_assert_int_eq(store_box_count(store, &counts), STORE_UNAVAILABLE);
	unit_has(unit_log(), "more master keys than there can be");
	set_box("0180000100", "WHERE integration_id = '3'");
	ck_assert_int_eq(store_box_count(store, &counts), STORE_OK);
	ck_assert_uint_eq(counts.count, STORE_COUNTS_MAX);
	ck_assert_int_eq(store_boxes_under(&counts, 0x80000100), 2);
	store_close(store);
}
END_TEST

START_TEST(page_that_was_read_holds_up_no_commit)
{
	struct store_conf conf = unit_store_conf();
	struct reader reader = { .query = { .limit = 2 } };
	struct store_key_page keys;
	struct store_cursor after = { 0 };
	struct store *writer, *store;

	keyring_free(unit_create());
	conf.journal_mode = CONF_JOURNAL_TRUNCATE;
	conf.busy_timeout_ms = 0;
	ck_assert_int_eq(store_open(&writer, &conf, STORE_WRITE), STORE_OK);
	ck_assert_int_eq(store_open(&store, &conf, STORE_READ), STORE_OK);
	put_rows(writer, "user", 1, 3);
	page_is(store, &reader, "1 2 ");
	put_rows(writer, "user", 4, 4);
	ck_assert_int_eq(store_operator_key_page(store, &after, 2,
	    &reader.arena, &keys), STORE_OK);
	put_rows(writer, "user", 5, 5);
	page_is(store, &reader, "3 4 ");
	page_is(store, &reader, "5 ");
	is_over(store, &reader);
	store_close(store);
	store_close(writer);
}
END_TEST

START_TEST(page_that_was_read_holds_up_no_checkpoint)
{
	if (unit_url() != NULL)
		return;		/* it has no files */
	struct reader reader = { .query = { .limit = 2 } };
	struct store *writer = begin(3), *store = unit_open(STORE_READ);
	struct stat st;

	page_is(store, &reader, "1 2 ");
	store_checkpoint(writer, 0, STORE_LOG_TRUNCATE);
	ck_assert_int_eq(stat("strongroom.db-wal", &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	page_is(store, &reader, "3 ");
	is_over(store, &reader);
	store_close(store);
	store_close(writer);
}
END_TEST

/* What the settings of the store's own connections forbid. */
static void
meddle(const char *sql)
{
	sqlite3 *handle;

	ck_assert_int_eq(sqlite3_open(unit_database, &handle), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(handle, sql, NULL, NULL, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
}

START_TEST(damaged_row_is_refused)
{
	if (unit_url() != NULL)
		return;		/* it has no files */
	struct reader reader = { .query = { .limit = 9 } };
	struct store *store = begin(2);

	meddle("PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = "
	    "replace(sql, 'name\t\t\tTEXT NOT NULL', 'name TEXT')");
	unit_sql("UPDATE integrations SET name = NULL "
	    "WHERE integration_id = '2'");
	ck_assert_int_eq(store_operator_page(store, &reader.query,
	    &reader.arena, &reader.page), STORE_UNAVAILABLE);
	unit_has(unit_log(), "see strongroom check");
	arena_fini(&reader.arena);
	store_close(store);
}
END_TEST

START_TEST(page_that_memory_has_no_room_for_is_no_page)
{
	struct reader reader = { .query = { .limit = SIZE_MAX } };
	struct store *store = begin(1);

	ck_assert_int_eq(store_operator_page(store, &reader.query,
	    &reader.arena, &reader.page), STORE_UNAVAILABLE);
	unit_has(unit_log(), "out of memory while reading");
	arena_fini(&reader.arena);
	store_close(store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		empty_database_has_an_empty_last_page,
		page_has_no_more_than_its_limit,
		rows_of_one_owner_are_found_among_others,
		page_ends_before_the_row_by_which_it_would_be_too_large,
		row_that_goes_between_two_pages_does_no_harm,
		row_that_comes_or_changes_between_two_pages_comes_once,
		page_costs_a_bounded_number_of_rows,
		every_row_comes_once_whatever_the_limit,
		boxes_beyond_one_read_are_counted,
		page_that_was_read_holds_up_no_commit,
		page_that_was_read_holds_up_no_checkpoint,
		damaged_row_is_refused,
		page_that_memory_has_no_room_for_is_no_page,
	};

	return (unit_main("store_page", tests,
	    sizeof tests / sizeof tests[0]));
}
