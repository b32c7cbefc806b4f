/* Boxes: what comes back out of them, and what they look like. */
#include "config.h"

#include "secrets/vault.h"
#include "unit/unit_store.h"

enum { ROOM = 8 << 20, SMALL = 3000, HEAD_LEN = 5, OVERHEAD = 5 + 24 + 16 };

static const struct vault_row row = { "user@example.com", "jira-1" };

/* Bytes without a pattern that padding could be taken for. */
static void
fill(unsigned char *bytes, size_t len)
{
	uint32_t n = (uint32_t)len * 2654435761U + 1;
	size_t i;

	for (i = 0; i < len; i++, n = n * 1664525U + 1013904223U)
		bytes[i] = (unsigned char)(n >> 24);
}

static void
seal(const struct keyring *keyring, const struct vault_row *to,
    const char *plain, struct buf *box)
{
	buf_init(box, ROOM);
	ck_assert_int_eq(vault_seal(keyring, to, plain, strlen(plain), box),
	    0);
}

/* len bytes come back whole out of a box; returns the box's length. */
static size_t
round_trip(const struct keyring *keyring, const unsigned char *bytes,
    size_t len)
{
	struct buf box, plain;
	size_t box_len;

	buf_init(&box, ROOM);
	buf_init(&plain, ROOM);
	ck_assert_int_eq(vault_seal(keyring, &row, bytes, len, &box), 0);
	ck_assert_int_eq(vault_open(keyring, &row, box.data, box.len, &plain),
	    VAULT_OK);
	ck_assert_uint_eq(plain.len, len);
	ck_assert_mem_eq(plain.data, bytes, len);
	box_len = box.len;
	buf_fini(&box);
	buf_fini(&plain);
	return (box_len);
}

START_TEST(bytes_of_every_length_come_back)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	unsigned char bytes[SMALL];
	size_t len;

	for (len = 0; len <= SMALL; len++) {
		fill(bytes, len);
		(void)round_trip(keyring, bytes, len);
	}
	keyring_free(keyring);
}
END_TEST

START_TEST(bytes_around_every_change_of_step_come_back)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	unsigned char *bytes = malloc(ROOM);
	size_t around, less;

	ck_assert_ptr_nonnull(bytes);
	for (around = 4096; around <= 4 << 20; around *= 2) {
		fill(bytes, around + 20);
		for (less = 0; less < 40; less++)
			(void)round_trip(keyring, bytes, around + 20 - less);
	}
	free(bytes);
	keyring_free(keyring);
}
END_TEST

START_TEST(bytes_that_look_like_padding_come_back)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	unsigned char bytes[600] = { 0 };
	size_t len;

	for (len = 0; len < sizeof bytes; len++)
		(void)round_trip(keyring, bytes, len);
	memset(bytes, 0x80, sizeof bytes);
	for (len = 0; len < sizeof bytes; len++)
		(void)round_trip(keyring, bytes, len);
	keyring_free(keyring);
}
END_TEST

START_TEST(box_is_put_behind_what_is_there)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	struct buf box, plain;

	buf_init(&box, ROOM);
	buf_init(&plain, ROOM);
	buf_puts(&box, "12345");
	buf_puts(&plain, "abc");
	ck_assert_int_eq(vault_seal(keyring, &row, "token", 5, &box), 0);
	ck_assert_mem_eq(box.data, "12345", 5);
	ck_assert_int_eq(vault_open(keyring, &row, box.data + 5, box.len - 5,
	    &plain), VAULT_OK);
	ck_assert_uint_eq(plain.len, 8);
	ck_assert_mem_eq(plain.data, "abctoken", 8);
	buf_fini(&box);
	buf_fini(&plain);
	keyring_free(keyring);
}
END_TEST

START_TEST(box_begins_with_version_and_key_id)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	uint32_t id = keyring_active_id(keyring);
	const unsigned char head[HEAD_LEN] = { 1, (unsigned char)(id >> 24),
	    (unsigned char)(id >> 16), (unsigned char)(id >> 8),
	    (unsigned char)id };
	struct buf box;

	seal(keyring, &row, "token", &box);
	ck_assert_mem_eq(box.data, head, sizeof head);
	unit_lacks(box.data, box.len, "token");
	buf_fini(&box);
	keyring_free(keyring);
}
END_TEST

START_TEST(same_bytes_make_another_box_each_time)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	struct buf one, other;
	size_t at;

	seal(keyring, &row, "token", &one);
	seal(keyring, &row, "token", &other);
	ck_assert_uint_eq(one.len, other.len);
	ck_assert_mem_ne(one.data + HEAD_LEN, other.data + HEAD_LEN, 24);
	for (at = HEAD_LEN + 24; at + 16 <= one.len; at += 16)
		ck_assert_mem_ne(one.data + at, other.data + at, 16);
	buf_fini(&one);
	buf_fini(&other);
	keyring_free(keyring);
}
END_TEST

START_TEST(lengths_come_in_few_steps)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	unsigned char *bytes = malloc(1 << 20);
	size_t len, box_len, last = 0, steps = 0;

	ck_assert_ptr_nonnull(bytes);
	fill(bytes, 1 << 20);
	for (len = 0; len < 1 << 20; len += len < 8192 ? 1 : 509) {
		box_len = round_trip(keyring, bytes, len);
		ck_assert_uint_ge(box_len, last);
		ck_assert_uint_gt(box_len, len + OVERHEAD);
		ck_assert_uint_le(box_len, len + OVERHEAD + 256 + len / 8);
		steps += box_len != last;
		last = box_len;
	}
	ck_assert_uint_le(steps, 128);
	ck_assert_uint_eq(round_trip(keyring, bytes, 0),
	    round_trip(keyring, bytes, 255));
	free(bytes);
	keyring_free(keyring);
}
END_TEST

START_TEST(box_without_room_is_told)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	struct buf box;

	buf_init(&box, 256);
	ck_assert_int_eq(vault_seal(keyring, &row, "token", 5, &box), -1);
	unit_has(unit_log(), "sealing");
	buf_fini(&box);
	keyring_free(keyring);
}
END_TEST

START_TEST(plain_without_room_is_told)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	struct buf box, plain;

	seal(keyring, &row, "token", &box);
	buf_init(&plain, 8);
	ck_assert_int_eq(vault_open(keyring, &row, box.data, box.len, &plain),
	    VAULT_NOMEM);
	buf_fini(&plain);
	buf_fini(&box);
	keyring_free(keyring);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		bytes_of_every_length_come_back,
		bytes_around_every_change_of_step_come_back,
		bytes_that_look_like_padding_come_back,
		box_is_put_behind_what_is_there,
		box_begins_with_version_and_key_id,
		same_bytes_make_another_box_each_time,
		lengths_come_in_few_steps,
		box_without_room_is_told,
		plain_without_room_is_told,
	};

	return (unit_main("vault", tests, sizeof tests / sizeof tests[0]));
}
