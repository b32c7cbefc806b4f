/* Lists of one user's integrations: order, pages, and who sees what. */
#include "config.h"

#include "ground/words.h"
#include "unit/unit_store.h"

enum { TEXT_ROOM = 4096, MANY = STORE_LOOK_ROWS + 500 };

static const struct store_asker user = { "user", WORDS_ALL };

/* Save a row of that type, created and expiring in that second. */
static void
put(struct store *store, const char *owner, const char *id, const char *type,
    int created, int expires)
{
	struct store_save save = unit_save(id, owner, id);
	char created_at[IDENT_TIME_LEN + 1], expires_at[IDENT_TIME_LEN + 1];

	ident_time(created_at, created * INT64_C(1000000));
	ident_time(expires_at, expires * INT64_C(1000000));
	save.row.integration_type = type;
	save.row.created_at = created_at;
	save.row.expires_at = expires > 0 ? expires_at : NULL;
	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
}

/* A store with rows a to f of user, and one of another's. */
static struct store *
begin(void)
{
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	put(store, "user", "a", "jira", 1, 60);
	put(store, "user", "c", "github", 2, 50);
	put(store, "user", "b", "jira", 2, 0);
	put(store, "user", "d", "slack", 2, 50);
	put(store, "user", "e", "jira", 3, 40);
	put(store, "USER", "x", "jira", 2, 50);
	put(store, "user", "f", "github", 4, 0);
	return (store);
}

/* The ids of all pages of a list, a bar behind each page. */
static void
list_is(struct store *store, const struct store_asker *asker,
    struct store_list list, const char *expected)
{
	char text[TEXT_ROOM] = "";
	struct arena arena = { 0 };
	struct store_page page;
	size_t i;

	do {
		ck_assert_int_eq(store_list(store, asker, &list, &arena,
		    &page), STORE_OK);
		ck_assert_uint_le(page.count, list.limit);
		for (i = 0; i < page.count; i++) {
			ck_assert_str_eq(page.rows[i].created_by, asker->user);
			strcat(text, page.rows[i].integration_id);
		}
		strcat(text, "|");
		list.after = page.next;
	} while (!page.is_last);
	arena_fini(&arena);
	ck_assert_str_eq(text, expected);
}

START_TEST(newest_come_first_and_of_one_moment_the_greatest_id)
{
	const struct store_asker nobody = { "us", WORDS_ALL };
	struct store *store = begin();

	list_is(store, &user, (struct store_list){ .limit = 10 }, "fedcba|");
	list_is(store, &user, (struct store_list){ .limit = 1 },
	    "f|e|d|c|b|a|");
	list_is(store, &user, (struct store_list){ .limit = 4 }, "fedc|ba|");
	list_is(store, &user, (struct store_list){ .limit = 3 }, "fed|cba|");
	list_is(store, &nobody, (struct store_list){ .limit = 3 }, "|");
	store_close(store);
}
END_TEST

START_TEST(soonest_come_first_and_what_never_expires_does_not)
{
	struct store_list list = { .order = STORE_SOONEST, .limit = 10 };
	struct store *store = begin();

	list_is(store, &user, list, "ecda|");
	list.limit = 1;
	list_is(store, &user, list, "e|c|d|a|");
	ident_time(list.filter.expires_until, INT64_C(60000000));
	list_is(store, &user, list, "e|c|d|");
	ident_time(list.filter.expires_from, INT64_C(50000000));
	list_is(store, &user, list, "c|d|");
	ident_time(list.filter.expires_until, INT64_C(50000001));
	list_is(store, &user, list, "c|d|");
	ident_time(list.filter.expires_until, INT64_C(50000000));
	list_is(store, &user, list, "|");
	store_close(store);
}
END_TEST

START_TEST(page_before_the_range_is_no_way_around_it)
{
	struct store_list list = { .order = STORE_SOONEST, .limit = 10,
	    .after = { .id = "a" } };
	struct store *store = begin();

	ident_time(list.filter.expires_from, INT64_C(50000000));
	ident_time(list.after.moment, INT64_C(1000000));
	list_is(store, &user, list, "cda|");
	ident_time(list.after.moment, INT64_C(50000000));
	strcpy(list.after.id, "c");
	list_is(store, &user, list, "da|");
	store_close(store);
}
END_TEST

