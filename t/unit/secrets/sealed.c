/* Texts sealed to a public key: which keys are taken, what opens. */
#include "config.h"

#include <sodium.h>

#include "secrets/sealed.h"
#include "secrets/secret.h"
#include "unit/unit.h"

enum { ROOM = 1 << 20, TEXT = 64 };

static unsigned char public_key[SEALED_KEY_LEN];
static unsigned char secret_key[SEALED_KEY_LEN];

static void
begin(void)
{
	ck_assert_int_eq(secret_init(), 0);
	crypto_box_keypair(public_key, secret_key);
}

/* Whether the bytes are taken for a key, written in a way of base64. */
static bool
is_taken(const unsigned char bytes[SEALED_KEY_LEN], int variant)
{
	unsigned char key[SEALED_KEY_LEN];
	char text[TEXT];

	sodium_bin2base64(text, sizeof text, bytes, SEALED_KEY_LEN, variant);
	if (!sealed_read_key(key, text, strlen(text)))
		return (false);
	ck_assert_mem_eq(key, bytes, SEALED_KEY_LEN);
	return (true);
}

START_TEST(key_is_read_in_each_way_of_base64)
{
	static const int variants[] = {
		sodium_base64_VARIANT_ORIGINAL,
		sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
		sodium_base64_VARIANT_URLSAFE,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING
	};
	size_t i, n;

	begin();
	for (n = 0; n < 64; n++) {
		crypto_box_keypair(public_key, secret_key);
		for (i = 0; i < 4; i++)
			ck_assert_msg(is_taken(public_key, variants[i]),
			    "variant %zu", i);
	}
}
END_TEST

START_TEST(text_that_is_no_key_is_refused)
{
	/* The last character's low bits are of no byte; both alphabets. */
	static const char *const texts[] = { "", "A", "====",
		"jSwZ0vDKAyM8eJZ4NhlJ6MBKYyBdYjXnGqWPQvVJOw",
		"jSwZ0vDKAyM8eJZ4NhlJ6MBKYyBdYjXnGqWPQvVJOwE=A",
		"jSwZ0vDKAyM8eJZ4NhlJ6MBKYyBdYjXnGqWPQvVJOwE==",
		"jSwZ0vDKAyM8eJZ4NhlJ6MBKYyBdYjXnGqWPQvVJOwF",
		"jSwZ0vDKAyM8eJZ4NhlJ6MBKYyBdYjXnGqWPQvVJOwEAA",
		"jSwZ0vDKAyM8eJZ4NhlJ6-BKYyBdYjXnGqWP+vVJOwE",
		" jSwZ0vDKAyM8eJZ4NhlJ6MBKYyBdYjXnGqWPQvVJOwE",
		"jSwZ0vDKAyM8eJZ4NhlJ6MBKYyBdYjXnGqWPQvVJOwE\n",
		"jSwZ0vDKAyM8eJZ4NhlJ6MBK YyBdYjXnGqWPQvVJOwE" };
	static const char good[] =
	    "jSwZ0vDKAyM8eJZ4NhlJ6MBKYyBdYjXnGqWPQvVJOwE";
	unsigned char key[SEALED_KEY_LEN];
	size_t i;

	begin();
	ck_assert(sealed_read_key(key, good, strlen(good)));
	/* Its NUL is one character too many. */
	ck_assert(!sealed_read_key(key, good, sizeof good));
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		ck_assert_msg(!sealed_read_key(key, texts[i],
		    strlen(texts[i])), "%s", texts[i]);
}
END_TEST

/* The points whose order is 1, 2, 4 or 8, of the curve and of its twist. */
static const char *const low_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

/* Bytes, the lowest of which come from hexadecimal digits. */
static void
from_hex(unsigned char bytes[SEALED_KEY_LEN], const char *hex)
{
	size_t len;

	ck_assert_int_eq(sodium_hex2bin(bytes, SEALED_KEY_LEN, hex,
	    strlen(hex), NULL, &len, NULL), 0);
	ck_assert_uint_eq(len, SEALED_KEY_LEN);
}

START_TEST(key_of_low_order_is_refused)
{
	unsigned char bytes[SEALED_KEY_LEN];
	size_t i;

	begin();
	for (i = 0; i < sizeof low_order / sizeof low_order[0]; i++) {
		from_hex(bytes, low_order[i]);
		ck_assert_msg(!is_taken(bytes, 1), "%s", low_order[i]);
		bytes[31] |= 0x80;
		ck_assert_msg(!is_taken(bytes, 1), "%s, bit 255",
		    low_order[i]);
	}
}
END_TEST

