/* Master keys in the store: states, and which boxes are taken. */
#include "config.h"

#include "unit/unit_store.h"

static const char moment[] = "2024-01-15T10:30:00.000000";
static const char later[] = "2024-06-01T00:00:00.000000";

enum { OLD = 0x80000001, NEW = 0x80000002, BOX_LEN = 9, TEXT_ROOM = 512 };

#define OLD_BOX "\1\x80\0\0\1 box"
#define NEW_BOX "\1\x80\0\0\2 box"
#define STRANGE_BOX "\1\x80\0\0\3 box"

/* A database whose active key is NEW, and whose former one is OLD. */
static struct store *
begin(void)
{
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_register(store, OLD);
	unit_register(store, NEW);
	return (store);
}

static enum store_rc
mark(struct store *store, uint32_t key_id, const char *state)
{
	enum store_rc rc;

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	rc = store_master_key_mark(store, key_id, state, later);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	return (rc);
}

static enum store_rc
put_box(struct store *store, const char *id, const char *box, bool old_will_do)
{
	struct store_save save = unit_save(id, "user", id);

	save.row.auth_data = box;
	save.row.auth_data_len = box == NULL ? 0 : BOX_LEN;
	save.old_key_will_do = old_will_do;
	return (unit_put(store, &save));
}

/* Append the states of OLD and NEW to text. */
static void
tell(struct store *store, char *text, size_t size)
{
	struct store_master_key *key;
	struct arena arena = { 0 };
	size_t len;

	ck_assert_int_eq(store_master_key_list(store, &arena, &key), STORE_OK);
	for (; key != NULL; key = key->next) {
		len = strlen(text);
		if (key->key_id == OLD || key->key_id == NEW)
			snprintf(text + len, size - len, "%08x %s %s\n",
			    (unsigned)key->key_id, key->state,
			    key->state_since);
	}
	arena_fini(&arena);
}

START_TEST(key_of_a_fresh_database_is_active)
{
	struct keyring *keyring = unit_create();
	struct store *store = unit_open(STORE_READ);

	ck_assert_uint_eq(store_active_key(store),
	    keyring_active_id(keyring));
	keyring_free(keyring);
	store_close(store);
}
END_TEST

START_TEST(registered_key_is_active_and_the_former_old)
{
	char state[STORE_STATE_MAX + 1];
	char text[TEXT_ROOM] = "";
	struct store *store = begin();

	tell(store, text, sizeof text);
	ck_assert_str_eq(text,
	    "80000001 old 2024-01-15T10:30:00.000000\n"
	    "80000002 active 2024-01-15T10:30:00.000000\n");
	ck_assert_int_eq(store_master_key_find(store, NEW, state), STORE_OK);
	ck_assert_str_eq(state, "active");
	ck_assert_int_eq(store_master_key_find(store, 1, state),
	    STORE_NOT_FOUND);
	ck_assert_int_eq(store_master_key_find(store, 0, state),
	    STORE_NOT_FOUND);
	store_close(store);
}
END_TEST

START_TEST(id_is_registered_once)
{
	const struct keyring_print print = { .key_id = OLD,
	    .purpose = "seal" };
	struct store *store = begin();

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_master_key_add(store, &print, moment),
	    STORE_CONFLICT);
	store_rollback(store);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_uint_eq(store_active_key(store), NEW);
	store_rollback(store);
	store_close(store);
}
END_TEST

START_TEST(other_connections_notice_at_their_next_transaction)
{
	struct store *other, *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	other = unit_open(STORE_WRITE);
	unit_register(store, OLD);
	ck_assert_uint_ne(store_active_key(other), OLD);
	ck_assert_int_eq(put_box(other, "a", OLD_BOX, false), STORE_OK);
	ck_assert_uint_eq(store_active_key(other), OLD);
	unit_register(store, NEW);
	ck_assert_int_eq(put_box(other, "a", OLD_BOX, false),
	    STORE_SEAL_AGAIN);
	ck_assert_uint_eq(store_active_key(other), NEW);
	store_close(store);
	store_close(other);
}
END_TEST

