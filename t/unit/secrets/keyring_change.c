/* Keys that come to a key file and leave it. */
#include "config.h"

#include <sys/stat.h>

#include "unit/unit_store.h"

enum { FILE_LEN = 116, ENTRY_LEN = 36 };

static size_t
file_size(void)
{
	struct stat st;

	ck_assert_int_eq(stat(unit_key_file, &st), 0);
	return ((size_t)st.st_size);
}

static struct keyring *
load(void)
{
	struct keyring *keyring = keyring_load(unit_key_file);

	ck_assert_ptr_nonnull(keyring);
	return (keyring);
}

START_TEST(appended_key_is_the_last_and_the_former_stay)
{
	struct keyring *before = unit_keyring(unit_key_file), *after;
	struct keyring_print prints[KEYRING_MAX + 1];
	uint32_t id = keyring_active_id(before);

	ck_assert_int_eq(keyring_append(unit_key_file), 0);
	ck_assert_uint_eq(file_size(), FILE_LEN + ENTRY_LEN);
	after = load();
	ck_assert_uint_eq(keyring_prints(after, prints), 3);
	ck_assert_uint_eq(prints[1].key_id, id);
	ck_assert_uint_eq(prints[2].key_id, keyring_active_id(after));
	ck_assert_uint_ne(keyring_active_id(after), id);
	ck_assert(keyring_active_id(after) >= 0x80000000);
	ck_assert_mem_eq(keyring_seal_key(after, id),
	    keyring_seal_key(before, id), KEYRING_KEY_LEN);
	ck_assert_mem_eq(keyring_hash_key(after), keyring_hash_key(before),
	    KEYRING_KEY_LEN);
	ck_assert(keyring_is_kin(before, after));
	keyring_free(before);
	keyring_free(after);
}
END_TEST

START_TEST(file_keeps_its_mode_and_leaves_nothing_beside_it)
{
	struct stat st;

	keyring_free(unit_keyring(unit_key_file));
	ck_assert_int_eq(chmod(unit_key_file, 0400), 0);
	ck_assert_int_eq(keyring_append(unit_key_file), 0);
	ck_assert_int_eq(stat(unit_key_file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0400);
	ck_assert_int_eq(access("master.key.new", F_OK), -1);
}
END_TEST

START_TEST(what_a_kill_has_left_is_replaced)
{
	int fd = open("master.key.new", O_WRONLY | O_CREAT, 0644);

	close(fd);
	keyring_free(unit_keyring(unit_key_file));
	ck_assert_int_eq(keyring_append(unit_key_file), 0);
	keyring_free(load());
	ck_assert_int_eq(access("master.key.new", F_OK), -1);
}
END_TEST

START_TEST(file_that_cannot_be_replaced_stays_as_it_is)
{
	keyring_free(unit_keyring(unit_key_file));
	ck_assert_int_eq(mkdir("master.key.new", 0700), 0);
	ck_assert_int_eq(keyring_append(unit_key_file), -1);
	unit_has(unit_log(), "its directory must be writable");
	ck_assert_uint_eq(file_size(), FILE_LEN);
	keyring_free(load());
}
END_TEST

START_TEST(refused_file_is_not_changed)
{
	keyring_free(unit_keyring(unit_key_file));
	ck_assert_int_eq(chmod(unit_key_file, 0644), 0);
	ck_assert_int_eq(keyring_append(unit_key_file), -1);
	ck_assert_int_eq(keyring_remove(unit_key_file, 1), -1);
	unit_has(unit_log(), "others may read or change it");
	ck_assert_uint_eq(file_size(), FILE_LEN);
}
END_TEST

START_TEST(file_holds_64_keys)
{
	int i;

	keyring_free(unit_keyring(unit_key_file));
	for (i = 1; i < KEYRING_MAX; i++)
		ck_assert_int_eq(keyring_append(unit_key_file), 0);
	ck_assert_int_eq(keyring_append(unit_key_file), -1);
	unit_has(unit_log(), "is full with 64 master keys");
	keyring_free(load());
}
END_TEST

START_TEST(removed_key_is_gone_and_the_others_stay)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	uint32_t first = keyring_active_id(keyring), middle, last;

	keyring_free(keyring);
	ck_assert_int_eq(keyring_append(unit_key_file), 0);
	keyring = load();
	middle = keyring_active_id(keyring);
	keyring_free(keyring);
	ck_assert_int_eq(keyring_append(unit_key_file), 0);
	keyring = load();
	last = keyring_active_id(keyring);
	keyring_free(keyring);
	ck_assert_int_eq(keyring_remove(unit_key_file, middle), 0);
	ck_assert_uint_eq(file_size(), FILE_LEN + ENTRY_LEN);
	keyring = load();
	ck_assert_ptr_nonnull(keyring_seal_key(keyring, first));
	ck_assert_ptr_null(keyring_seal_key(keyring, middle));
	ck_assert_uint_eq(keyring_active_id(keyring), last);
	keyring_free(keyring);
}
END_TEST

START_TEST(key_that_is_not_there_need_not_be_removed_and_one_stays)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	uint32_t id = keyring_active_id(keyring);

	ck_assert_int_eq(keyring_remove(unit_key_file, id ^ 1), 0);
	ck_assert_int_eq(keyring_remove(unit_key_file, id), 0);
	ck_assert_uint_eq(file_size(), FILE_LEN);
	keyring_free(keyring);
}
END_TEST

START_TEST(any_key_of_the_file_can_be_put_into_use)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	uint32_t first = keyring_active_id(keyring), last;

	keyring_free(keyring);
	ck_assert_int_eq(keyring_append(unit_key_file), 0);
	keyring = load();
	last = keyring_active_id(keyring);
	ck_assert_int_eq(keyring_activate(keyring, first), 0);
	ck_assert_uint_eq(keyring_active_id(keyring), first);
	ck_assert_int_eq(keyring_activate(keyring, first ^ last), -1);
	ck_assert_uint_eq(keyring_active_id(keyring), first);
	ck_assert_int_eq(keyring_activate(keyring, last), 0);
	ck_assert_uint_eq(keyring_active_id(keyring), last);
	keyring_free(keyring);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		appended_key_is_the_last_and_the_former_stay,
		file_keeps_its_mode_and_leaves_nothing_beside_it,
		what_a_kill_has_left_is_replaced,
		file_that_cannot_be_replaced_stays_as_it_is,
		refused_file_is_not_changed,
		file_holds_64_keys,
		removed_key_is_gone_and_the_others_stay,
		key_that_is_not_there_need_not_be_removed_and_one_stays,
		any_key_of_the_file_can_be_put_into_use,
	};

	return (unit_main("keyring_change", tests,
	    sizeof tests / sizeof tests[0]));
}
