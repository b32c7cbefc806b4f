/* API keys: their shape, their checksum, and what they are hashed to. */
#include "config.h"

#include "secrets/apikey.h"
#include "unit/unit_store.h"

enum { PREFIX_LEN = 4, SECRET_AT = 13, SUM_AT = 56 };

static const char id_digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz";

static enum apikey_rc
check(const char *key)
{
	return (apikey_check(key, strlen(key)));
}

static void
hash_of(unsigned char hash[APIKEY_HASH_LEN], const struct keyring *keyring,
    const char *key)
{
	apikey_hash(hash, keyring, key, strlen(key));
}

static void
make(char key[APIKEY_LEN + 1])
{
	char id[APIKEY_PUBLIC_ID_LEN + 1];

	ck_assert_int_eq(secret_init(), 0);
	apikey_make_public_id(id);
	apikey_make(key, id);
}

START_TEST(public_id_is_8_of_digits_and_small_letters)
{
	char id[APIKEY_PUBLIC_ID_LEN + 1];
	int i;

	ck_assert_int_eq(secret_init(), 0);
	for (i = 0; i < 1000; i++) {
		apikey_make_public_id(id);
		ck_assert_uint_eq(strlen(id), 8);
		ck_assert_uint_eq(strspn(id, id_digits), 8);
	}
}
END_TEST

START_TEST(key_has_the_shape_of_the_contract)
{
	char key[APIKEY_LEN + 1], id[APIKEY_PUBLIC_ID_LEN + 1];
	int i;

	for (i = 0; i < 200; i++) {
		make(key);
		ck_assert_uint_eq(strlen(key), 62);
		ck_assert_mem_eq(key, "srk_", 4);
		ck_assert_uint_eq(strspn(key + 4, id_digits), 8);
		ck_assert_int_eq(key[12], '_');
		ck_assert_uint_ge(strspn(key + SECRET_AT, base64url), 43);
		ck_assert_uint_eq(strspn(key + SUM_AT, base62), 6);
		ck_assert_int_eq(check(key), APIKEY_OK);
		ck_assert(apikey_is_ours(key));
		apikey_public_id(id, key);
		ck_assert_mem_eq(id, key + 4, 8);
		ck_assert_uint_eq(strlen(id), 8);
	}
}
END_TEST

/* Keys that are in use must not become invalid by a change of ours. */
START_TEST(key_of_an_earlier_day_is_still_one)
{
	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(check("srk_abcd1234_QsLacWHQ-Ba5jlI3EUIbmjG"
	    "wJlq2MDdm7UHHWD_Sq3k7fgh3g"), APIKEY_OK);
}
END_TEST

START_TEST(keys_differ_under_one_public_id)
{
	char one[APIKEY_LEN + 1], other[APIKEY_LEN + 1];

	ck_assert_int_eq(secret_init(), 0);
	apikey_make(one, "abcd1234");
	apikey_make(other, "abcd1234");
	ck_assert_mem_eq(one, "srk_abcd1234_", SECRET_AT);
	ck_assert_mem_eq(other, "srk_abcd1234_", SECRET_AT);
	ck_assert_str_ne(one + SECRET_AT, other + SECRET_AT);
}
END_TEST

START_TEST(one_changed_character_behind_the_prefix_is_refused)
{
	char key[APIKEY_LEN + 1], was;
	size_t i;
	int c;

	make(key);
	for (i = PREFIX_LEN; i < APIKEY_LEN; i++) {
		was = key[i];
		for (c = 1; c < 256; c++) {
			key[i] = (char)c;
			if (key[i] != was)
				ck_assert_msg(check(key) != APIKEY_OK,
				    "character %zu as %d", i, c);
		}
		key[i] = was;
	}
	ck_assert_int_eq(check(key), APIKEY_OK);
}
END_TEST

START_TEST(two_swapped_characters_are_refused)
{
	char key[APIKEY_LEN + 1], was;
	size_t i;

	make(key);
	for (i = SECRET_AT; i + 1 < APIKEY_LEN; i++) {
		if (key[i] == key[i + 1])
			continue;
		was = key[i];
		key[i] = key[i + 1];
		key[i + 1] = was;
		ck_assert_int_eq(check(key), APIKEY_CHECKSUM);
		key[i + 1] = key[i];
		key[i] = was;
	}
}
END_TEST

