/* The strict scan: what it takes, where it stops, what it says there. */
#include "config.h"

#include "body/json_check.h"
#include "unit/unit.h"

static const char some_value[] = "Expecting value";
static const char some_digit[] = "Expecting digit";
static const char some_comma[] = "Expecting ',' delimiter";
static const char some_name[] =
    "Expecting property name enclosed in double quotes";
static const char no_mark[] = "Expecting UTF-8 without a byte order mark";
static const char no_utf16[] = "Expecting UTF-8, not UTF-16";
static const char no_more[] = "Expecting nothing after the value";

/* Check len bytes in memory of just that size. */
static enum json_rc
check(struct json_doc *doc, const char *text, size_t len)
{
	char *copy = malloc(len + 1);
	enum json_rc rc;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy + 1, text, len);
	rc = json_check(doc, copy + 1, len);
	free(copy);
	return (rc);
}

static void
takes(const char *text)
{
	struct json_doc doc = { 0 };

	ck_assert_msg(check(&doc, text, strlen(text)) == JSON_OK,
	    "%s is refused at %zu: %s", text, doc.fault_at, doc.expected);
	json_doc_fini(&doc);
}

static void
refuses_bytes(const char *text, size_t len, size_t at, const char *expected)
{
	struct json_doc doc = { 0 };

	ck_assert_msg(check(&doc, text, len) == JSON_FAULT, "%s is taken",
	    text);
	ck_assert_msg(doc.fault_at == at, "%s: fault at %zu instead of %zu",
	    text, doc.fault_at, at);
	ck_assert_str_eq(doc.expected, expected);
	json_doc_fini(&doc);
}

static void
refuses(const char *text, size_t at, const char *expected)
{
	refuses_bytes(text, strlen(text), at, expected);
}

START_TEST(values_of_every_kind_are_taken)
{
	static const char *const texts[] = { "null", "true", "false", "0",
	    "-0", "-1", "10", "1.5", "1e3", "1E+3", "1e-3", "-0.0e0", "1E400",
	    "123456789012345678901234567890", "\"\"", "\"a\"", "[]", "{}",
	    "[1]", "[1,2]", "{\"\":0}", "{\"a\":{\"b\":[{}]}}",
	    "{\"a\":1,\"a\":2}", "\"\\u0000\"", "\"\xf0\x9f\x98\x80\"",
	    " \t\r\n[ 1 , 2 ] \n", "{ \"a\" : 1 , \"b\" : 2 }" };
	size_t i;

	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		takes(texts[i]);
}
END_TEST

START_TEST(nothing_is_no_value)
{
	refuses("", 0, some_value);
	refuses(" ", 1, some_value);
	refuses("\r\n\t ", 4, some_value);
}
END_TEST

START_TEST(words_that_are_not_json_are_refused)
{
	refuses("NaN", 0, some_value);
	refuses("Infinity", 0, some_value);
	refuses("True", 0, some_value);
	refuses("nul", 3, some_value);
	refuses("nulL", 3, some_value);
	refuses("undefined", 0, some_value);
	refuses("'a'", 0, some_value);
	refuses("// a\n1", 0, some_value);
	refuses("/* a */1", 0, some_value);
	refuses("[,1]", 1, some_value);
	refuses("[1,]", 3, some_value);
	refuses("{\"a\":}", 5, some_value);
	refuses("\xc2\xa0" "1", 0, some_value);
}
END_TEST

START_TEST(other_encodings_are_named)
{
	refuses("\xef\xbb\xbf{}", 0, no_mark);
	refuses("\xef\xbb\xbf", 0, no_mark);
	refuses("\xef\xbb", 0, some_value);
	refuses("\xff\xfe", 0, no_utf16);
	refuses("\xfe\xff", 0, no_utf16);
	refuses("\xff\xff", 0, some_value);
	refuses_bytes("\xfe\xff\0{\0}", 6, 0, no_utf16);
	refuses_bytes("{\0}\0", 4, 1, no_utf16);
	refuses_bytes("\0{\0}", 4, 0, no_utf16);
	refuses_bytes(" \0{\0", 4, 1, no_utf16);
	refuses_bytes("\"\0a\0\"\0", 6, 1, no_utf16);
	refuses_bytes("\0", 1, 0, some_value);
	refuses_bytes("\0\0", 2, 0, some_value);
}
END_TEST

START_TEST(malformed_numbers_are_refused)
{
	refuses("-", 1, some_digit);
	refuses("-a", 1, some_digit);
	refuses("-Infinity", 1, some_digit);
	refuses("1.", 2, some_digit);
	refuses("1.e3", 2, some_digit);
	refuses("1e", 2, some_digit);
	refuses("1e+", 3, some_digit);
	/* What stands behind is another matter. */
	refuses("-x", 1, some_digit);
	refuses("1.x", 2, some_digit);
	refuses("1ex", 2, some_digit);
	refuses("[1e-x]", 4, some_digit);
	refuses("+1", 0, some_value);
	refuses(".5", 0, some_value);
	refuses("01", 1, no_more);
	refuses("-01", 2, no_more);
	refuses("0x10", 1, no_more);
	refuses("1_000", 1, no_more);
}
END_TEST

