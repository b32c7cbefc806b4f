/* Prints: when two are the same, and that they need the key file. */
#include "config.h"

#include "secrets/print.h"
#include "unit/unit_store.h"

static const struct vault_row row = { "user@example.com", "jira-1" };

static void
print_of(unsigned char print[PRINT_LEN], const struct keyring *keyring,
    const char *owner, const char *identifier, const char *plain)
{
	const struct vault_row of = { owner, identifier };

	print_make(print, keyring, &of, plain, strlen(plain));
}

START_TEST(equal_secrets_of_one_row_have_one_print)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	unsigned char one[PRINT_LEN], other[PRINT_LEN];

	print_make(one, keyring, &row, "{\"a\":1}", 7);
	print_of(other, keyring, "user@example.com", "jira-1", "{\"a\":1}");
	ck_assert_mem_eq(one, other, PRINT_LEN);
	print_of(other, keyring, "user@example.com", "jira-1", "{\"a\":2}");
	ck_assert_mem_ne(one, other, PRINT_LEN);
	print_of(other, keyring, "user@example.com", "jira-2", "{\"a\":1}");
	ck_assert_mem_ne(one, other, PRINT_LEN);
	/* What moves from one piece into the next is not the same either. */
	print_of(other, keyring, "user@example.comj", "ira-1", "{\"a\":1}");
	ck_assert_mem_ne(one, other, PRINT_LEN);
	keyring_free(keyring);
}
END_TEST

START_TEST(other_key_file_makes_other_prints)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	struct keyring *stranger = unit_keyring("stranger");
	unsigned char one[PRINT_LEN], other[PRINT_LEN];
	char text[PRINT_TEXT_LEN + 1], other_text[PRINT_TEXT_LEN + 1];

	print_make(one, keyring, &row, "x", 1);
	print_make(other, stranger, &row, "x", 1);
	ck_assert_mem_ne(one, other, PRINT_LEN);
	print_show(text, keyring, "id", one);
	print_show(other_text, stranger, "id", one);
	ck_assert_str_ne(text, other_text);
	keyring_free(keyring);
	keyring_free(stranger);
}
END_TEST

START_TEST(what_is_shown_is_of_one_integration)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	char text[PRINT_TEXT_LEN + 1], other[PRINT_TEXT_LEN + 1];
	unsigned char print[PRINT_LEN];

	print_make(print, keyring, &row, "x", 1);
	print_show(text, keyring, "id-1", print);
	ck_assert_uint_eq(strspn(text, "0123456789abcdef"), PRINT_TEXT_LEN);
	print_show(other, keyring, "id-1", print);
	ck_assert_str_eq(text, other);
	print_show(other, keyring, "id-2", print);
	ck_assert_str_ne(text, other);
	keyring_free(keyring);
}
END_TEST

START_TEST(purposes_are_apart)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	const struct print_piece piece = { "x", 1 };
	unsigned char one[PRINT_LEN], other[PRINT_LEN];

	print_pieces(one, keyring, "a", &piece, 1);
	print_pieces(other, keyring, "b", &piece, 1);
	ck_assert_mem_ne(one, other, PRINT_LEN);
	keyring_free(keyring);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		equal_secrets_of_one_row_have_one_print,
		other_key_file_makes_other_prints,
		what_is_shown_is_of_one_integration, purposes_are_apart
	};

	return (unit_main("print", tests, sizeof tests / sizeof tests[0]));
}
