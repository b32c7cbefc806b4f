/* The key file: how it is made, and every reason to refuse it. */
#include "config.h"

#include <sys/stat.h>

#include "unit/unit_store.h"

enum { FILE_LEN = 16 + 32 + 4 + 32 + 32, ENTRY_LEN = 36 };

static void
is_refused(const char *path, const char *said)
{
	ck_assert_msg(keyring_load(path) == NULL, "%s is taken", path);
	unit_has(unit_log(), said);
}

static void
read_file(unsigned char *bytes, size_t len)
{
	FILE *in = fopen(unit_key_file, "r");

	ck_assert_ptr_nonnull(in);
	ck_assert_uint_eq(fread(bytes, 1, len, in), len);
	ck_assert_int_eq(fgetc(in), EOF);
	fclose(in);
}

static void
write_file(const unsigned char *bytes, size_t len)
{
	FILE *out = fopen(unit_key_file, "w");

	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(bytes, 1, len, out), len);
	ck_assert_int_eq(fclose(out), 0);
}

START_TEST(file_is_made_for_its_owner_alone)
{
	struct stat st;

	umask(0);
	keyring_free(unit_keyring(unit_key_file));
	ck_assert_int_eq(lstat(unit_key_file, &st), 0);
	ck_assert(S_ISREG(st.st_mode));
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, FILE_LEN);
}
END_TEST

START_TEST(existing_file_is_not_overwritten)
{
	unsigned char before[FILE_LEN], after[FILE_LEN];

	keyring_free(unit_keyring(unit_key_file));
	read_file(before, sizeof before);
	ck_assert_int_eq(keyring_create(unit_key_file), -1);
	unit_has(unit_log(), "File exists");
	read_file(after, sizeof after);
	ck_assert_mem_eq(before, after, sizeof before);
}
END_TEST

START_TEST(link_is_not_followed_when_a_file_is_made)
{
	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(symlink("elsewhere", unit_key_file), 0);
	ck_assert_int_eq(keyring_create(unit_key_file), -1);
	ck_assert_int_eq(access("elsewhere", F_OK), -1);
}
END_TEST

START_TEST(missing_directory_is_told)
{
	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(keyring_create("none/master.key"), -1);
	unit_has(unit_log(), "none/master.key");
}
END_TEST

START_TEST(missing_file_is_refused)
{
	ck_assert_int_eq(secret_init(), 0);
	is_refused("none.key", "key file none.key refused: it is missing");
}
END_TEST

START_TEST(file_that_others_may_read_or_change_is_refused)
{
	mode_t mode;

	keyring_free(unit_keyring(unit_key_file));
	for (mode = 1; mode <= 040; mode <<= 1) {
		ck_assert_int_eq(chmod(unit_key_file, 0600 | mode), 0);
		is_refused(unit_key_file, "chmod it to 0600");
	}
	ck_assert_int_eq(chmod(unit_key_file, 0400), 0);
	keyring_free(keyring_load(unit_key_file));
	ck_assert_str_eq(unit_log(), "");
}
END_TEST

START_TEST(file_of_another_user_is_refused)
{
	if (geteuid() != 0)
		return;
	keyring_free(unit_keyring(unit_key_file));
	ck_assert_int_eq(chown(unit_key_file, 65534, (gid_t)-1), 0);
	is_refused(unit_key_file, "it belongs to another user");
}
END_TEST

START_TEST(what_is_no_regular_file_is_refused)
{
	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(mkfifo("pipe.key", 0600), 0);
	ck_assert_int_eq(mkdir("dir.key", 0700), 0);
	is_refused("pipe.key", "it is not a regular file");
	is_refused("dir.key", "it is not a regular file");
}
END_TEST

START_TEST(link_is_refused)
{
	keyring_free(unit_keyring(unit_key_file));
	ck_assert_int_eq(symlink(unit_key_file, "link.key"), 0);
	is_refused("link.key", "it is a symbolic link");
}
END_TEST

START_TEST(file_of_any_other_size_is_refused)
{
	unsigned char bytes[FILE_LEN + 1] = { 0 };
	size_t len;

	keyring_free(unit_keyring(unit_key_file));
	read_file(bytes, FILE_LEN);
	for (len = 0; len <= FILE_LEN + 1; len++) {
		if (len == FILE_LEN)
			continue;
		write_file(bytes, len);
		is_refused(unit_key_file, "refused: it has the wrong size");
	}
}
END_TEST

START_TEST(file_with_more_keys_than_there_may_be_is_refused)
{
	static unsigned char bytes[FILE_LEN + KEYRING_MAX * ENTRY_LEN];

	keyring_free(unit_keyring(unit_key_file));
	read_file(bytes, FILE_LEN);
	write_file(bytes, sizeof bytes);
	is_refused(unit_key_file, "refused: it has the wrong size");
	write_file(bytes, sizeof bytes - ENTRY_LEN);
	is_refused(unit_key_file, "refused: it is damaged");
}
END_TEST