START_TEST(key_of_ours_of_another_length_is_malformed)
{
	char key[APIKEY_LEN + 2];
	size_t len;

	make(key);
	key[APIKEY_LEN] = 'a';
	key[APIKEY_LEN + 1] = '\0';
	ck_assert_int_eq(check(key), APIKEY_MALFORMED);
	for (len = APIKEY_LEN - 1; len > 0; len--) {
		key[len] = '\0';
		ck_assert_int_eq(check(key), APIKEY_MALFORMED);
	}
}
END_TEST

START_TEST(malformed_is_told_from_a_wrong_checksum)
{
	char key[APIKEY_LEN + 1];

	make(key);
	key[SUM_AT] = key[SUM_AT] == 'a' ? 'b' : 'a';
	ck_assert_int_eq(check(key), APIKEY_CHECKSUM);
	make(key);
	key[SECRET_AT] = '+';
	ck_assert_int_eq(check(key), APIKEY_MALFORMED);
	make(key);
	key[4] = 'A';
	ck_assert_int_eq(check(key), APIKEY_MALFORMED);
	make(key);
	key[12] = '-';
	ck_assert_int_eq(check(key), APIKEY_MALFORMED);
}
END_TEST

START_TEST(foreign_key_has_16_to_512_characters)
{
	char key[APIKEY_FOREIGN_MAX + 2] = "";
	size_t len;

	for (len = 0; len <= APIKEY_FOREIGN_MAX + 1; len++) {
		memset(key, 'k', len);
		key[len] = '\0';
		ck_assert_int_eq(check(key), len >= 16 && len <= 512 ?
		    APIKEY_OK : APIKEY_MALFORMED);
		ck_assert(!apikey_is_ours(key));
	}
}
END_TEST

START_TEST(foreign_key_is_printable_ascii_without_space_and_comma)
{
	char key[] = "0123456789abcdef";
	int c;

	for (c = 1; c < 256; c++) {
		key[7] = (char)c;
		ck_assert_msg((check(key) == APIKEY_OK) ==
		    (c > 0x20 && c < 0x7f && c != ','), "character %d", c);
	}
}
END_TEST

START_TEST(two_keys_joined_by_a_proxy_are_malformed)
{
	ck_assert_int_eq(check("0123456789abcdef, 0123456789abcdef"),
	    APIKEY_MALFORMED);
	ck_assert_int_eq(check("0123456789abcdef,0123456789abcdef"),
	    APIKEY_MALFORMED);
}
END_TEST

START_TEST(hash_depends_on_every_character_and_the_length)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	unsigned char hash[APIKEY_HASH_LEN], other[APIKEY_HASH_LEN];
	char key[] = "0123456789abcdefg";
	size_t i;

	hash_of(hash, keyring, key);
	hash_of(other, keyring, key);
	ck_assert_mem_eq(hash, other, sizeof hash);
	for (i = 0; i < strlen(key); i++) {
		key[i] ^= 1;
		hash_of(other, keyring, key);
		ck_assert_mem_ne(hash, other, sizeof hash);
		key[i] ^= 1;
	}
	key[16] = '\0';
	hash_of(other, keyring, key);
	ck_assert_mem_ne(hash, other, sizeof hash);
	keyring_free(keyring);
}
END_TEST

START_TEST(hash_depends_on_the_keyring)
{
	struct keyring *one = unit_keyring("one.key");
	struct keyring *other = unit_keyring("other.key");
	unsigned char a[APIKEY_HASH_LEN], b[APIKEY_HASH_LEN];

	hash_of(a, one, "0123456789abcdef");
	hash_of(b, other, "0123456789abcdef");
	ck_assert_mem_ne(a, b, sizeof a);
	keyring_free(one);
	keyring_free(other);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		public_id_is_8_of_digits_and_small_letters,
		key_has_the_shape_of_the_contract,
		key_of_an_earlier_day_is_still_one,
		keys_differ_under_one_public_id,
		one_changed_character_behind_the_prefix_is_refused,
		two_swapped_characters_are_refused,
		key_of_ours_of_another_length_is_malformed,
		malformed_is_told_from_a_wrong_checksum,
		foreign_key_has_16_to_512_characters,
		foreign_key_is_printable_ascii_without_space_and_comma,
		two_keys_joined_by_a_proxy_are_malformed,
		hash_depends_on_every_character_and_the_length,
		hash_depends_on_the_keyring,
	};

	return (unit_main("apikey", tests, sizeof tests / sizeof tests[0]));
}
