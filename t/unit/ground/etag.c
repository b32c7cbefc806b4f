/* Entity tags, and the lists of them in conditions. */
#include "config.h"

#include "ground/etag.h"
#include "unit/unit.h"

static const char tag[] = "\"3-abc\"";

static enum etag_match
match(const char *line)
{
	const struct field_lines lines = { { line }, 1 };

	return (etag_match(&lines, tag));
}

START_TEST(tag_is_revision_and_moment)
{
	char text[ETAG_LEN + 1], other[ETAG_LEN + 1];

	etag_write(text, 1, "1970-01-01T00:00:00.000035");
	ck_assert_str_eq(text, "\"1-z\"");
	etag_write(text, 12, "1970-01-01T00:00:00.000036");
	ck_assert_str_eq(text, "\"12-10\"");
	etag_write(text, INT64_MAX, "9999-12-31T23:59:59.999999");
	ck_assert_str_eq(text, "\"9223372036854775807-1xb3m9wqsqnz\"");
	etag_write(text, INT64_MAX, "0001-01-01T00:00:00.000000");
	etag_write(other, INT64_MAX, "0001-01-01T00:00:00.000001");
	ck_assert_str_ne(text, other);
}
END_TEST

START_TEST(tag_is_found_in_a_list)
{
	ck_assert_int_eq(match("\"3-abc\""), ETAG_THIS);
	ck_assert_int_eq(match(" \"3-abc\"\t"), ETAG_THIS);
	ck_assert_int_eq(match("\"1-a\", \"3-abc\""), ETAG_THIS);
	ck_assert_int_eq(match("\"3-abc\",,\"1-a\","), ETAG_THIS);
	ck_assert_int_eq(match("\"3-ab\""), ETAG_NONE);
	ck_assert_int_eq(match("\"3-abcd\""), ETAG_NONE);
	ck_assert_int_eq(match("\"\""), ETAG_NONE);
	ck_assert_int_eq(match("\"*\""), ETAG_NONE);
}
END_TEST

START_TEST(what_a_web_server_makes_of_it_is_the_same_tag)
{
	ck_assert_int_eq(match("W/\"3-abc\""), ETAG_THIS);
	ck_assert_int_eq(match("\"3-abc-gzip\""), ETAG_THIS);
	ck_assert_int_eq(match("W/\"3-abc-br\""), ETAG_THIS);
	ck_assert_int_eq(match("\"3-abc;gzip\""), ETAG_THIS);
	ck_assert_int_eq(match("\"3-abc-zip\""), ETAG_NONE);
	ck_assert_int_eq(match("w/\"3-abc\""), ETAG_MALFORMED);
}
END_TEST

START_TEST(star_is_any)
{
	ck_assert_int_eq(match("*"), ETAG_ANY);
	ck_assert_int_eq(match("\t* "), ETAG_ANY);
	ck_assert_int_eq(match("**"), ETAG_MALFORMED);
	ck_assert_int_eq(match("*, \"3-abc\""), ETAG_MALFORMED);
}
END_TEST

START_TEST(malformed_list_is_told)
{
	ck_assert_int_eq(match(""), ETAG_NONE);
	ck_assert_int_eq(match("3-abc"), ETAG_MALFORMED);
	ck_assert_int_eq(match("\"3-abc"), ETAG_MALFORMED);
	ck_assert_int_eq(match("\"3-abc\"x"), ETAG_MALFORMED);
	ck_assert_int_eq(match("\"3-abc\" x"), ETAG_MALFORMED);
	ck_assert_int_eq(match("\"3-abc\"; \"1-a\""), ETAG_MALFORMED);
}
END_TEST

START_TEST(lines_are_one_list)
{
	struct field_lines lines = { { "\"1-a\"", "\"3-abc\"" }, 2 };

	ck_assert_int_eq(etag_match(&lines, tag), ETAG_THIS);
	lines.line[0] = "x";
	ck_assert_int_eq(etag_match(&lines, tag), ETAG_MALFORMED);
	lines.line[0] = "*";
	ck_assert_int_eq(etag_match(&lines, tag), ETAG_MALFORMED);
	lines.line[0] = "\"1-a\"";
	lines.count = FIELD_LINES_MAX + 1;
	ck_assert_int_eq(etag_match(&lines, tag), ETAG_MALFORMED);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		tag_is_revision_and_moment, tag_is_found_in_a_list,
		what_a_web_server_makes_of_it_is_the_same_tag, star_is_any,
		malformed_list_is_told, lines_are_one_list
	};

	return (unit_main("etag", tests, sizeof tests / sizeof tests[0]));
}
