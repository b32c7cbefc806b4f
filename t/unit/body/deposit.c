/*
 * Drafts that are saved together: what comes of each is what would have come
 * of it alone.
 */
#include "config.h"

#include "body/deposit.h"
#include "body/json_check.h"
#include "secrets/vault.h"
#include "unit/unit_store.h"

enum { MOST = 6, BODY_MAX = 4096, LONG_MS = 30000, SHORT_MS = 100 };

static const char owner[] = "user";

/* A house whose drafts are under way. */
struct house {
	struct writer *writer;
	struct keeper *keeper;
	size_t count;
	struct json_doc docs[MOST];
	struct draft drafts[MOST];
	struct deposit deposits[MOST];
};

static void
begin(struct house *house, int busy_timeout_ms)
{
	*house = (struct house){ .writer = unit_writer(busy_timeout_ms) };
	house->keeper = keeper_open(unit_key_file);
	ck_assert_ptr_nonnull(house->keeper);
}

static void
end(struct house *house)
{
	for (; house->count > 0; house->count--) {
		draft_fini(&house->drafts[house->count - 1]);
		json_doc_fini(&house->docs[house->count - 1]);
	}
	keeper_close(house->keeper);
	writer_close(house->writer);
}

/* A draft of that body, sealed; id NULL: a fresh one. */
static struct store_save *
add(struct house *house, const char *body, const char *id)
{
	size_t i = house->count++;
	struct faults faults = { 0 };
	struct draft *draft = &house->drafts[i];

	draft_init(draft, BODY_MAX);
	ck_assert_int_eq(json_check(&house->docs[i], body, strlen(body)),
	    JSON_OK);
	form_read(&draft->form, &form_save_spec, &house->docs[i], &faults);
	ck_assert_uint_eq(faults.count, 0);
	ck_assert_int_eq(draft_fill(draft, owner, id), 0);
	draft->save.only_new = true;
	ck_assert_int_eq(deposit_begin(&house->deposits[i], draft,
	    house->keeper, house->writer), 0);
	return (&draft->save);
}

#define BODY(type, identifier, more) "{\"name\":\"n\"," \
	"\"integration_type\":\"" type "\",\"unique_identifier\":\"" \
	identifier "\"" more "}"
#define TOKEN ",\"auth_data\":{\"access_token\":\"t\"}"

/* So many are dealt with, and those are their results. */
static void
come_to(struct house *house, size_t done, const enum store_rc *rcs)
{
	size_t i;

	ck_assert_uint_eq(deposit_make(house->deposits, house->count), done);
	for (i = 0; i < done; i++)
		ck_assert_msg(house->deposits[i].job.rc == rcs[i],
		    "%zu: %d", i, (int)house->deposits[i].job.rc);
}

START_TEST(many_are_one_commit)
{
	static const enum store_rc rcs[MOST] = { STORE_OK };
	struct house house;

	begin(&house, LONG_MS);
	ck_assert_uint_eq(deposit_make(house.deposits, 0), 0);
	ck_assert_uint_eq(writer_counts(house.writer).commits, 0);
	(void)add(&house, BODY("jira", "a", TOKEN), NULL);
	(void)add(&house, BODY("jira", "b", ""), NULL);
	(void)add(&house, BODY("jira", "c", TOKEN), NULL);
	come_to(&house, 3, rcs);
	ck_assert_uint_eq(writer_counts(house.writer).commits, 1);
	ck_assert_uint_eq(unit_rows(), 3);
	end(&house);
}
END_TEST

START_TEST(rows_that_clash_do_so_as_if_they_came_one_by_one)
{
	static const char id[] = "11111111-2222-4333-8444-555555555555";
	static const enum store_rc rcs[MOST] = { STORE_OK, STORE_EXISTS,
	    STORE_CONFLICT, STORE_ROW_FAILED, STORE_OK };
	struct house house;
	struct store_save *saves[MOST];

	begin(&house, LONG_MS);
	saves[0] = add(&house, BODY("jira", "a", TOKEN), id);
	saves[1] = add(&house, BODY("jira", "a", TOKEN), NULL);
	saves[2] = add(&house, BODY("slack", "a", ""), NULL);
	saves[3] = add(&house, BODY("jira", "b", TOKEN), id);
	saves[4] = add(&house, BODY("jira", "b", ""), NULL);
	come_to(&house, 5, rcs);
	ck_assert_str_eq(saves[1]->stored.integration_id, id);
	ck_assert_str_eq(saves[2]->stored.integration_id, id);
	ck_assert_str_eq(saves[2]->stored.integration_type, "jira");
	ck_assert_uint_eq(unit_rows(), 2);
	ck_assert_uint_eq(writer_counts(house.writer).commits, 1);
	end(&house);
}
END_TEST

/* Another key is in use from now on, and the key file has it or not. */
static uint32_t
rotate(bool is_in_file)
{
	struct store *store = unit_open(STORE_WRITE);
	struct keyring *keyring;
	uint32_t former, key_id;

	if (is_in_file)
		ck_assert_int_eq(keyring_append(unit_key_file), 0);
	keyring = keyring_load(unit_key_file);
	ck_assert_ptr_nonnull(keyring);
	former = store_active_key(store);
	key_id = is_in_file ? keyring_active_id(keyring) : former ^ 1;
	keyring_free(keyring);
	unit_register(store, key_id);
	store_close(store);
	return (is_in_file ? key_id : former);
}

