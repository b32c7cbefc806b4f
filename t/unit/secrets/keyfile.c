/* A key file on its way to the disk: none, or one that stays. */
#include "config.h"

#include <sys/stat.h>

#include "secrets/keyfile.h"
#include "unit/unit_store.h"
#include "unit/unit_sync.h"

/* Of the file, and of its directory. */
enum { SYNCS = 2 };

static size_t
keys_in_file(void)
{
	struct keyring_print prints[KEYRING_MAX + 1];
	struct keyring *keyring = keyring_load(unit_key_file);
	size_t count;

	ck_assert_ptr_nonnull(keyring);
	count = keyring_prints(keyring, prints);
	keyring_free(keyring);
	return (count - 1);
}

START_TEST(file_and_directory_are_synced)
{
	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(keyring_create(unit_key_file), 0);
	ck_assert_int_eq(unit_syncs, SYNCS);
	ck_assert_int_eq(keyring_append(unit_key_file), 0);
	ck_assert_int_eq(unit_syncs, 2 * SYNCS);
	ck_assert_uint_eq(keys_in_file(), 2);
}
END_TEST

START_TEST(new_file_that_is_not_synced_is_none)
{
	int good;

	ck_assert_int_eq(secret_init(), 0);
	for (good = 0; good < SYNCS; good++) {
		unit_let_syncs_fail(good);
		ck_assert_int_eq(keyring_create(unit_key_file), -1);
		unit_has(unit_log(), "cannot be written: Input/output error");
		ck_assert_int_eq(access(unit_key_file, F_OK), -1);
	}
}
END_TEST

START_TEST(file_stays_where_its_successor_is_not_synced)
{
	struct stat before, after;

	keyring_free(unit_keyring(unit_key_file));
	ck_assert_int_eq(stat(unit_key_file, &before), 0);
	unit_let_syncs_fail(0);
	ck_assert_int_eq(keyring_append(unit_key_file), -1);
	unit_has(unit_log(), "cannot be replaced: Input/output error");
	ck_assert_int_eq(stat(unit_key_file, &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert_uint_eq(keys_in_file(), 1);
	ck_assert_int_eq(access("master.key.new", F_OK), -1);
}
END_TEST

/* It is in place, and after a power cut the former one may be. */
START_TEST(successor_is_not_relied_on_before_its_name_is_synced)
{
	keyring_free(unit_keyring(unit_key_file));
	unit_let_syncs_fail(1);
	ck_assert_int_eq(keyring_append(unit_key_file), -1);
	unit_has(unit_log(), "cannot be replaced: Input/output error");
	ck_assert_uint_eq(keys_in_file(), 2);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		file_and_directory_are_synced,
		new_file_that_is_not_synced_is_none,
		file_stays_where_its_successor_is_not_synced,
		successor_is_not_relied_on_before_its_name_is_synced,
	};

	return (unit_main("keyfile", tests, sizeof tests / sizeof tests[0]));
}