START_TEST(who_may_see_some_types_comes_by_no_other)
{
	struct store_asker asker = user;
	struct store *store = begin();
	struct arena arena = { 0 };
	struct store_list list = { .limit = 1,
	    .filter = { .q = "nothing" } };
	struct store_page page;

	asker.types = words_bit(integration_types, "jira");
	list_is(store, &asker, (struct store_list){ .limit = 1 }, "e|b|a|");
	list_is(store, &asker, (struct store_list){ .limit = 3 }, "eba|");
	list_is(store, &asker, (struct store_list){ .limit = 3,
	    .order = STORE_SOONEST }, "ea|");
	/* Where nothing is wanted, the last that was looked at is told. */
	ck_assert_int_eq(store_list(store, &asker, &list, &arena, &page),
	    STORE_OK);
	ck_assert(page.is_last);
	ck_assert_str_eq(page.next.id, "a");
	asker.types |= words_bit(integration_types, "slack");
	list_is(store, &asker, (struct store_list){ .limit = 9 }, "edba|");
	list_is(store, &asker, (struct store_list){ .limit = 9,
	    .filter = { .integration_type = "jira" } }, "eba|");
	list_is(store, &asker, (struct store_list){ .limit = 9,
	    .filter = { .integration_type = "github" } }, "|");
	asker.types = 0;
	list_is(store, &asker, (struct store_list){ .limit = 9 }, "|");
	arena_fini(&arena);
	store_close(store);
}
END_TEST

START_TEST(identifier_is_found_by_who_may_see_it)
{
	struct store_list list = { .limit = 5,
	    .filter = { .unique_identifier = "c" } };
	struct store_asker asker = user;
	struct store *store = begin();

	list_is(store, &user, list, "c|");
	list.order = STORE_SOONEST;
	list_is(store, &user, list, "c|");
	list.filter.unique_identifier = "b";
	list_is(store, &user, list, "|");
	list.order = STORE_NEWEST;
	list_is(store, &user, list, "b|");
	list.filter.unique_identifier = "x";
	list_is(store, &user, list, "|");
	list.filter.unique_identifier = "c";
	list.filter.integration_type = "jira";
	list_is(store, &user, list, "|");
	list.filter.integration_type = NULL;
	asker.types = words_bit(integration_types, "jira");
	list_is(store, &asker, list, "|");
	list.filter.status = "pending";
	list_is(store, &user, list, "|");
	list.filter.status = NULL;
	/* Behind it there is nothing. */
	ident_time(list.after.moment, INT64_C(2000000));
	strcpy(list.after.id, "c");
	list_is(store, &user, list, "|");
	strcpy(list.after.id, "d");
	list_is(store, &user, list, "c|");
	store_close(store);
}
END_TEST

START_TEST(every_type_has_a_place_in_the_merge)
{
	struct store *store = begin();
	char id[2] = "0", expected[TEXT_ROOM] = "";
	size_t i;

	for (i = 0; integration_types[i] != NULL; i++, id[0]++)
		put(store, "all", id, integration_types[i], 1, 0);
	while (i-- > 0) {
		id[0] = (char)('0' + i);
		strcat(expected, id);
	}
	strcat(expected, "|");
	list_is(store, &(struct store_asker){ "all", WORDS_ALL },
	    (struct store_list){ .limit = 99 }, expected);
	store_close(store);
}
END_TEST

/* Count the rows of user, jira, from one on, in one transaction. */
static void
put_many(struct store *store, const char *metadata, int count)
{
	struct store_save save;
	char id[16];
	int n;

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	for (n = 1; n <= count; n++) {
		snprintf(id, sizeof id, "%07d", n);
		save = unit_save(id, "many", id);
		save.row.metadata = metadata;
		save.row.status = n == 1 ? "pending" : "active";
		ck_assert_int_eq(store_save(store, &save), STORE_OK);
	}
	ck_assert_int_eq(store_commit(store), STORE_OK);
}

START_TEST(page_ends_where_many_rows_were_looked_at)
{
	const struct store_asker many = { "many", WORDS_ALL };
	struct store_list list = { .limit = 5,
	    .filter = { .status = "pending" } };
	struct store *store = begin();
	struct arena arena = { 0 };
	struct store_page page;
	char id[16];

	put_many(store, "{}", MANY);
	ck_assert_int_eq(store_list(store, &many, &list, &arena, &page),
	    STORE_OK);
	ck_assert_uint_eq(page.count, 0);
	ck_assert(!page.is_last);
	snprintf(id, sizeof id, "%07d", MANY - STORE_LOOK_ROWS + 1);
	ck_assert_str_eq(page.next.id, id);
	list.after = page.next;
	ck_assert_int_eq(store_list(store, &many, &list, &arena, &page),
	    STORE_OK);
	ck_assert_uint_eq(page.count, 1);
	ck_assert(page.is_last);
	ck_assert_str_eq(page.rows[0].integration_id, "0000001");
	arena_fini(&arena);
	store_close(store);
}
END_TEST

