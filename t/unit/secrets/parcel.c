/* Exports sealed to a recipient: what opens, and all that does not. */
#include "config.h"

#include "secrets/parcel.h"
#include "secrets/secret.h"
#include "unit/unit.h"

enum { ROOM = 400000, HEAD = PARCEL_MAGIC_LEN + 80 + 24, PIECE = 65536,
    EXTRA = 17 };

static unsigned char public_key[RECIPIENT_KEY_LEN];
static unsigned char *secret_key;

static void
make_keys(const char *path)
{
	char text[RECIPIENT_TEXT_LEN + 1];

	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(recipient_create(path, text), 0);
	ck_assert_int_eq(recipient_read(text, public_key), 0);
	secret_key = recipient_load(path);
	ck_assert_ptr_nonnull(secret_key);
}

static char
content_at(size_t i)
{
	return ((char)('a' + i % 23));
}

/* Seal len bytes to the file "parcel"; returns its size. */
static size_t
seal(size_t len)
{
	FILE *file = fopen("parcel", "w");
	struct parcel_writer *parcel = parcel_begin(file, public_key);
	size_t i, size;
	char c;

	ck_assert_ptr_nonnull(parcel);
	for (i = 0; i < len; i++) {
		c = content_at(i);
		parcel_put(parcel, &c, 1);
	}
	ck_assert_int_eq(parcel_end(parcel), 0);
	size = (size_t)ftell(file);
	fclose(file);
	return (size);
}

/* Open "parcel" and see that it holds len bytes; false where it refuses. */
static bool
opens(size_t len)
{
	char magic[PARCEL_MAGIC_LEN];
	struct parcel_reader *parcel = NULL;
	const struct input from = {
	    .fd = open("parcel", O_RDONLY | O_CLOEXEC)
	};
	const char *bytes = NULL;
	size_t at = 0, i;
	long n = input_all(&from, magic, sizeof magic);

	if (parcel_is(magic, (size_t)n))
		parcel = parcel_open(&from, secret_key);
	n = -1;
	if (parcel != NULL)
		while ((n = parcel_next(parcel, &bytes)) > 0)
			for (i = 0; i < (size_t)n; i++)
				ck_assert_int_eq(bytes[i], content_at(at++));
	if (n == 0)
		ck_assert_uint_eq(at, len);
	parcel_close(parcel);
	close(from.fd);
	return (n == 0);
}

static void
flip(size_t at, unsigned char bit)
{
	int fd = open("parcel", O_RDWR | O_CLOEXEC);
	unsigned char c;

	ck_assert_int_eq(pread(fd, &c, 1, (off_t)at), 1);
	c ^= bit;
	ck_assert_int_eq(pwrite(fd, &c, 1, (off_t)at), 1);
	close(fd);
}

START_TEST(what_was_sealed_is_read)
{
	static const size_t sizes[] = { 0, 1, PIECE - 1, PIECE, PIECE + 1,
	    2 * PIECE, 200000 };
	size_t i, pieces;

	make_keys("key");
	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		pieces = sizes[i] == 0 ? 1 : (sizes[i] + PIECE - 1) / PIECE;
		ck_assert_uint_eq(seal(sizes[i]),
		    HEAD + sizes[i] + pieces * EXTRA);
		ck_assert(opens(sizes[i]));
	}
}
END_TEST

START_TEST(content_is_not_in_the_parcel)
{
	static char bytes[ROOM];
	size_t size;
	FILE *file;

	make_keys("key");
	size = seal(1000);
	file = fopen("parcel", "r");
	ck_assert_uint_eq(fread(bytes, 1, sizeof bytes, file), size);
	fclose(file);
	unit_lacks(bytes, size, "abcd");
}
END_TEST

START_TEST(any_changed_byte_is_noticed)
{
	size_t size, at;

	make_keys("key");
	size = seal(300);
	for (at = 0; at < size; at++) {
		flip(at, 0x10);
		ck_assert(!opens(300));
		flip(at, 0x10);
	}
	ck_assert(opens(300));
}
END_TEST

START_TEST(parcel_that_is_cut_is_noticed)
{
	size_t size, cut;

	make_keys("key");
	size = seal(2 * PIECE);
	/* Also behind a whole message. */
	ck_assert_int_eq(truncate("parcel", HEAD + PIECE + EXTRA), 0);
	ck_assert(!opens(2 * PIECE));
	unit_has(unit_log(), "cut short or damaged");
	size = seal(300);
	for (cut = 0; cut < size; cut++) {
		seal(300);
		ck_assert_int_eq(truncate("parcel", (off_t)cut), 0);
		ck_assert(!opens(300));
	}
}
END_TEST

START_TEST(bytes_behind_the_end_are_noticed)
{
	static const size_t sizes[] = { 300, PIECE };
	FILE *file;
	size_t i;

	make_keys("key");
	for (i = 0; i < 2; i++) {
		seal(sizes[i]);
		file = fopen("parcel", "a");
		fputc('x', file);
		fclose(file);
		ck_assert(!opens(sizes[i]));
	}
}
END_TEST

START_TEST(another_recipient_cannot_open_it)
{
	make_keys("key");
	seal(300);
	secret_free(secret_key);
	make_keys("other");
	ck_assert(!opens(300));
	unit_has(unit_log(), "sealed to another recipient");
}
END_TEST

START_TEST(nothing_is_sealed_to_a_key_of_small_order)
{
	const unsigned char zero[RECIPIENT_KEY_LEN] = { 0 };
	FILE *file = fopen("parcel", "w");

	ck_assert_int_eq(secret_init(), 0);
	ck_assert_ptr_null(parcel_begin(file, zero));
	fclose(file);
}
END_TEST

START_TEST(full_disk_is_told_at_the_end)
{
	struct parcel_writer *parcel;
	FILE *file = fopen("/dev/full", "w");
	char c = 'x';

	make_keys("key");
	parcel = parcel_begin(file, public_key);
	parcel_put(parcel, &c, 1);
	ck_assert_int_eq(parcel_end(parcel), -1);
	unit_has(unit_log(), "cannot be written whole");
	fclose(file);
	ck_assert_int_eq(parcel_end(NULL), -1);
	parcel_close(NULL);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_was_sealed_is_read,
		content_is_not_in_the_parcel,
		any_changed_byte_is_noticed,
		parcel_that_is_cut_is_noticed,
		bytes_behind_the_end_are_noticed,
		another_recipient_cannot_open_it,
		nothing_is_sealed_to_a_key_of_small_order,
		full_disk_is_told_at_the_end,
	};

	return (unit_main("parcel", tests, sizeof tests / sizeof tests[0]));
}