START_TEST(box_under_another_than_the_active_key_is_not_taken)
{
	struct store *store = begin();

	ck_assert_int_eq(put_box(store, "a", OLD_BOX, false),
	    STORE_SEAL_AGAIN);
	ck_assert_int_eq(put_box(store, "a", STRANGE_BOX, false),
	    STORE_SEAL_AGAIN);
	ck_assert_int_eq(put_box(store, "a", NEW_BOX, false), STORE_OK);
	store_close(store);
}
END_TEST

START_TEST(old_key_will_do_on_request_a_retired_or_strange_one_never)
{
	struct store *store = begin();

	ck_assert_int_eq(put_box(store, "a", OLD_BOX, true), STORE_OK);
	ck_assert_int_eq(put_box(store, "a", STRANGE_BOX, true),
	    STORE_SEAL_AGAIN);
	ck_assert_int_eq(mark(store, OLD, "retired"), STORE_OK);
	ck_assert_int_eq(put_box(store, "b", OLD_BOX, true),
	    STORE_SEAL_AGAIN);
	ck_assert_int_eq(mark(store, OLD, "old"), STORE_OK);
	ck_assert_int_eq(put_box(store, "b", OLD_BOX, true), STORE_OK);
	store_close(store);
}
END_TEST

START_TEST(refused_box_leaves_the_others_of_its_batch)
{
	struct store_save save = unit_save("a", "user", "a");
	struct store_save refused = unit_save("b", "user", "b");
	struct store *store = begin();

	refused.row.auth_data = OLD_BOX;
	refused.row.auth_data_len = BOX_LEN;
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_save(store, &refused), STORE_SEAL_AGAIN);
	ck_assert_int_eq(store_save(store, &save), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1);
	store_close(store);
}
END_TEST

START_TEST(active_key_cannot_be_marked_nor_one_that_is_not_there)
{
	struct store *store = begin();

	ck_assert_int_eq(mark(store, NEW, "retired"), STORE_NOT_FOUND);
	ck_assert_int_eq(mark(store, 0, "retired"), STORE_NOT_FOUND);
	ck_assert_int_eq(mark(store, 1, "old"), STORE_NOT_FOUND);
	store_close(store);
}
END_TEST

START_TEST(state_since_is_when_it_came_to_be)
{
	struct store *store = begin();
	char text[TEXT_ROOM] = "";

	ck_assert_int_eq(mark(store, OLD, "old"), STORE_OK);
	tell(store, text, sizeof text);
	ck_assert_int_eq(mark(store, OLD, "retired"), STORE_OK);
	tell(store, text, sizeof text);
	ck_assert_str_eq(text,
	    "80000001 old 2024-01-15T10:30:00.000000\n"
	    "80000002 active 2024-01-15T10:30:00.000000\n"
	    "80000001 retired 2024-06-01T00:00:00.000000\n"
	    "80000002 active 2024-01-15T10:30:00.000000\n");
	store_close(store);
}
END_TEST

START_TEST(retired_key_need_not_be_in_the_key_file)
{
	struct keyring_print prints[KEYRING_MAX + 1] = { { .key_id = 0 } };
	struct keyring *keyring = unit_create();
	struct store *store = unit_open(STORE_WRITE);

	ck_assert_uint_eq(keyring_prints(keyring, prints), 2);
	unit_register(store, NEW);
	ck_assert_int_eq(store_keys_check(store, prints, 2), STORE_OTHER_KEY);
	prints[2] = (struct keyring_print){ .key_id = NEW, .purpose = "seal" };
	ck_assert_int_eq(store_keys_check(store, prints, 3), STORE_OK);
	prints[1] = prints[2];
	ck_assert_int_eq(store_keys_check(store, prints, 2), STORE_OTHER_KEY);
	ck_assert_int_eq(mark(store, keyring_active_id(keyring), "retired"),
	    STORE_OK);
	ck_assert_int_eq(store_keys_check(store, prints, 2), STORE_OK);
	keyring_free(keyring);
	store_close(store);
}
END_TEST

