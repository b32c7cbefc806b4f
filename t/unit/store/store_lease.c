/* Refresh leases: one at a time, until it is over or given back. */
#include "config.h"

#include "ground/words.h"
#include "store/store_change.h"
#include "unit/unit_store.h"

static const char first[] = "01890a5d-ac96-4abc-8def-000000000001";
static const char second[] = "01890a5d-ac96-4abc-8def-000000000002";

static struct store *
begin(void)
{
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	unit_put_row(store, "id-2", "b");
	return (store);
}

static struct store_lease
lease(const char *lease_id, int seconds)
{
	return ((struct store_lease){ .asker = { "user", WORDS_ALL },
	    .integration_id = "id-1", .lease_id = lease_id,
	    .seconds = seconds });
}

static enum store_rc
ask(struct store *store, struct store_lease *wanted,
    enum store_rc (*what)(struct store *, struct store_lease *))
{
	enum store_rc rc;

	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	rc = what(store, wanted);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	return (rc);
}

START_TEST(second_one_has_to_wait_for_the_first)
{
	struct store *store = begin();
	struct store_lease one = lease(first, 60), two = lease(second, 1);
	char now[IDENT_TIME_LEN + 1];
	struct store_use use;

	ck_assert_int_eq(ask(store, &one, store_lease_grant), STORE_OK);
	ck_assert_int_eq(one.revision, 1);
	ident_time(now, ident_now_us() + (int64_t)60 * 1000000);
	ck_assert_int_le(strcmp(one.expires_at, now), 0);
	ident_time(now, ident_now_us());
	ck_assert_int_gt(strcmp(one.expires_at, now), 0);
	ck_assert_int_eq(ask(store, &two, store_lease_grant), STORE_HELD);
	ck_assert_str_eq(two.expires_at, one.expires_at);
	ck_assert_int_ge(two.retry_after, 1);
	ck_assert_int_le(two.retry_after, 60);
	ck_assert_int_eq(store_use(store, "id-1", &use), STORE_OK);
	ck_assert_str_eq(use.lease_id, first);
	ck_assert_str_eq(use.lease_until, one.expires_at);
	two.integration_id = "id-2";
	ck_assert_int_eq(ask(store, &two, store_lease_grant), STORE_OK);
	store_close(store);
}
END_TEST

START_TEST(what_is_given_back_makes_room)
{
	struct store *store = begin();
	struct store_lease one = lease(first, 60), two = lease(second, 60);
	struct store_use use;

	ck_assert_int_eq(ask(store, &one, store_lease_release), STORE_LOST);
	ck_assert_int_eq(ask(store, &one, store_lease_grant), STORE_OK);
	ck_assert_int_eq(ask(store, &two, store_lease_release), STORE_LOST);
	ck_assert_int_eq(ask(store, &one, store_lease_release), STORE_OK);
	ck_assert_int_eq(one.revision, 1);
	ck_assert_int_eq(store_use(store, "id-1", &use), STORE_OK);
	ck_assert_str_eq(use.lease_id, "");
	ck_assert_int_eq(ask(store, &one, store_lease_release), STORE_LOST);
	ck_assert_int_eq(ask(store, &two, store_lease_grant), STORE_OK);
	store_close(store);
}
END_TEST

/* One of no seconds is over at once. */
START_TEST(lease_that_is_over_makes_room)
{
	struct store *store = begin();
	struct store_lease one = lease(first, 0), two = lease(second, 60);

	ck_assert_int_eq(ask(store, &one, store_lease_grant), STORE_OK);
	ck_assert_int_eq(ask(store, &one, store_lease_release), STORE_LOST);
	ck_assert_int_eq(ask(store, &two, store_lease_grant), STORE_OK);
	ck_assert_int_eq(ask(store, &one, store_lease_release), STORE_LOST);
	ck_assert_int_eq(ask(store, &two, store_lease_release), STORE_OK);
	store_close(store);
}
END_TEST


START_TEST(what_is_not_the_askers_is_not_there)
{
	struct store *store = begin();
	struct store_lease wanted = lease(first, 60);

	ck_assert_int_eq(ask(store, &wanted, store_lease_grant), STORE_OK);
	wanted.asker.user = "other";
	ck_assert_int_eq(ask(store, &wanted, store_lease_grant),
	    STORE_NOT_FOUND);
	ck_assert_int_eq(ask(store, &wanted, store_lease_release),
	    STORE_NOT_FOUND);
	wanted.asker.user = "user";
	wanted.asker.types = words_bit(integration_types, "slack");
	ck_assert_int_eq(ask(store, &wanted, store_lease_grant),
	    STORE_NOT_FOUND);
	ck_assert_int_eq(ask(store, &wanted, store_lease_release),
	    STORE_NOT_FOUND);
	wanted.asker.types = WORDS_ALL;
	wanted.integration_id = "id-3";
	ck_assert_int_eq(ask(store, &wanted, store_lease_grant),
	    STORE_NOT_FOUND);
	store_close(store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		second_one_has_to_wait_for_the_first,
		what_is_given_back_makes_room,
		lease_that_is_over_makes_room,
		what_is_not_the_askers_is_not_there,
	};

	return (unit_main("store_lease", tests,
	    sizeof tests / sizeof tests[0]));
}
