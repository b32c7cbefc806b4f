/* Numbers from text: what is one, what is none, and the range. */
#include "config.h"

#include <stdint.h>

#include "ground/number.h"
#include "unit/unit.h"

static void
is_number(const char *text, uint64_t expected)
{
	uint64_t value = ~expected;

	ck_assert_msg(number_parse(text, 0, UINT64_MAX, &value) == 0,
	    "\"%s\" is refused", text);
	ck_assert_uint_eq(value, expected);
}

START_TEST(decimal_digits_are_a_number)
{
	is_number("0", 0);
	is_number("7", 7);
	is_number("1048576", 1048576);
	is_number("0010", 10);
	is_number("18446744073709551615", UINT64_MAX);
}
END_TEST

START_TEST(anything_beside_digits_is_refused)
{
	static const char *const texts[] = {
		"", " ", "-", "+", "-1", "+1", " 1", "1 ", "1\n", "0x10", "1e3",
		"1.0", "1,000", "1k", "a", "\xd9\xa1", "1\xd9\xa1", "--1", "1-"
	};
	uint64_t value = 42;
	size_t i;

	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		ck_assert_msg(number_parse(texts[i], 0, UINT64_MAX,
		    &value) == -1, "\"%s\" is taken", texts[i]);
	ck_assert_uint_eq(value, 42);
}
END_TEST

START_TEST(number_that_overflows_is_refused)
{
	uint64_t value = 42;

	ck_assert_int_eq(number_parse("18446744073709551616", 0, UINT64_MAX,
	    &value), -1);
	ck_assert_int_eq(number_parse("99999999999999999999", 0, UINT64_MAX,
	    &value), -1);
	ck_assert_int_eq(number_parse("184467440737095516150", 0, UINT64_MAX,
	    &value), -1);
	ck_assert_uint_eq(value, 42);
}
END_TEST

START_TEST(limits_belong_to_the_range)
{
	uint64_t value = 42;

	ck_assert_int_eq(number_parse("10", 10, 20, &value), 0);
	ck_assert_uint_eq(value, 10);
	ck_assert_int_eq(number_parse("20", 10, 20, &value), 0);
	ck_assert_uint_eq(value, 20);
}
END_TEST

START_TEST(number_outside_the_range_is_refused)
{
	uint64_t value = 42;

	ck_assert_int_eq(number_parse("9", 10, 20, &value), -1);
	ck_assert_int_eq(number_parse("21", 10, 20, &value), -1);
	ck_assert_int_eq(number_parse("0", 10, 20, &value), -1);
	ck_assert_uint_eq(value, 42);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		decimal_digits_are_a_number,
		anything_beside_digits_is_refused,
		number_that_overflows_is_refused,
		limits_belong_to_the_range,
		number_outside_the_range_is_refused,
	};

	return (unit_main("number", tests, sizeof tests / sizeof tests[0]));
}