START_TEST(boxes_under_other_keys_are_read_in_order)
{
	struct store_query query = { .columns = STORE_BOX, .not_under = NEW,
	    .limit = 2 };
	struct store *store = begin();
	struct arena arena = { 0 };
	struct store_page page;

	ck_assert_int_eq(put_box(store, "a", OLD_BOX, true), STORE_OK);
	ck_assert_int_eq(put_box(store, "b", NEW_BOX, true), STORE_OK);
	ck_assert_int_eq(put_box(store, "c", OLD_BOX, true), STORE_OK);
	ck_assert_int_eq(put_box(store, "d", OLD_BOX, true), STORE_OK);
	ck_assert_int_eq(put_box(store, "e", NULL, true), STORE_OK);
	ck_assert_int_eq(store_operator_page(store, &query, &arena, &page),
	    STORE_OK);
	ck_assert_uint_eq(page.count, 2);
	ck_assert_str_eq(page.rows[0].integration_id, "a");
	ck_assert_str_eq(page.rows[0].created_by, "user");
	ck_assert_str_eq(page.rows[0].unique_identifier, "a");
	ck_assert_uint_eq(page.rows[0].auth_data_len, BOX_LEN);
	ck_assert_mem_eq(page.rows[0].auth_data, OLD_BOX, BOX_LEN);
	ck_assert_str_eq(page.rows[1].integration_id, "c");
	query.after = page.next;
	ck_assert_int_eq(store_operator_page(store, &query, &arena, &page),
	    STORE_OK);
	ck_assert_uint_eq(page.count, 1);
	ck_assert_str_eq(page.rows[0].integration_id, "d");
	ck_assert(page.is_last);
	arena_fini(&arena);
	store_close(store);
}
END_TEST

START_TEST(box_goes_only_in_the_place_of_the_one_that_was_read)
{
	struct integration was = { .integration_id = "a" };
	struct store_box_counts counts;
	struct store *store = begin();

	ck_assert_int_eq(put_box(store, "a", OLD_BOX, true), STORE_OK);
	ck_assert_int_eq(put_box(store, "b", OLD_BOX, true), STORE_OK);
	was.auth_data_len = BOX_LEN;
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	was.auth_data = STRANGE_BOX;
	ck_assert_int_eq(store_box_replace(store, &was, NEW_BOX, BOX_LEN),
	    STORE_NOT_FOUND);
	was.auth_data = OLD_BOX;
	ck_assert_int_eq(store_box_replace(store, &was, NEW_BOX, BOX_LEN),
	    STORE_OK);
	ck_assert_int_eq(store_box_replace(store, &was, NEW_BOX, BOX_LEN),
	    STORE_NOT_FOUND);
	was.integration_id = "c";
	ck_assert_int_eq(store_box_replace(store, &was, NEW_BOX, BOX_LEN),
	    STORE_NOT_FOUND);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	ck_assert_int_eq(store_box_count(store, &counts), STORE_OK);
	ck_assert_int_eq(store_boxes_under(&counts, OLD), 1);
	ck_assert_int_eq(store_boxes_under(&counts, NEW), 1);
	store_close(store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		key_of_a_fresh_database_is_active,
		registered_key_is_active_and_the_former_old,
		id_is_registered_once,
		other_connections_notice_at_their_next_transaction,
		box_under_another_than_the_active_key_is_not_taken,
		old_key_will_do_on_request_a_retired_or_strange_one_never,
		refused_box_leaves_the_others_of_its_batch,
		active_key_cannot_be_marked_nor_one_that_is_not_there,
		state_since_is_when_it_came_to_be,
		retired_key_need_not_be_in_the_key_file,
		boxes_under_other_keys_are_read_in_order,
		box_goes_only_in_the_place_of_the_one_that_was_read,
	};

	return (unit_main("store_master_key", tests,
	    sizeof tests / sizeof tests[0]));
}
