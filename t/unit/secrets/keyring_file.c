/* The key file's layout: files that are put together here, byte by byte. */
#include "config.h"

#include <sodium.h>

#include "unit/unit_store.h"

enum { KEY_LEN = 32, SUM_LEN = 32, ROOM = 512 };

/* A key file under way: magic and root, then entries, then its sum. */
struct file {
	unsigned char bytes[ROOM];
	size_t len;
};

static void
put(struct file *file, const void *bytes, size_t len)
{
	ck_assert_uint_le(file->len + len, sizeof file->bytes);
	memcpy(file->bytes + file->len, bytes, len);
	file->len += len;
}

static void
begin(struct file *file, const char *magic)
{
	unsigned char root[KEY_LEN];

	ck_assert_int_eq(secret_init(), 0);
	*file = (struct file){ 0 };
	memset(root, 'r', sizeof root);
	put(file, magic, 16);
	put(file, root, sizeof root);
}

static void
add_key(struct file *file, unsigned char id, char byte)
{
	const unsigned char key_id[4] = { 0x80, 0, 0, id };
	unsigned char key[KEY_LEN];

	memset(key, byte, sizeof key);
	put(file, key_id, sizeof key_id);
	put(file, key, sizeof key);
}

/* Write the file with its sum and load it. */
static struct keyring *
load(struct file *file)
{
	unsigned char sum[SUM_LEN];
	int fd = open(unit_key_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	crypto_generichash(sum, sizeof sum, file->bytes, file->len, NULL, 0);
	put(file, sum, sizeof sum);
	ck_assert_int_eq(write(fd, file->bytes, file->len),
	    (ssize_t)file->len);
	close(fd);
	return (keyring_load(unit_key_file));
}

START_TEST(file_of_another_kind_is_refused)
{
	struct file file;

	begin(&file, "strongroom-key2\n");
	add_key(&file, 1, 'a');
	ck_assert_ptr_null(load(&file));
	unit_has(unit_log(), "refused: it is damaged");
}
END_TEST

START_TEST(file_without_a_master_key_is_refused)
{
	struct file file;

	begin(&file, "strongroom-key1\n");
	ck_assert_ptr_null(load(&file));
	unit_has(unit_log(), "refused: it has the wrong size");
}
END_TEST

/* Write these bytes as the key file; whether it is taken. */
static bool
is_taken(const unsigned char *bytes, size_t len)
{
	int fd = open(unit_key_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);
	struct keyring *keyring;

	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
	keyring = keyring_load(unit_key_file);
	keyring_free(keyring);
	return (keyring != NULL);
}

START_TEST(one_flipped_bit_anywhere_is_refused)
{
	struct file file;
	size_t bit;

	begin(&file, "strongroom-key1\n");
	add_key(&file, 1, 'a');
	add_key(&file, 2, 'b');
	keyring_free(load(&file));
	ck_assert(is_taken(file.bytes, file.len));
	for (bit = 0; bit < file.len * 8; bit++) {
		file.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		ck_assert_msg(!is_taken(file.bytes, file.len), "bit %zu",
		    bit);
		file.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
}
END_TEST

START_TEST(file_cut_anywhere_is_refused)
{
	struct file file;
	size_t len;

	begin(&file, "strongroom-key1\n");
	add_key(&file, 1, 'a');
	add_key(&file, 2, 'b');
	keyring_free(load(&file));
	for (len = 0; len < file.len; len++)
		ck_assert_msg(!is_taken(file.bytes, len), "%zu bytes", len);
	put(&file, "", 1);
	ck_assert(!is_taken(file.bytes, file.len));
}
END_TEST

START_TEST(last_of_several_keys_is_in_use_and_all_are_there)
{
	struct keyring_print prints[KEYRING_MAX + 1];
	struct keyring *keyring;
	struct file file;

	begin(&file, "strongroom-key1\n");
	add_key(&file, 1, 'a');
	add_key(&file, 3, 'b');
	add_key(&file, 2, 'c');
	keyring = load(&file);
	ck_assert_ptr_nonnull(keyring);
	ck_assert_uint_eq(keyring_active_id(keyring), 0x80000002);
	ck_assert_uint_eq(keyring_prints(keyring, prints), 4);
	ck_assert_uint_eq(prints[1].key_id, 0x80000001);
	ck_assert_uint_eq(prints[2].key_id, 0x80000003);
	ck_assert_uint_eq(prints[3].key_id, 0x80000002);
	ck_assert_ptr_nonnull(keyring_seal_key(keyring, 0x80000001));
	ck_assert_ptr_nonnull(keyring_seal_key(keyring, 0x80000003));
	ck_assert_mem_ne(keyring_seal_key(keyring, 0x80000001),
	    keyring_seal_key(keyring, 0x80000002), KEY_LEN);
	keyring_free(keyring);
}
END_TEST

START_TEST(key_is_the_same_whatever_stands_beside_it)
{
	struct keyring *alone, *among;
	struct file file;

	begin(&file, "strongroom-key1\n");
	add_key(&file, 1, 'a');
	alone = load(&file);
	begin(&file, "strongroom-key1\n");
	add_key(&file, 1, 'a');
	add_key(&file, 2, 'b');
	among = load(&file);
	ck_assert_ptr_nonnull(alone);
	ck_assert_ptr_nonnull(among);
	ck_assert_mem_eq(keyring_hash_key(alone), keyring_hash_key(among),
	    KEY_LEN);
	ck_assert_mem_eq(keyring_seal_key(alone, 0x80000001),
	    keyring_seal_key(among, 0x80000001), KEY_LEN);
	keyring_free(alone);
	keyring_free(among);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		file_of_another_kind_is_refused,
		file_without_a_master_key_is_refused,
		one_flipped_bit_anywhere_is_refused,
		file_cut_anywhere_is_refused,
		last_of_several_keys_is_in_use_and_all_are_there,
		key_is_the_same_whatever_stands_beside_it,
	};

	return (unit_main("keyring_file", tests,
	    sizeof tests / sizeof tests[0]));
}
