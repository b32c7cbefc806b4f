/* Key file and database: which belong together. */
#include "config.h"

#include "store/keyfit.h"
#include "unit/unit_store.h"

static enum store_rc
check(struct store *store, struct keeper *keeper)
{
	return (keyfit_check(store, keeper, unit_key_file, unit_database));
}

START_TEST(key_file_of_the_database_fits)
{
	struct keeper *keeper;
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_READ);
	keeper = keeper_open(unit_key_file);
	ck_assert_int_eq(check(store, keeper), STORE_OK);
	ck_assert_str_eq(unit_log(), "");
	keeper_close(keeper);
	store_close(store);
}
END_TEST

START_TEST(key_that_came_after_the_file_was_read_is_found)
{
	struct keyring_print prints[KEYRING_MAX + 1];
	struct keyring *keyring;
	struct keeper *keeper;
	struct store *store;
	size_t count;

	keyring_free(unit_create());
	keeper = keeper_open(unit_key_file);
	ck_assert_int_eq(keyring_append(unit_key_file), 0);
	keyring = keyring_load(unit_key_file);
	count = keyring_prints(keyring, prints);
	store = unit_open(STORE_WRITE);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_master_key_add(store, &prints[count - 1],
	    "2024-01-15T10:30:00.000000"), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	ck_assert_int_eq(check(store, keeper), STORE_OK);
	ck_assert_str_eq(unit_log(), "");
	keyring_free(keyring);
	keeper_close(keeper);
	store_close(store);
}
END_TEST

START_TEST(other_key_file_is_told)
{
	struct keeper *keeper;
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_READ);
	keyring_free(unit_keyring("other.key"));
	keeper = keeper_open("other.key");
	ck_assert_int_eq(check(store, keeper), STORE_OTHER_KEY);
	unit_has(unit_log(), "key file master.key is not the one that "
	    "database strongroom.db was sealed with");
	keeper_close(keeper);
	store_close(store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		key_file_of_the_database_fits,
		key_that_came_after_the_file_was_read_is_found,
		other_key_file_is_told,
	};

	return (unit_main("keyfit", tests, sizeof tests / sizeof tests[0]));
}
