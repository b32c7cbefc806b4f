/* Capped bytes: what they hold, where they stop, what they leave behind. */
#include "config.h"

#include "ground/buf.h"
#include "unit/unit.h"
#include "unit/unit_heap.h"

static const char secret[] = "a secret that must not stay";

START_TEST(starts_empty_and_allocates_nothing)
{
	struct buf b;

	buf_init(&b, 10);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.len, 0);
	ck_assert(!b.failed);
	buf_fini(&b);
}
END_TEST

START_TEST(holds_what_was_put_in_order)
{
	struct buf b;

	buf_init(&b, 100);
	buf_puts(&b, "ab");
	buf_putc(&b, 'c');
	buf_put(&b, "\0d", 2);
	buf_put(&b, NULL, 0);
	buf_put_u64(&b, 0);
	buf_put_u64(&b, UINT64_MAX);
	ck_assert_uint_eq(b.len, 26);
	ck_assert_mem_eq(b.data, "abc\0d018446744073709551615", 26);
	ck_assert(!b.failed);
	buf_fini(&b);
}
END_TEST

START_TEST(takes_max_bytes_and_not_one_more)
{
	struct buf b;

	buf_init(&b, 4);
	buf_puts(&b, "abcd");
	ck_assert(!b.failed);
	buf_putc(&b, 'e');
	ck_assert(b.failed);
	ck_assert_uint_eq(b.len, 4);
	ck_assert_mem_eq(b.data, "abcd", 4);
	buf_fini(&b);
}
END_TEST

START_TEST(failure_sticks_until_reset)
{
	struct buf b;

	buf_init(&b, 4);
	buf_puts(&b, "abcde");
	ck_assert(b.failed);
	buf_putc(&b, 'a');
	ck_assert_uint_eq(b.len, 0);
	ck_assert_ptr_null(buf_grow(&b, 1));
	ck_assert_ptr_null(buf_text(&b));
	buf_reset(&b, 0);
	ck_assert(!b.failed);
	buf_puts(&b, "abcd");
	ck_assert_uint_eq(b.len, 4);
	buf_fini(&b);
}
END_TEST

START_TEST(absurd_length_fails_instead_of_wrapping)
{
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	buf_putc(&b, 'a');
	ck_assert_ptr_null(buf_grow(&b, SIZE_MAX));
	ck_assert(b.failed);
	ck_assert_uint_eq(b.len, 1);
	buf_fini(&b);
}
END_TEST

START_TEST(grown_bytes_are_the_callers_to_fill)
{
	struct buf b;
	char *p;

	buf_init(&b, 100000);
	buf_puts(&b, "ab");
	p = buf_grow(&b, 90000);
	ck_assert_ptr_nonnull(p);
	memset(p, 'x', 90000);
	buf_puts(&b, "yz");
	ck_assert_uint_eq(b.len, 90004);
	ck_assert_mem_eq(b.data, "abx", 3);
	ck_assert_mem_eq(b.data + 90001, "xyz", 3);
	buf_fini(&b);
}
END_TEST

START_TEST(text_ends_in_a_nul_that_is_not_counted)
{
	struct buf b;

	buf_init(&b, 3);
	buf_puts(&b, "ab");
	ck_assert_str_eq(buf_text(&b), "ab");
	ck_assert_uint_eq(b.len, 2);
	ck_assert_str_eq(buf_text(&b), "ab");
	buf_putc(&b, 'c');
	ck_assert_uint_eq(b.len, 3);
	ck_assert(!b.failed);
	buf_fini(&b);
}
END_TEST

START_TEST(text_of_nothing_is_empty)
{
	struct buf b;

	buf_init(&b, 1);
	ck_assert_str_eq(buf_text(&b), "");
	buf_fini(&b);
}
END_TEST

START_TEST(reset_wipes_what_it_keeps)
{
	struct buf b;
	char *data;
	size_t i;

	buf_init(&b, 4096);
	buf_puts(&b, secret);
	data = b.data;
	buf_reset(&b, 4096);
	ck_assert_ptr_eq(b.data, data);
	ck_assert_uint_eq(b.len, 0);
	for (i = 0; i < strlen(secret); i++)
		ck_assert_int_eq(data[i], 0);
	buf_fini(&b);
}
END_TEST

START_TEST(what_is_cut_off_is_wiped)
{
	struct buf b;
	size_t i;

	buf_init(&b, 4096);
	buf_puts(&b, "kept");
	buf_cut(&b, 4);
	buf_puts(&b, secret);
	buf_cut(&b, 100);
	ck_assert_uint_eq(b.len, 4 + strlen(secret));
	buf_cut(&b, 4);
	ck_assert_str_eq(buf_text(&b), "kept");
	for (i = 4; i < 4 + strlen(secret); i++)
		ck_assert_int_eq(b.data[i], 0);
	buf_cut(&b, 0);
	ck_assert_uint_eq(b.len, 0);
	buf_fini(&b);
	buf_cut(&b, 0);
}
END_TEST

START_TEST(memory_that_is_given_back_was_wiped)
{
	struct buf b;

	heap_begin(0, secret);
	heap_on();
	buf_init(&b, 100000);
	buf_puts(&b, secret);
	ck_assert_ptr_nonnull(buf_grow(&b, 50000));
	buf_puts(&b, secret);
	buf_reset(&b, 10);
	buf_puts(&b, secret);
	buf_fini(&b);
	heap_off();
	ck_assert_uint_eq(heap.words, 0);
}
END_TEST

START_TEST(reset_keeps_no_more_memory_than_told)
{
	struct buf b;

	buf_init(&b, 100000);
	ck_assert_ptr_nonnull(buf_grow(&b, 90000));
	buf_reset(&b, 65536);
	ck_assert_uint_le(b.cap, 65536);
	ck_assert_uint_eq(b.len, 0);
	buf_puts(&b, "again");
	ck_assert_uint_eq(b.len, 5);
	buf_fini(&b);
}
END_TEST

START_TEST(fini_takes_any_state_any_number_of_times)
{
	struct buf b = { 0 };

	buf_fini(&b);
	buf_init(&b, 10);
	buf_puts(&b, "abc");
	buf_fini(&b);
	buf_fini(&b);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.len, 0);
	buf_puts(&b, "0123456789");
	ck_assert(!b.failed);
	buf_fini(&b);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		starts_empty_and_allocates_nothing,
		holds_what_was_put_in_order,
		takes_max_bytes_and_not_one_more,
		failure_sticks_until_reset,
		absurd_length_fails_instead_of_wrapping,
		grown_bytes_are_the_callers_to_fill,
		text_ends_in_a_nul_that_is_not_counted,
		text_of_nothing_is_empty,
		reset_wipes_what_it_keeps,
		what_is_cut_off_is_wiped,
		memory_that_is_given_back_was_wiped,
		reset_keeps_no_more_memory_than_told,
		fini_takes_any_state_any_number_of_times,
	};

	return (unit_main("buf", tests, sizeof tests / sizeof tests[0]));
}