static void
is_under(void *cookie, const struct integration *row)
{
	if (row->auth_data != NULL)
		ck_assert_uint_eq(vault_key_id(row->auth_data,
		    row->auth_data_len), *(uint32_t *)cookie);
}

START_TEST(none_overtakes_one_that_is_sealed_again)
{
	static const enum store_rc rcs[MOST] = { STORE_OK, STORE_EXISTS,
	    STORE_OK, STORE_OK };
	struct house house;
	struct store_save *first, *second;
	uint32_t key_id;

	begin(&house, LONG_MS);
	first = add(&house, BODY("jira", "a", TOKEN), NULL);
	second = add(&house, BODY("jira", "a", ""), NULL);
	(void)add(&house, BODY("jira", "b", TOKEN), NULL);
	(void)add(&house, BODY("jira", "c", ""), NULL);
	key_id = rotate(true);
	come_to(&house, 4, rcs);
	ck_assert_str_eq(second->stored.integration_id,
	    first->row.integration_id);
	ck_assert_uint_eq(unit_rows(), 3);
	unit_each_row(writer_store(house.writer), owner, is_under, &key_id);
	end(&house);
}
END_TEST

START_TEST(behind_one_that_cannot_be_sealed_none_is_saved)
{
	static const enum store_rc rcs[MOST] = { STORE_OK, STORE_OK };
	struct store *store;
	struct house house;
	uint32_t former;

	begin(&house, LONG_MS);
	(void)add(&house, BODY("jira", "a", ""), NULL);
	(void)add(&house, BODY("jira", "b", TOKEN), NULL);
	(void)add(&house, BODY("jira", "c", ""), NULL);
	former = rotate(false);
	store = unit_open(STORE_WRITE);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_master_key_mark(store, former, "retired",
	    "2024-01-15T10:30:00.000000"), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	store_close(store);
	come_to(&house, 1, rcs);
	ck_assert_int_eq(house.deposits[1].job.rc, STORE_SEAL_AGAIN);
	unit_has(unit_log(), "no master key that is in use");
	ck_assert_uint_eq(unit_rows(), 1);
	end(&house);
}
END_TEST

static enum store_rc (*run_deposit)(struct store *, void *);
static int failures;	/* that are still to come */

static enum store_rc
run_or_fail(struct store *store, void *cookie)
{
	return (failures-- > 0 ? STORE_UNAVAILABLE :
	    run_deposit(store, cookie));
}

/* Four drafts, the third of which fails so often. */
static void
begin_failing(struct house *house, int count)
{
	static const char *const bodies[] = { BODY("jira", "a", TOKEN),
	    BODY("jira", "b", TOKEN), BODY("jira", "c", TOKEN),
	    BODY("jira", "c", "") };
	size_t i;

	begin(house, LONG_MS);
	for (i = 0; i < 4; i++)
		(void)add(house, bodies[i], NULL);
	run_deposit = house->deposits[2].job.run;
	house->deposits[2].job.run = run_or_fail;
	failures = count;
}

START_TEST(failure_is_one_deposits_and_those_behind_it_are_not_begun)
{
	static const enum store_rc rcs[MOST] = { STORE_OK, STORE_OK };
	struct house house;

	begin_failing(&house, 9);
	come_to(&house, 2, rcs);
	ck_assert_int_eq(house.deposits[2].job.rc, STORE_UNAVAILABLE);
	ck_assert_uint_eq(unit_rows(), 2);
	end(&house);
}
END_TEST

START_TEST(failure_among_others_that_is_none_alone_changes_nothing)
{
	static const enum store_rc rcs[MOST] = { STORE_OK, STORE_OK,
	    STORE_OK, STORE_EXISTS };
	struct house house;

	begin_failing(&house, 1);
	come_to(&house, 4, rcs);
	ck_assert_uint_eq(unit_rows(), 3);
	end(&house);
}
END_TEST

START_TEST(lock_that_is_not_had_is_the_first_ones)
{
	struct house house;
	int fd;

	begin(&house, SHORT_MS);
	(void)add(&house, BODY("jira", "a", TOKEN), NULL);
	(void)add(&house, BODY("jira", "b", TOKEN), NULL);
	fd = unit_take_lock();
	come_to(&house, 0, NULL);
	close(fd);
	ck_assert_int_eq(house.deposits[0].job.rc, STORE_BUSY);
	ck_assert_uint_eq(unit_rows(), 0);
	end(&house);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		many_are_one_commit,
		rows_that_clash_do_so_as_if_they_came_one_by_one,
		none_overtakes_one_that_is_sealed_again,
		behind_one_that_cannot_be_sealed_none_is_saved,
		failure_is_one_deposits_and_those_behind_it_are_not_begun,
		failure_among_others_that_is_none_alone_changes_nothing,
		lock_that_is_not_had_is_the_first_ones,
	};

	return (unit_main("deposit", tests, sizeof tests / sizeof tests[0]));
}