START_TEST(damage_of_any_byte_is_refused)
{
	unsigned char bytes[FILE_LEN];
	size_t i;

	keyring_free(unit_keyring(unit_key_file));
	read_file(bytes, sizeof bytes);
	for (i = 0; i < sizeof bytes; i++) {
		bytes[i] ^= (unsigned char)(1 << i % 8);
		write_file(bytes, sizeof bytes);
		is_refused(unit_key_file, "refused: it is damaged");
		bytes[i] ^= (unsigned char)(1 << i % 8);
	}
	write_file(bytes, sizeof bytes);
	keyring_free(keyring_load(unit_key_file));
	ck_assert_str_eq(unit_log(), "");
}
END_TEST

START_TEST(fresh_file_has_a_root_and_one_key_in_use)
{
	struct keyring_print prints[KEYRING_MAX + 1];
	struct keyring *keyring = unit_keyring(unit_key_file);
	uint32_t id = keyring_active_id(keyring);

	ck_assert_uint_ne(id, 0);
	ck_assert_uint_eq(keyring_prints(keyring, prints), 2);
	ck_assert_uint_eq(prints[0].key_id, 0);
	ck_assert_str_eq(prints[0].purpose, "hash");
	ck_assert_uint_eq(prints[1].key_id, id);
	ck_assert_str_eq(prints[1].purpose, "seal");
	ck_assert_ptr_nonnull(keyring_seal_key(keyring, id));
	ck_assert_ptr_null(keyring_seal_key(keyring, id ^ 1));
	ck_assert_ptr_null(keyring_seal_key(keyring, 0));
	keyring_free(keyring);
}
END_TEST

START_TEST(file_gives_the_same_keys_each_time)
{
	struct keyring *one = unit_keyring(unit_key_file);
	struct keyring *again = keyring_load(unit_key_file);
	struct keyring_print a[KEYRING_MAX + 1], b[KEYRING_MAX + 1];
	uint32_t id = keyring_active_id(one);

	ck_assert_mem_eq(keyring_hash_key(one), keyring_hash_key(again),
	    KEYRING_KEY_LEN);
	ck_assert_mem_eq(keyring_seal_key(one, id),
	    keyring_seal_key(again, id), KEYRING_KEY_LEN);
	ck_assert_uint_eq(keyring_prints(one, a), keyring_prints(again, b));
	ck_assert_mem_eq(a[1].fingerprint, b[1].fingerprint,
	    KEYRING_PRINT_LEN);
	keyring_free(one);
	keyring_free(again);
}
END_TEST

START_TEST(two_files_share_no_key)
{
	struct keyring *one = unit_keyring("one.key");
	struct keyring *other = unit_keyring("other.key");
	struct keyring_print a[KEYRING_MAX + 1], b[KEYRING_MAX + 1];

	(void)keyring_prints(one, a);
	(void)keyring_prints(other, b);
	ck_assert_mem_ne(keyring_hash_key(one), keyring_hash_key(other),
	    KEYRING_KEY_LEN);
	ck_assert_mem_ne(a[0].fingerprint, b[0].fingerprint,
	    KEYRING_PRINT_LEN);
	ck_assert_mem_ne(a[1].fingerprint, b[1].fingerprint,
	    KEYRING_PRINT_LEN);
	keyring_free(one);
	keyring_free(other);
}
END_TEST

START_TEST(keys_and_fingerprints_are_not_in_the_file)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	struct keyring_print prints[KEYRING_MAX + 1];
	const unsigned char *key;
	unsigned char bytes[FILE_LEN];

	(void)keyring_prints(keyring, prints);
	read_file(bytes, sizeof bytes);
	key = keyring_seal_key(keyring, keyring_active_id(keyring));
	ck_assert_ptr_null(memmem(bytes, sizeof bytes, key, 32));
	ck_assert_ptr_null(memmem(bytes, sizeof bytes,
	    keyring_hash_key(keyring), 32));
	ck_assert_ptr_null(memmem(bytes, sizeof bytes, prints[0].fingerprint,
	    32));
	ck_assert_mem_ne(key, prints[1].fingerprint, 32);
	ck_assert_mem_ne(key, keyring_hash_key(keyring), 32);
	keyring_free(keyring);
}
END_TEST

START_TEST(free_takes_null)
{
	keyring_free(NULL);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		file_is_made_for_its_owner_alone,
		existing_file_is_not_overwritten,
		link_is_not_followed_when_a_file_is_made,
		missing_directory_is_told,
		missing_file_is_refused,
		file_that_others_may_read_or_change_is_refused,
		file_of_another_user_is_refused,
		what_is_no_regular_file_is_refused,
		link_is_refused,
		file_of_any_other_size_is_refused,
		file_with_more_keys_than_there_may_be_is_refused,
		damage_of_any_byte_is_refused,
		fresh_file_has_a_root_and_one_key_in_use,
		file_gives_the_same_keys_each_time,
		two_files_share_no_key,
		keys_and_fingerprints_are_not_in_the_file,
		free_takes_null,
	};

	return (unit_main("keyring", tests, sizeof tests / sizeof tests[0]));
}
