/* Removing what is a user's, some at a time. */
#include "config.h"

#include "store/store_erase.h"
#include "unit/unit_audit.h"
#include "unit/unit_keys.h"

enum { ROWS = 5, SOME = 2 };

/* How many rows there are that a condition holds for. */
static int
count(const char *from)
{
	char sql[256];

	snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", from);
	return ((int)unit_number(sql));
}

/* Two users who have as much of everything. */
static struct store *
begin(void)
{
	static const char *const users[] = { "user", "other" };
	struct store *store;
	struct store_save save;
	struct store_key key;
	char id[16];
	int i;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	for (i = 0; i < 2 * ROWS; i++) {
		snprintf(id, sizeof id, "id-%05d", i);
		save = unit_save(id, users[i % 2], id);
		ck_assert_int_eq(unit_put(store, &save), STORE_OK);
		key = unit_a_key(id);
		key.user = users[i % 2];
		unit_keep_key(store, (unsigned char)i, &key);
		unit_use_key(store, id, unit_made);
	}
	unit_sql("INSERT INTO reveals SELECT id, 'at', 1 FROM integrations;"
	    "INSERT INTO refresh_leases SELECT id, 'lease', 'at', 'at' "
	    "FROM integrations");
	return (store);
}

/* Erase by one of the functions until it finds no more; how often. */
static int
erase_all(struct store *store, enum store_rc (*erase)(struct store *,
    const char *, int64_t, int64_t *), int64_t *all)
{
	int64_t some;
	int times = 0;

	*all = 0;
	do {
		ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
		ck_assert_int_eq(erase(store, "user", SOME, &some), STORE_OK);
		ck_assert_int_eq(store_commit(store), STORE_OK);
		ck_assert_int_le(some, SOME);
		*all += some;
		times++;
	} while (some == SOME);
	return (times);
}

START_TEST(integrations_go_with_what_is_beside_them)
{
	struct store *store = begin();
	int64_t all;

	ck_assert_int_eq(erase_all(store, store_operator_erase_integrations,
	    &all), 3);
	ck_assert_int_eq(all, ROWS);
	ck_assert_int_eq(count("integrations"), ROWS);
	ck_assert_int_eq(count("integrations WHERE created_by = 'user'"), 0);
	ck_assert_int_eq(count("reveals JOIN integrations USING (id)"), ROWS);
	ck_assert_int_eq(count("reveals"), ROWS);
	ck_assert_int_eq(count("refresh_leases JOIN integrations USING (id)"),
	    ROWS);
	ck_assert_int_eq(count("refresh_leases"), ROWS);
	ck_assert_int_eq(erase_all(store, store_operator_erase_integrations,
	    &all), 1);
	ck_assert_int_eq(all, 0);
	store_close(store);
}
END_TEST

START_TEST(keys_go_with_their_uses)
{
	struct store *store = begin();
	int64_t all;

	ck_assert_int_eq(erase_all(store, store_operator_erase_keys, &all),
	    3);
	ck_assert_int_eq(all, ROWS);
	ck_assert_int_eq(count("api_keys"), ROWS);
	ck_assert_int_eq(count("api_keys WHERE user = 'user'"), 0);
	ck_assert_int_eq(count("key_uses JOIN api_keys USING (public_id)"),
	    ROWS);
	ck_assert_int_eq(count("key_uses"), ROWS);
	store_close(store);
}
END_TEST

START_TEST(kept_answers_go_wherever_they_are)
{
	struct store *store = begin();
	int64_t after = 0, some, all = 0;
	bool is_last = false;
	int times = 0;

	unit_sql(unit_url() != NULL ? "INSERT INTO idempotency SELECT 7 * id, "
	    "'at', decode(md5(random()::text), 'hex'), '', created_by, "
	    "'jira', 'e', '{}' FROM integrations" :
	    "INSERT INTO idempotency SELECT 7 * id, 'at', "
	    "randomblob(16), x'00', created_by, 'jira', 'e', '{}' "
	    "FROM integrations");
	while (!is_last) {
		ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
		ck_assert_int_eq(store_operator_erase_answers(store, "user",
		    20, &after, &is_last, &some), STORE_OK);
		ck_assert_int_eq(store_commit(store), STORE_OK);
		ck_assert_int_lt(++times, 20);
		all += some;
	}
	ck_assert_int_eq(all, ROWS);
	ck_assert_int_eq(times, 4);
	ck_assert_int_eq(count("idempotency"), ROWS);
	ck_assert_int_eq(count("idempotency WHERE created_by = 'user'"), 0);
	store_close(store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		integrations_go_with_what_is_beside_them,
		keys_go_with_their_uses,
		kept_answers_go_wherever_they_are,
	};

	return (unit_main("store_erase", tests,
	    sizeof tests / sizeof tests[0]));
}