/* Metadata of that length, which lasts until the end. */
static char *
long_metadata(size_t len)
{
	char *text = malloc(len + 1);

	memset(text, 'x', len);
	memcpy(text, "{\"a\":\"", 6);
	memcpy(text + len - 2, "\"}", 3);
	return (text);
}

START_TEST(page_ends_where_it_would_be_too_long)
{
	const struct store_asker many = { "many", WORDS_ALL };
	char *quarter = long_metadata(STORE_PAGE_BYTES / 4);
	struct store *store = begin();

	put_many(store, quarter, 7);
	list_is(store, &many, (struct store_list){ .limit = 99 },
	    "000000700000060000005|000000400000030000002|0000001|");
	/* What is not wanted has no length, until it is too much to read. */
	list_is(store, &many, (struct store_list){ .limit = 99,
	    .filter = { .status = "pending" } }, "0000001|");
	free(quarter);
	store_close(store);
}
END_TEST

START_TEST(page_ends_where_much_was_looked_at)
{
	const struct store_asker many = { "many", WORDS_ALL };
	const struct store_list list = { .limit = 9,
	    .filter = { .status = "pending" } };
	char *text = long_metadata(STORE_PAGE_BYTES);
	struct store *store = begin();
	struct arena arena = { 0 };
	struct store_page page;

	put_many(store, text, 12);
	ck_assert_int_eq(store_list(store, &many, &list, &arena, &page),
	    STORE_OK);
	ck_assert_uint_eq(page.count, 0);
	ck_assert(!page.is_last);
	ck_assert_str_eq(page.next.id, "0000005");
	list_is(store, &many, (struct store_list){ .limit = 9 },
	    "0000012|0000011|0000010|0000009|0000008|0000007|0000006|0000005|"
	    "0000004|0000003|0000002|0000001|");
	arena_fini(&arena);
	free(text);
	store_close(store);
}
END_TEST

START_TEST(page_has_metadata_and_nothing_that_is_sealed)
{
	const struct store_list list = { .limit = 1 };
	struct store *store = begin();
	struct arena arena = { 0 };
	struct store_page page;

	ck_assert_int_eq(store_list(store, &user, &list, &arena, &page),
	    STORE_OK);
	ck_assert_str_eq(page.rows[0].metadata,
	    "{\"instance_name\":\"Production\"}");
	ck_assert_ptr_null(page.rows[0].scope_data);
	ck_assert_ptr_null(page.rows[0].auth_data);
	arena_fini(&arena);
	store_close(store);
}
END_TEST

START_TEST(operator_has_the_same_filters)
{
	const struct store_filter filter = { .integration_type = "jira",
	    .expires_until = ":" };
	const struct store_query query = { .limit = 9, .filter = &filter };
	struct store *store = begin();
	struct arena arena = { 0 };
	struct store_page page;

	ck_assert_int_eq(store_operator_page(store, &query, &arena, &page),
	    STORE_OK);
	ck_assert_uint_eq(page.count, 3);
	ck_assert_str_eq(page.rows[0].integration_id, "a");
	ck_assert_str_eq(page.rows[1].integration_id, "e");
	ck_assert_str_eq(page.rows[2].integration_id, "x");
	arena_fini(&arena);
	store_close(store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		newest_come_first_and_of_one_moment_the_greatest_id,
		soonest_come_first_and_what_never_expires_does_not,
		page_before_the_range_is_no_way_around_it,
		who_may_see_some_types_comes_by_no_other,
		identifier_is_found_by_who_may_see_it,
		every_type_has_a_place_in_the_merge,
		page_ends_where_many_rows_were_looked_at,
		page_ends_where_it_would_be_too_long,
		page_ends_where_much_was_looked_at,
		page_has_metadata_and_nothing_that_is_sealed,
		operator_has_the_same_filters,
	};

	return (unit_main("store_list", tests,
	    sizeof tests / sizeof tests[0]));
}
