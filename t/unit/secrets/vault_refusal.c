/* Boxes that are altered, or another row's, or another key's. */
#include "config.h"

#include "secrets/vault.h"
#include "unit/unit_store.h"

enum { ROOM = 65536 };

static const struct vault_row row = { "user@example.com", "jira-1" };

static void
seal(const struct keyring *keyring, const struct vault_row *to,
    const char *plain, struct buf *box)
{
	buf_init(box, ROOM);
	ck_assert_int_eq(vault_seal(keyring, to, plain, strlen(plain), box),
	    0);
}

/* The box is refused and nothing of it is given. */
static void
is_refused(const struct keyring *keyring, const struct vault_row *to,
    const void *box, size_t len)
{
	struct buf plain;

	buf_init(&plain, ROOM);
	buf_puts(&plain, "kept");
	ck_assert_int_eq(vault_open(keyring, to, box, len, &plain),
	    VAULT_REFUSED);
	ck_assert_uint_eq(plain.len, 4);
	ck_assert_mem_eq(plain.data, "kept", 4);
	buf_fini(&plain);
}

START_TEST(one_flipped_bit_anywhere_is_refused)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	struct buf box;
	size_t bit;

	seal(keyring, &row, "{\"access_token\":\"t\"}", &box);
	for (bit = 0; bit < box.len * 8; bit++) {
		box.data[bit / 8] ^= (char)(1 << bit % 8);
		is_refused(keyring, &row, box.data, box.len);
		box.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	buf_fini(&box);
	keyring_free(keyring);
}
END_TEST

START_TEST(cut_or_longer_box_is_refused)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	struct buf box;
	size_t len;

	seal(keyring, &row, "token", &box);
	for (len = 0; len < box.len; len++)
		is_refused(keyring, &row, box.data, len);
	buf_putc(&box, '\0');
	is_refused(keyring, &row, box.data, box.len);
	buf_fini(&box);
	keyring_free(keyring);
}
END_TEST

/* Not "out of memory": there is nothing to allocate. */
START_TEST(box_without_content_is_refused)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	struct buf box, plain;

	seal(keyring, &row, "token", &box);
	buf_init(&plain, ROOM);
	ck_assert_int_eq(vault_open(keyring, &row, box.data, 1 + 4 + 24 + 16,
	    &plain), VAULT_REFUSED);
	buf_fini(&plain);
	buf_fini(&box);
	keyring_free(keyring);
}
END_TEST

START_TEST(one_flipped_bit_in_owner_or_identifier_is_refused)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	char texts[2][32];
	const struct vault_row other = { texts[0], texts[1] };
	struct buf box;
	size_t which, bit;

	seal(keyring, &row, "token", &box);
	for (which = 0; which < 2; which++) {
		snprintf(texts[0], sizeof texts[0], "%s", row.created_by);
		snprintf(texts[1], sizeof texts[1], "%s",
		    row.unique_identifier);
		for (bit = 0; bit < strlen(which == 0 ? row.created_by :
		    row.unique_identifier) * 8; bit++) {
			texts[which][bit / 8] ^= (char)(1 << bit % 8);
			is_refused(keyring, &other, box.data, box.len);
			texts[which][bit / 8] ^= (char)(1 << bit % 8);
		}
	}
	buf_fini(&box);
	keyring_free(keyring);
}
END_TEST

START_TEST(box_of_another_row_is_refused)
{
	static const struct vault_row others[] = {
		{ "user@example.com", "jira-2" }, { "user@example.com", "" },
		{ "user@example.com", "jira-1 " },
		{ "user@example.com", "JIRA-1" }, { "other", "jira-1" },
		{ "", "jira-1" }, { "", "" }, { "jira-1", "user@example.com" },
		{ "user@example.comj", "ira-1" },
		{ "user@example.co", "mjira-1" },
		{ "user@example.comjira-1", "" },
		{ "", "user@example.comjira-1" }
	};
	struct keyring *keyring = unit_keyring(unit_key_file);
	struct buf box;
	size_t i;

	seal(keyring, &row, "token", &box);
	for (i = 0; i < sizeof others / sizeof others[0]; i++)
		is_refused(keyring, &others[i], box.data, box.len);
	buf_fini(&box);
	keyring_free(keyring);
}
END_TEST

START_TEST(owner_and_identifier_do_not_run_into_each_other)
{
	static const struct vault_row one = { "ab", "c" }, other = { "a",
	    "bc" };
	struct keyring *keyring = unit_keyring(unit_key_file);
	struct buf box;

	seal(keyring, &one, "token", &box);
	is_refused(keyring, &other, box.data, box.len);
	buf_fini(&box);
	seal(keyring, &other, "token", &box);
	is_refused(keyring, &one, box.data, box.len);
	buf_fini(&box);
	keyring_free(keyring);
}
END_TEST

START_TEST(box_of_another_key_file_is_refused)
{
	struct keyring *keyring = unit_keyring("one.key");
	struct keyring *other = unit_keyring("other.key");
	uint32_t id = keyring_active_id(other);
	struct buf box;

	seal(keyring, &row, "token", &box);
	is_refused(other, &row, box.data, box.len);
	/* Nor under a key id that is there. */
	box.data[1] = (char)(id >> 24);
	box.data[2] = (char)(id >> 16);
	box.data[3] = (char)(id >> 8);
	box.data[4] = (char)id;
	is_refused(other, &row, box.data, box.len);
	buf_fini(&box);
	keyring_free(keyring);
	keyring_free(other);
}
END_TEST

START_TEST(longest_owner_and_identifier_are_sealed)
{
	char text[255 * 4 + 1];
	const struct vault_row longest = { text, text };
	struct keyring *keyring = unit_keyring(unit_key_file);
	struct buf box;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	seal(keyring, &longest, "token", &box);
	is_refused(keyring, &row, box.data, box.len);
	buf_fini(&box);
	keyring_free(keyring);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		one_flipped_bit_anywhere_is_refused,
		cut_or_longer_box_is_refused,
		box_without_content_is_refused,
		one_flipped_bit_in_owner_or_identifier_is_refused,
		box_of_another_row_is_refused,
		owner_and_identifier_do_not_run_into_each_other,
		box_of_another_key_file_is_refused,
		longest_owner_and_identifier_are_sealed,
	};

	return (unit_main("vault_refusal", tests,
	    sizeof tests / sizeof tests[0]));
}
