/* Moments as text that sorts, and UUIDs that sort by moment. */
#include "config.h"

#include <time.h>

#include "ground/ident.h"
#include "unit/unit.h"

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

static int64_t
read_us(clockid_t clock)
{
	struct timespec now;

	ck_assert_int_eq(clock_gettime(clock, &now), 0);
	return (now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000);
}

START_TEST(clocks_are_the_systems)
{
	int64_t before, at, after;

	/* Until late in a second: there a wrong fraction is off by most. */
	do {
		before = read_us(CLOCK_REALTIME);
		at = ident_now_us();
		after = read_us(CLOCK_REALTIME);
		ck_assert_int_le(before, at);
		ck_assert_int_le(at, after);
		before = read_us(CLOCK_MONOTONIC);
		at = ident_monotonic_ms();
		after = read_us(CLOCK_MONOTONIC);
		ck_assert_int_le(before / 1000, at);
		ck_assert_int_le(at, after / 1000);
		usleep(1000);
	} while (after % 1000000 < 900000);
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

/* Assert what a UUID looks like: x a digit, v the variant's. */
static void
has_shape(const char *id, const char *shape)
{
	ck_assert_uint_eq(strlen(id), IDENT_UUID_LEN);
	for (; *shape != '\0'; id++, shape++)
		if (*shape == 'x')
			ck_assert_ptr_nonnull(strchr("0123456789abcdef", *id));
		else if (*shape == 'v')
			ck_assert_ptr_nonnull(strchr("89ab", *id));
		else
			ck_assert_int_eq(*id, *shape);
}

START_TEST(uuid_is_of_its_version_in_lower_case)
{
	char id[IDENT_UUID_LEN + 1];
	size_t round;

	for (round = 0; round < 1000; round++) {
		ck_assert_int_eq(ident_uuid7(id, ident_now_us()), 0);
		has_shape(id, "xxxxxxxx-xxxx-7xxx-vxxx-xxxxxxxxxxxx");
		ck_assert_int_eq(ident_uuid4(id), 0);
		has_shape(id, "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx");
	}
}
END_TEST

/* Every bit but those of version and variant has been 0 and 1. */
START_TEST(uuid_by_chance_is_so_in_all_its_bits)
{
	char id[IDENT_UUID_LEN + 1];
	unsigned seen[IDENT_UUID_LEN] = { 0 }, n;
	size_t i, round;

	for (round = 0; round < 1000; round++) {
		ck_assert_int_eq(ident_uuid4(id), 0);
		for (i = 0; i < IDENT_UUID_LEN; i++)
			if (sscanf((char[2]){ id[i] }, "%x", &n) == 1)
				seen[i] |= n | (~n & 15) << 4;
	}
	for (i = 0; i < IDENT_UUID_LEN; i++)
		ck_assert_uint_eq(seen[i], id[i] == '-' ? 0 : i == 14 ? 0xb4 :
		    i == 19 ? 0x7b : 0xff);
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

START_TEST(uuids_differ)
{
	static char ids[MANY][IDENT_UUID_LEN + 1];
	size_t i;

	for (i = 0; i < MANY; i++)
		ck_assert_int_eq(ident_uuid7(ids[i], 1705314600000000), 0);
	qsort(ids, MANY, sizeof ids[0], compare);
	for (i = 1; i < MANY; i++)
		ck_assert_str_ne(ids[i - 1], ids[i]);
	for (i = 0; i < MANY; i++)
		ck_assert_int_eq(ident_uuid4(ids[i]), 0);
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
		clocks_are_the_systems,
		monotonic_clock_does_not_go_back,
		uuid_is_of_its_version_in_lower_case,
		uuid_by_chance_is_so_in_all_its_bits,
		uuid_begins_with_its_millisecond,
		uuids_of_later_microseconds_sort_behind,
		uuids_differ,
	};

	return (unit_main("ident", tests, sizeof tests / sizeof tests[0]));
}
