/* Moments as text that sorts, and UUIDs that sort by moment. */
#include "config.h"

#include <time.h>

#include "ground/ident.h"
#include "unit.h"

enum { MANY = 20000 };

static void
is_time(int64_t at_us, const char *text)
{
	char out[IDENT_TIME_LEN + 1];

	ident_time(out, at_us);
	ck_assert_str_eq(out, text);
}

START_TEST(moments_are_told_to_the_microsecond)
{
	is_time(0, "1970-01-01T00:00:00.000000");
	is_time(1, "1970-01-01T00:00:00.000001");
	is_time(1705314600000000, "2024-01-15T10:30:00.000000");
	is_time(1709251199999999, "2024-02-29T23:59:59.999999");
	is_time(1709251200000000, "2024-03-01T00:00:00.000000");
}
END_TEST

START_TEST(moments_before_1970_are_told)
{
	is_time(-1, "1969-12-31T23:59:59.999999");
	is_time(-1000000, "1969-12-31T23:59:59.000000");
	is_time(-62135596800000000, "0001-01-01T00:00:00.000000");
	is_time(-62167219200000000, "0000-01-01T00:00:00.000000");
}
END_TEST

START_TEST(last_moment_of_9999_is_told)
{
	is_time(253402300799999999, "9999-12-31T23:59:59.999999");
}
END_TEST

START_TEST(moments_are_utc_in_any_time_zone)
{
	ck_assert_int_eq(setenv("TZ", "Asia/Tokyo", 1), 0);
	tzset();
	is_time(1705314600000000, "2024-01-15T10:30:00.000000");
}
END_TEST

START_TEST(texts_compare_as_their_moments_do)
{
	char before[IDENT_TIME_LEN + 1], after[IDENT_TIME_LEN + 1];
	const int64_t step = 12345678901234567 / 64;
	int64_t at;

	ident_time(before, -62167219200000000);
	for (at = -62167219200000000 + step; at < 253402300799999999;
	    at += step) {
		ident_time(after, at);
		ck_assert_str_lt(before, after);
		memcpy(before, after, sizeof before);
	}
}
END_TEST

START_TEST(moments_are_read_in_any_form)
{
	static const struct {
		const char *text;
		const char *utc;
	} moments[] = {
		{ "2025-01-27T10:30:00", "2025-01-27T10:30:00.000000" },
		{ "2025-01-27 10:30:00.5Z", "2025-01-27T10:30:00.500000" },
		{ "2025-01-27t10:30:00.123456789z",
		    "2025-01-27T10:30:00.123456" },
		{ "2025-01-27T10:30:00+02:00", "2025-01-27T08:30:00.000000" },
		{ "2025-01-27T22:30:00.000001-05:30",
		    "2025-01-28T04:00:00.000001" },
		{ "1969-12-31T23:59:59.25", "1969-12-31T23:59:59.250000" },
	};
	char out[IDENT_TIME_LEN + 1];
	size_t i;

	setenv("TZ", "Asia/Kathmandu", 1);
	for (i = 0; i < sizeof moments / sizeof moments[0]; i++) {
		ident_time(out, ident_parse_time(moments[i].text));
		ck_assert_str_eq(out, moments[i].utc);
	}
}
END_TEST

START_TEST(clock_is_the_systems)
{
	int64_t before = (int64_t)time(NULL), at = ident_now_us() / 1000000;

	ck_assert_int_ge(at, before - 1);
	ck_assert_int_le(at, (int64_t)time(NULL) + 1);
}
END_TEST

START_TEST(monotonic_clock_does_not_go_back)
{
	int64_t last = ident_monotonic_ms(), now;
	int i;

	for (i = 0; i < MANY; i++, last = now) {
		now = ident_monotonic_ms();
		ck_assert_int_ge(now, last);
	}
}
END_TEST

START_TEST(uuid_is_of_version_7_in_lower_case)
{
	static const char shape[] = "xxxxxxxx-xxxx-7xxx-vxxx-xxxxxxxxxxxx";
	char id[IDENT_UUID_LEN + 1];
	size_t i, round;

	for (round = 0; round < 1000; round++) {
		ck_assert_int_eq(ident_uuid7(id, ident_now_us()), 0);
		ck_assert_uint_eq(strlen(id), IDENT_UUID_LEN);
		for (i = 0; shape[i] != '\0'; i++)
			if (shape[i] == 'x')
				ck_assert_ptr_nonnull(strchr(
				    "0123456789abcdef", id[i]));
			else if (shape[i] == 'v')
				ck_assert_ptr_nonnull(strchr("89ab", id[i]));
			else
				ck_assert_int_eq(id[i], shape[i]);
	}
}
END_TEST

/* RFC 9562, appendix A.6, is of this moment. */
START_TEST(uuid_begins_with_its_millisecond)
{
	char id[IDENT_UUID_LEN + 1];

	ck_assert_int_eq(ident_uuid7(id, 1645557742000000), 0);
	id[18] = '\0';
	ck_assert_str_eq(id, "017f22e2-79b0-7000");
	ck_assert_int_eq(ident_uuid7(id, 1645557742000999), 0);
	id[18] = '\0';
	ck_assert_str_eq(id, "017f22e2-79b0-7ffb");
}
END_TEST

START_TEST(uuids_of_later_microseconds_sort_behind)
{
	char before[IDENT_UUID_LEN + 1], after[IDENT_UUID_LEN + 1];
	int64_t at = 1705314600000000;
	int i;

	ck_assert_int_eq(ident_uuid7(before, at), 0);
	for (i = 0; i < MANY; i++) {
		ck_assert_int_eq(ident_uuid7(after, ++at), 0);
		ck_assert_int_lt(memcmp(before, after, 18), 0);
		memcpy(before, after, sizeof before);
	}
}
END_TEST

static int
compare(const void *a, const void *b)
{
	return (memcmp(a, b, IDENT_UUID_LEN + 1));
}

START_TEST(uuids_of_one_moment_differ)
{
	static char ids[MANY][IDENT_UUID_LEN + 1];
	size_t i;

	for (i = 0; i < MANY; i++)
		ck_assert_int_eq(ident_uuid7(ids[i], 1705314600000000), 0);
	qsort(ids, MANY, sizeof ids[0], compare);
	for (i = 1; i < MANY; i++)
		ck_assert_str_ne(ids[i - 1], ids[i]);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		moments_are_told_to_the_microsecond,
		moments_before_1970_are_told,
		last_moment_of_9999_is_told,
		moments_are_utc_in_any_time_zone,
		texts_compare_as_their_moments_do,
		moments_are_read_in_any_form,
		clock_is_the_systems,
		monotonic_clock_does_not_go_back,
		uuid_is_of_version_7_in_lower_case,
		uuid_begins_with_its_millisecond,
		uuids_of_later_microseconds_sort_behind,
		uuids_of_one_moment_differ,
	};

	return (unit_main("ident", tests, sizeof tests / sizeof tests[0]));
}
