/* Cursors: what is written reads back, and nothing else does. */
#include "config.h"

#include "service/cursor.h"
#include "unit/unit.h"

#define ID "018d0cd5-1234-4abc-8def-0123456789ab"

/* The same, made by another program of the bytes that the header names. */
static const char newest[] = "AQEABg75fvaaAQGNDNUSNEq8je8BI0Vnias";
static const char soonest[] = "AQIABg75fvaaAQGNDNUSNEq8je8BI0Vnias";
static const struct store_cursor place = {
	.moment = "2024-01-15T10:30:00.000001", .id = ID
};

/* That place is written so, and reads back. */
static void
is_written(const char *moment, const char *id, enum cursor_sort sort,
    const char *expected)
{
	struct store_cursor at = { 0 }, again;
	char out[CURSOR_LEN + 1];

	snprintf(at.moment, sizeof at.moment, "%s", moment);
	snprintf(at.id, sizeof at.id, "%s", id);
	ck_assert(cursor_write(out, sort, &at));
	ck_assert_str_eq(out, expected);
	ck_assert(cursor_read(&again, sort, out));
	ck_assert_str_eq(again.moment, moment);
	ck_assert_str_eq(again.id, id);
}

START_TEST(cursor_is_version_sort_moment_and_id)
{
	is_written(place.moment, ID, CURSOR_NEWEST, newest);
	is_written(place.moment, ID, CURSOR_SOONEST, soonest);
	is_written("0001-01-01T00:00:00.000000", ID, CURSOR_NEWEST,
	    "AQH_I0ABANRAAAGNDNUSNEq8je8BI0Vnias");
	is_written("9999-12-31T23:59:59.999999", ID, CURSOR_NEWEST,
	    "AQEDhEQMzHNf_wGNDNUSNEq8je8BI0Vnias");
	is_written("1969-12-31T23:59:59.999999",
	    "ffffffff-ffff-ffff-ffff-ffffffffffff", CURSOR_NEWEST,
	    "AQH_______________________________8");
}
END_TEST

static void
is_none(const char *text)
{
	struct store_cursor at;

	ck_assert_msg(!cursor_read(&at, CURSOR_NEWEST, text), "%s", text);
}

START_TEST(what_was_not_written_is_no_cursor)
{
	char text[CURSOR_LEN + 2];
	size_t i;

	is_none("");
	is_none("x");
	is_none(soonest);
	is_none("AgEABg75fvaaAQGNDNUSNEq8je8BI0Vnias");	/* version 2 */
	is_none("AQAABg75fvaaAQGNDNUSNEq8je8BI0Vnias");	/* sort 0 */
	/* The microsecond before the year 1, behind 9999, the first of all. */
	is_none("AQH_I0ABANQ__wGNDNUSNEq8je8BI0Vnias");
	is_none("AQEDhEQMzHNgAAGNDNUSNEq8je8BI0Vnias");
	is_none("AQGAAAAAAAAAAAGNDNUSNEq8je8BI0Vnias");
	for (i = 0; i < CURSOR_LEN; i++) {
		strcpy(text, newest);
		text[i] = '=';
		is_none(text);
		text[i] = '\0';
		is_none(text);
	}
	snprintf(text, sizeof text, "%sA", newest);
	is_none(text);
	/* The last letter has bits beyond the last byte. */
	strcpy(text, newest);
	text[CURSOR_LEN - 1] = 't';
	is_none(text);
	/* Another alphabet. */
	is_none("AQH/I0ABANRAAAGNDNUSNEq8je8BI0Vnias");
}
END_TEST

START_TEST(every_other_letter_is_another_place_or_none)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	struct store_cursor at;
	char text[CURSOR_LEN + 1];
	size_t i, n;

	for (i = 0; i < CURSOR_LEN; i++)
		for (n = 0; letters[n] != '\0'; n++) {
			strcpy(text, newest);
			text[i] = letters[n];
			if (strcmp(text, newest) == 0 ||
			    !cursor_read(&at, CURSOR_NEWEST, text))
				continue;
			ck_assert_msg(strcmp(at.moment, place.moment) != 0 ||
			    strcmp(at.id, place.id) != 0, "%s", text);
		}
}
END_TEST

START_TEST(row_that_is_none_of_ours_has_no_cursor)
{
	static const struct { const char *moment, *id; } strange[] = {
		{ "", ID },
		{ "2024-01-15T10:30:00", ID },
		{ "2024-01-15 10:30:00.000001", ID },
		{ "1705314600", ID },
		{ "2024-01-15T10:30:00.000001", "" },
		{ "2024-01-15T10:30:00.000001", "id-1" },
		{ "2024-01-15T10:30:00.000001",
		    "018D0CD5-1234-4abc-8def-0123456789ab" },
	};
	char out[CURSOR_LEN + 1];
	struct store_cursor at;
	size_t i;

	for (i = 0; i < sizeof strange / sizeof strange[0]; i++) {
		at = (struct store_cursor){ 0 };
		snprintf(at.moment, sizeof at.moment, "%s", strange[i].moment);
		snprintf(at.id, sizeof at.id, "%s", strange[i].id);
		ck_assert_msg(!cursor_write(out, CURSOR_NEWEST, &at), "%zu", i);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		cursor_is_version_sort_moment_and_id,
		what_was_not_written_is_no_cursor,
		every_other_letter_is_another_place_or_none,
		row_that_is_none_of_ours_has_no_cursor,
	};

	return (unit_main("cursor", tests, sizeof tests / sizeof tests[0]));
}