START_TEST(nothing_may_follow_the_value)
{
	refuses("{}{}", 2, no_more);
	refuses("{} x", 3, no_more);
	refuses("1 2", 2, no_more);
	refuses("{}]", 2, no_more);
	refuses_bytes("{}\0", 3, 2, no_more);
	refuses_bytes("1 \0", 3, 2, no_more);
}
END_TEST

START_TEST(broken_containers_are_refused)
{
	refuses("[", 1, some_value);
	refuses("[1", 2, some_comma);
	refuses("[1 2]", 3, some_comma);
	refuses("[1}", 2, some_comma);
	refuses("{", 1, some_name);
	refuses("{1:2}", 1, some_name);
	refuses("{a:1}", 1, some_name);
	refuses("{'a':1}", 1, some_name);
	refuses("{\"a\":1,}", 7, some_name);
	refuses("{\"a\":1]", 6, some_comma);
	refuses("{\"a\"}", 4, "Expecting ':' delimiter");
	refuses("{\"a\" 1}", 5, "Expecting ':' delimiter");
}
END_TEST

START_TEST(fault_in_a_string_is_told_where_it_is)
{
	refuses("\"ab", 3, "Expecting '\"'");
	refuses("[\"a\tb\"]", 3, "Expecting control character to be escaped");
	refuses("\"a\\x\"", 3, "Expecting escape");
	refuses("{\"a\":\"\xff\"}", 6, "Expecting UTF-8");
	refuses("{\"\xc0\x80\":1}", 2, "Expecting UTF-8");
	refuses("{\"\\ud800\":1}", 2, "Expecting a pair of surrogates");
	refuses_bytes("\"a\0b\"", 5, 2,
	    "Expecting control character to be escaped");
}
END_TEST

/* A text of pieces that are repeated. */
static char *
repeat(const char *before, const char *piece, size_t times, const char *after)
{
	size_t i, len = strlen(piece);
	char *text = malloc(strlen(before) + times * len + strlen(after) + 1);
	char *p;

	ck_assert_ptr_nonnull(text);
	p = stpcpy(text, before);
	for (i = 0; i < times; i++)
		p = stpcpy(p, piece);
	stpcpy(p, after);
	return (text);
}

START_TEST(levels_32_are_taken_and_33_refused)
{
	char *close = repeat("", "]", 31, "}");
	char *text = repeat("{\"a\":", "[", 31, close);

	takes(text);
	free(text);
	text = repeat("{\"a\":", "[", 32, "");
	refuses(text, 5 + 31, "Expecting at most 32 levels");
	free(text);
	text = repeat("", "[", 100000, "");
	refuses(text, 32, "Expecting at most 32 levels");
	free(text);
	free(close);
}
END_TEST

START_TEST(members_1024_are_taken_and_1025_refused)
{
	char *text = repeat("{", "\"a\":1,", 1023, "\"a\":1}");

	takes(text);
	free(text);
	text = repeat("{", "\"a\":1,", 1024, "\"a\":1}");
	refuses(text, 1 + 1024 * 6, "Expecting at most 1024 members");
	free(text);
}
END_TEST

START_TEST(values_16384_are_taken_and_16385_refused)
{
	char *text = repeat("[", "1,", 16382, "1]");

	takes(text);
	free(text);
	text = repeat("[", "1,", 16383, "1]");
	refuses(text, 1 + 2 * 16383, "Expecting at most 16384 values");
	free(text);
}
END_TEST

START_TEST(every_cut_of_a_good_text_is_refused)
{
	static const char text[] =
	    "{\"a\":[1,{\"\\u00e9\":null}],\"b\":\"\xc3\xa9\\n\",\"c\":true}";
	struct json_doc doc = { 0 };
	size_t len;

	takes(text);
	for (len = 0; len < strlen(text); len++) {
		ck_assert_int_eq(check(&doc, text, len), JSON_FAULT);
		ck_assert_uint_le(doc.fault_at, len);
		ck_assert_ptr_nonnull(doc.expected);
	}
	json_doc_fini(&doc);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		values_of_every_kind_are_taken,
		nothing_is_no_value,
		words_that_are_not_json_are_refused,
		other_encodings_are_named,
		malformed_numbers_are_refused,
		nothing_may_follow_the_value,
		broken_containers_are_refused,
		fault_in_a_string_is_told_where_it_is,
		levels_32_are_taken_and_33_refused,
		members_1024_are_taken_and_1025_refused,
		values_16384_are_taken_and_16385_refused,
		every_cut_of_a_good_text_is_refused,
	};

	return (unit_main("json_check", tests, sizeof tests / sizeof tests[0]));
}
