/* Moments from text: which texts are some, and when they are. */
#include "config.h"

#include "ground/ident.h"
#include "ground/moment.h"
#include "unit/unit.h"

/* The text is this moment. */
static void
is_at(const char *text, const char *utc)
{
	char told[IDENT_TIME_LEN + 1];
	int64_t at_us;

	ck_assert_msg(moment_read(text, strlen(text), &at_us),
	    "%s is refused", text);
	ident_time(told, at_us);
	ck_assert_msg(strcmp(told, utc) == 0, "%s is %s", text, told);
}

static void
is_none(const char *text)
{
	int64_t at_us;

	ck_assert_msg(!moment_read(text, strlen(text), &at_us),
	    "%s is taken", text);
}

/* A text of digits: how many, and what stands before and behind. */
static const char *
digits(const char *before, char digit, size_t count, const char *behind)
{
	static char text[4096];
	size_t len = strlen(before);

	ck_assert_uint_lt(len + count + strlen(behind), sizeof text);
	memcpy(text, before, len);
	memset(text + len, digit, count);
	strcpy(text + len + count, behind);
	return (text);
}

START_TEST(calendar_is_read_in_any_spelling)
{
	setenv("TZ", "Asia/Kathmandu", 1);
	is_at("2024-01-15T10:30:00", "2024-01-15T10:30:00.000000");
	is_at("2024-01-15t10:30:00", "2024-01-15T10:30:00.000000");
	is_at("2024-01-15 10:30:00", "2024-01-15T10:30:00.000000");
	is_at("2024-01-15T10:30", "2024-01-15T10:30:00.000000");
	is_at("0001-01-01T00:00:00", "0001-01-01T00:00:00.000000");
	is_at("1969-12-31T23:59:59.25", "1969-12-31T23:59:59.250000");
	is_at("9999-12-31 23:59:59.999999", "9999-12-31T23:59:59.999999");
}
END_TEST

START_TEST(fraction_has_1_to_12_digits_and_is_cut)
{
	is_at("2024-01-15T10:30:00.1", "2024-01-15T10:30:00.100000");
	is_at("2024-01-15T10:30:00.000001Z", "2024-01-15T10:30:00.000001");
	is_at("2024-01-15T10:30:00.1234567890",
	    "2024-01-15T10:30:00.123456");
	is_at("2024-01-15T10:30:00.999999999999z",
	    "2024-01-15T10:30:00.999999");
	is_none("2024-01-15T10:30:00.1234567890123");
	is_none("2024-01-15T10:30:00.");
	is_none("2024-01-15T10:30:00.Z");
	is_none("2024-01-15T10:30:00.+01");
	is_none("2024-01-15T10:30:00,5");
	is_none("2024-01-15T10:30.5");
	is_none("2024-01-15T10:30:00.5.5");
	is_none("2024-01-15T10:30:00.12a");
}
END_TEST

START_TEST(zone_is_subtracted)
{
	is_at("2024-01-15T10:30Z", "2024-01-15T10:30:00.000000");
	is_at("2024-01-15T10:30:00z", "2024-01-15T10:30:00.000000");
	is_at("2024-01-15 10:30:00.5+00", "2024-01-15T10:30:00.500000");
	is_at("2024-01-15T10:30:00+02", "2024-01-15T08:30:00.000000");
	is_at("2024-01-15T10:30:00-0530", "2024-01-15T16:00:00.000000");
	is_at("2024-01-15T10:30+05:45", "2024-01-15T04:45:00.000000");
	is_at("2024-01-15T10:30:00.000001-23:59",
	    "2024-01-16T10:29:00.000001");
	is_at("2024-03-01T00:00+0001", "2024-02-29T23:59:00.000000");
	is_none("2024-01-15T10:30:00+");
	is_none("2024-01-15T10:30:00-1");
	is_none("2024-01-15T10:30:00+010");
	is_none("2024-01-15T10:30:00+01:");
	is_none("2024-01-15T10:30:00+01:0");
	is_none("2024-01-15T10:30:00+01000");
	is_none("2024-01-15T10:30:00+01:00:00");
	is_none("2024-01-15T10:30:00+1:00");
	is_none("2024-01-15T10:30:00+24");
	is_none("2024-01-15T10:30:00+2400");
	is_none("2024-01-15T10:30:00+0060");
	is_none("2024-01-15T10:30:00-00:60");
	is_none("2024-01-15T10:30:00 Z");
	is_none("2024-01-15T10:30:00ZZ");
	is_none("2024-01-15T10:30:00UTC");
	is_none("2024-01-15T10:30:00Z+00");
}
END_TEST