/* 2^255 - 19 and all 18 above it are other ways to write 0 to 18. */
START_TEST(key_that_is_not_canonical_is_refused)
{
	unsigned char bytes[SEALED_KEY_LEN];
	int low, sealed = 0;
	unsigned char box[crypto_box_SEALBYTES + 1];

	begin();
	memset(bytes, 0xff, sizeof bytes);
	bytes[31] = 0x7f;
	for (low = 0xed; low <= 0xff; low++) {
		bytes[0] = (unsigned char)low;
		ck_assert_msg(!is_taken(bytes, 1), "%02x", (unsigned)low);
		sealed += crypto_box_seal(box, (const unsigned char *)"x", 1,
		    bytes) == 0;
	}
	/* Or they would not have had to be looked at. */
	ck_assert_int_ge(sealed, 10);
	bytes[0] = 0xeb;
	ck_assert(is_taken(bytes, 1));
	memset(bytes, 0xff, sizeof bytes);
	bytes[31] = 0x7e;
	ck_assert(is_taken(bytes, 1));
	memset(bytes, 0, sizeof bytes);
	bytes[0] = 9;
	ck_assert(is_taken(bytes, 1));
}
END_TEST

START_TEST(key_with_bit_255_is_refused)
{
	unsigned char box[crypto_box_SEALBYTES + 1], out[1];

	begin();
	ck_assert(is_taken(public_key, 1));
	public_key[31] |= 0x80;
	ck_assert(!is_taken(public_key, 1));
	/* It would seal, and its owner could not open it. */
	ck_assert_int_eq(crypto_box_seal(box, (const unsigned char *)"x", 1,
	    public_key), 0);
	public_key[31] &= 0x7f;
	ck_assert_int_eq(crypto_box_seal_open(out, box, sizeof box,
	    public_key, secret_key), -1);
}
END_TEST

/* Seal so many bytes; what comes of it. */
static void
seal(size_t len, struct buf *out)
{
	struct buf plain;
	size_t i;

	buf_init(&plain, ROOM);
	buf_init(out, ROOM);
	for (i = 0; i < len; i++)
		buf_putc(&plain, (char)('a' + i % 23));
	ck_assert_int_eq(sealed_make(public_key, &plain, out), 0);
	buf_fini(&plain);
}

/* The length of what it holds; -1 where it does not open. */
static long
open_it(const struct buf *sealed)
{
	struct buf plain;
	long len = -1;
	size_t i;

	buf_init(&plain, ROOM);
	if (sealed_open(secret_key, sealed->data, sealed->len, &plain) == 0) {
		len = (long)plain.len;
		for (i = 0; i < plain.len && plain.data[i] != ' '; i++)
			ck_assert_int_eq(plain.data[i], 'a' + (int)(i % 23));
		for (; i < plain.len; i++)
			ck_assert_int_eq(plain.data[i], ' ');
	}
	buf_fini(&plain);
	return (len);
}

START_TEST(text_opens_and_tells_little_of_its_length)
{
	static const struct {
		size_t len;
		long padded;
	} cases[] = { { 1, 256 }, { 255, 256 }, { 256, 256 }, { 257, 512 },
	    { 100000, 100096 } };
	struct buf sealed;
	size_t i;

	begin();
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		seal(cases[i].len, &sealed);
		ck_assert_uint_eq(sealed.len,
		    ((size_t)cases[i].padded + 48) * 4 / 3 +
		    ((cases[i].padded + 48) % 3 != 0));
		ck_assert_ptr_null(memchr(sealed.data, '=', sealed.len));
		ck_assert_ptr_null(memchr(sealed.data, '+', sealed.len));
		ck_assert_int_eq(open_it(&sealed), cases[i].padded);
		buf_fini(&sealed);
	}
}
END_TEST

START_TEST(what_was_changed_or_is_for_another_does_not_open)
{
	struct buf sealed;
	size_t i;
	char c;

	begin();
	seal(1, &sealed);
	for (i = 0; i < sealed.len; i++) {
		c = sealed.data[i];
		sealed.data[i] = c == 'A' ? 'B' : 'A';
		ck_assert_msg(open_it(&sealed) == -1, "%zu", i);
		sealed.data[i] = c;
	}
	ck_assert_int_eq(open_it(&sealed), 256);
	for (i = sealed.len; i > 0; i--) {
		sealed.len--;
		ck_assert_msg(open_it(&sealed) == -1, "%zu", sealed.len);
	}
	buf_fini(&sealed);
	seal(1, &sealed);
	crypto_box_keypair(public_key, secret_key);
	ck_assert_int_eq(open_it(&sealed), -1);
	unit_has(unit_log(), "it does not open");
	buf_fini(&sealed);
}
END_TEST

START_TEST(public_key_is_shown_as_it_is_read)
{
	char text[SEALED_KEY_TEXT_LEN + 1];
	unsigned char key[SEALED_KEY_LEN];

	begin();
	sealed_show_key(text, secret_key);
	ck_assert_uint_eq(strlen(text), SEALED_KEY_TEXT_LEN);
	ck_assert(sealed_read_key(key, text, strlen(text)));
	ck_assert_mem_eq(key, public_key, sizeof key);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		key_is_read_in_each_way_of_base64,
		text_that_is_no_key_is_refused,
		key_of_low_order_is_refused,
		key_that_is_not_canonical_is_refused,
		key_with_bit_255_is_refused,
		text_opens_and_tells_little_of_its_length,
		what_was_changed_or_is_for_another_does_not_open,
		public_key_is_shown_as_it_is_read,
	};

	return (unit_main("sealed", tests, sizeof tests / sizeof tests[0]));
}