START_TEST(other_spellings_are_none)
{
	is_none("");
	is_none(" ");
	is_none("now");
	is_none("2024-01-15");
	is_none("2024-01-15T");
	is_none("2024-01-15T10");
	is_none("2024-01-15T10:");
	is_none("2024-01-15T10:3");
	is_none("2024-01-15T10:30:");
	is_none("2024-01-15T10:30:0");
	is_none("2024-01-15T10Z");
	is_none("2024-01-15T103000");
	is_none("20240115T103000");
	is_none("10:30:00");
	is_none("2024-1-15T10:30:00");
	is_none("24-01-15T10:30:00");
	is_none("02024-01-15T10:30:00");
	is_none("-2024-01-15T10:30:00");
	is_none("+2024-01-15T10:30:00");
	is_none("2024-01-15_10:30:00");
	is_none("2024-01-15  10:30:00");
	is_none(" 2024-01-15T10:30:00");
	is_none("2024-01-15T10:30:00 ");
	is_none("2024/01/15T10:30:00");
	is_none("\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa4-01-15T10:30:00");
}
END_TEST

START_TEST(days_and_hours_exist)
{
	is_at("2024-02-29T10:30", "2024-02-29T10:30:00.000000");
	is_at("2000-02-29T23:59:59", "2000-02-29T23:59:59.000000");
	is_none("0000-01-01T00:00:00");
	is_none("2024-00-15T10:30:00");
	is_none("2024-13-15T10:30:00");
	is_none("2024-01-00T10:30:00");
	is_none("2024-01-32T10:30:00");
	is_none("2024-04-31T10:30:00");
	is_none("2023-02-29T10:30:00");
	is_none("1900-02-29T10:30:00");
	is_none("2024-01-15T24:00:00");
	is_none("2024-01-15T10:60:00");
	is_none("2024-12-31T23:59:60Z");
}
END_TEST

START_TEST(digits_are_unix_seconds)
{
	is_at("0", "1970-01-01T00:00:00.000000");
	is_at("-0", "1970-01-01T00:00:00.000000");
	is_at("1705314600", "2024-01-15T10:30:00.000000");
	is_at("001705314600.0", "2024-01-15T10:30:00.000000");
	is_at("1705314600.123456", "2024-01-15T10:30:00.123456");
	is_at("-0.25", "1969-12-31T23:59:59.750000");
	is_at("20000000000", "2603-10-11T11:33:20.000000");
	is_none("-");
	is_none(".");
	is_none("5.");
	is_none(".5");
	is_none("-.5");
	is_none("+5");
	is_none("--5");
	is_none("5.5.5");
	is_none("1e5");
	is_none("0x10");
	is_none("inf");
	is_none("nan");
	is_none(" 5");
	is_none("5 ");
	is_none("5,5");
	is_none("1705314600Z");
	is_none("\xd9\xa1");
}
END_TEST

START_TEST(too_many_seconds_are_parts_of_seconds)
{
	is_at("1705314600000", "2024-01-15T10:30:00.000000");
	is_at("1705314600000000", "2024-01-15T10:30:00.000000");
	is_at("1705314600000000000", "2024-01-15T10:30:00.000000");
	is_at("-1705314600000", "1915-12-18T13:30:00.000000");
}
END_TEST

START_TEST(digits_are_finite)
{
	int64_t at_us;
	const char *text = digits("", '9', 308, "");

	ck_assert(moment_read(text, strlen(text), &at_us));
	text = digits("-", '9', 308, ".99");
	ck_assert(moment_read(text, strlen(text), &at_us));
	is_at(digits("", '0', 2000, "7"), "1970-01-01T00:00:07.000000");
	is_at(digits("0.", '0', 2000, "7"), "1970-01-01T00:00:00.000000");
	is_none(digits("", '9', 309, ""));
	is_none(digits("-", '9', 309, ".0"));
	is_none(digits("1", '0', 309, ""));
}
END_TEST

START_TEST(nul_is_part_of_no_moment)
{
	int64_t at_us;

	ck_assert(!moment_read("2024-01-15T10:30\0", 17, &at_us));
	ck_assert(!moment_read("2024-01-15T10:30:00Z\0Z", 22, &at_us));
	ck_assert(!moment_read("1\0", 2, &at_us));
	ck_assert(!moment_read("\0", 1, &at_us));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		calendar_is_read_in_any_spelling,
		fraction_has_1_to_12_digits_and_is_cut,
		zone_is_subtracted,
		other_spellings_are_none,
		days_and_hours_exist,
		digits_are_unix_seconds,
		too_many_seconds_are_parts_of_seconds,
		digits_are_finite,
		nul_is_part_of_no_moment,
	};

	return (unit_main("moment", tests, sizeof tests / sizeof tests[0]));
}
