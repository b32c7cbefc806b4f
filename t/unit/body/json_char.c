/* The characters of JSON strings, against the tables of RFC 8259 and 3629. */
#include "config.h"

#include "body/json_char.h"
#include "unit/unit.h"

enum { LAST_CODE = 0x10ffff };

/* Scan text, whose len bytes lie in memory of just that size. */
static const char *
scan(struct json_char *c, const char *text, size_t len)
{
	unsigned char *copy = malloc(len + 1);
	const char *expected;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy + 1, text, len);
	*c = (struct json_char){ .code = 0xbad, .width = 99, .is_end = true };
	expected = json_char_scan(c, copy, 1, len + 1);
	free(copy);
	return (expected);
}

static void
reads(const char *text, uint32_t code)
{
	struct json_char c;

	ck_assert_msg(scan(&c, text, strlen(text)) == NULL, "%s is refused",
	    text);
	ck_assert_uint_eq(c.code, code);
	ck_assert_uint_eq(c.width, strlen(text));
	ck_assert(!c.is_end);
}

static void
refuses(const char *text, size_t len, const char *expected)
{
	struct json_char c;
	const char *found = scan(&c, text, len);

	ck_assert_msg(found != NULL, "\"%s\" is taken", text);
	ck_assert_str_eq(found, expected);
	ck_assert_uint_le(c.width, len);
}

START_TEST(plain_character_is_itself)
{
	reads(" ", ' ');
	reads("a", 'a');
	reads("/", '/');
	reads("'", '\'');
	reads("\x7f", 0x7f);
}
END_TEST

START_TEST(quote_is_the_end)
{
	struct json_char c;

	ck_assert_ptr_null(scan(&c, "\"", 1));
	ck_assert(c.is_end);
	ck_assert_uint_eq(c.width, 1);
}
END_TEST

START_TEST(end_of_text_is_no_end_of_string)
{
	refuses("", 0, "Expecting '\"'");
}
END_TEST

START_TEST(short_escapes_are_read)
{
	reads("\\\"", '"');
	reads("\\\\", '\\');
	reads("\\/", '/');
	reads("\\b", '\b');
	reads("\\f", '\f');
	reads("\\n", '\n');
	reads("\\r", '\r');
	reads("\\t", '\t');
}
END_TEST

START_TEST(other_escapes_are_refused)
{
	char text[2] = "\\";
	int c;

	for (c = 0; c < 256; c++) {
		if (c != 0 && strchr("\"\\/bfnrtu", c) != NULL)
			continue;
		text[1] = (char)c;
		refuses(text, 2, "Expecting escape");
	}
	refuses("\\", 1, "Expecting escape");
}
END_TEST

START_TEST(unicode_escapes_are_read_in_any_case)
{
	reads("\\u0000", 0);
	reads("\\u0041", 'A');
	reads("\\u00e9", 0xe9);
	reads("\\u00E9", 0xe9);
	reads("\\uabCD", 0xabcd);
	reads("\\ud7ff", 0xd7ff);
	reads("\\ue000", 0xe000);
	reads("\\uffff", 0xffff);
}
END_TEST

START_TEST(escape_without_four_hexadecimal_digits_is_refused)
{
	static const char *const texts[] = { "\\u", "\\u0", "\\u00", "\\u004",
	    "\\u004g", "\\ug041", "\\u 041", "\\u-041", "\\u00:1", "\\u@041",
	    "\\u004`", "\\u\xd9\xa1" "41" };
	size_t i;

	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		refuses(texts[i], strlen(texts[i]),
		    "Expecting four hexadecimal digits");
}
END_TEST

START_TEST(pair_of_surrogate_escapes_is_one_character)
{
	reads("\\ud83d\\ude00", 0x1f600);
	reads("\\uD83D\\uDE00", 0x1f600);
	reads("\\ud800\\udc00", 0x10000);
	reads("\\udbff\\udfff", LAST_CODE);
}
END_TEST

START_TEST(surrogate_alone_is_refused)
{
	static const char *const texts[] = { "\\ud800", "\\udbff", "\\udc00",
	    "\\udfff", "\\ud800x", "\\ud800\\", "\\ud800\\n", "\\ud800\\u",
	    "\\ud800\\udc0", "\\ud800\\u0041", "\\ud800\\ud800",
	    "\\ud800\\ue000", "\\udc00\\ud800", "\\ud800udc00" };
	size_t i;

	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		refuses(texts[i], strlen(texts[i]),
		    "Expecting a pair of surrogates");
}
END_TEST

START_TEST(control_characters_are_refused)
{
	char c;

	for (c = 0; c < 0x20; c++)
		refuses(&c, 1, "Expecting control character to be escaped");
}
END_TEST

START_TEST(every_code_point_is_read_as_it_is_written)
{
	struct json_char c;
	char text[4];
	uint32_t code;
	size_t len;

	for (code = 0x80; code <= LAST_CODE; code++) {
		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		len = json_char_utf8(text, code);
		ck_assert_uint_eq(len, code < 0x800 ? 2 : code < 0x10000 ? 3 :
		    4);
		ck_assert_ptr_null(scan(&c, text, len));
		ck_assert_uint_eq(c.code, code);
		ck_assert_uint_eq(c.width, len);
	}
}
END_TEST

START_TEST(ascii_is_written_as_one_byte)
{
	char text[4];
	uint32_t code;

	for (code = 0; code < 0x80; code++) {
		ck_assert_uint_eq(json_char_utf8(text, code), 1);
		ck_assert_uint_eq((unsigned char)text[0], code);
	}
}
END_TEST

START_TEST(surrogates_in_utf8_are_refused)
{
	char text[4];
	uint32_t code;

	for (code = 0xd800; code <= 0xdfff; code++)
		refuses(text, json_char_utf8(text, code), "Expecting UTF-8");
}
END_TEST

START_TEST(overlong_and_too_high_utf8_is_refused)
{
	static const char *const texts[] = { "\xc0\x80", "\xc1\xbf",
	    "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80",
	    "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
	    "\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80", "\xfe",
	    "\xff" };
	size_t i;

	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		refuses(texts[i], strlen(texts[i]), "Expecting UTF-8");
}
END_TEST

START_TEST(cut_utf8_is_refused)
{
	static const char *const texts[] = { "\xc3\xa9", "\xe2\x82\xac",
	    "\xf0\x9f\x98\x80" };
	size_t i, len;

	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		for (len = 1; len < strlen(texts[i]); len++)
			refuses(texts[i], len, "Expecting UTF-8");
}
END_TEST

START_TEST(two_bytes_are_a_character_in_their_ranges_only)
{
	struct json_char c;
	char text[2];
	int first, second;
	bool is_good;

	for (first = 0x80; first < 0x100; first++) {
		for (second = 0; second < 0x100; second++) {
			text[0] = (char)first;
			text[1] = (char)second;
			is_good = first >= 0xc2 && first <= 0xdf &&
			    second >= 0x80 && second <= 0xbf;
			ck_assert_int_eq(scan(&c, text, 2) == NULL, is_good);
		}
	}
}
END_TEST

/* Every byte at every place among plain ones, and no byte beyond the end. */
START_TEST(run_ends_before_each_byte_that_is_not_plain)
{
	size_t len, at, place;
	bool is_plain;
	char *text;
	int byte;

	for (len = 1; len <= 24; len++) {
		ck_assert_ptr_nonnull(text = malloc(len));
		for (place = 0; place < len; place++) {
			for (byte = 0; byte < 0x100; byte++) {
				memset(text, 'x', len);
				text[place] = (char)byte;
				is_plain = byte >= 0x20 && byte < 0x80 &&
				    strchr("\"\\", byte) == NULL;
				at = place / 2;
				ck_assert_uint_eq(json_char_run(text, at, len),
				    is_plain ? len - at : place - at);
			}
		}
		free(text);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		plain_character_is_itself,
		quote_is_the_end,
		end_of_text_is_no_end_of_string,
		short_escapes_are_read,
		other_escapes_are_refused,
		unicode_escapes_are_read_in_any_case,
		escape_without_four_hexadecimal_digits_is_refused,
		pair_of_surrogate_escapes_is_one_character,
		surrogate_alone_is_refused,
		control_characters_are_refused,
		every_code_point_is_read_as_it_is_written,
		ascii_is_written_as_one_byte,
		surrogates_in_utf8_are_refused,
		overlong_and_too_high_utf8_is_refused,
		cut_utf8_is_refused,
		two_bytes_are_a_character_in_their_ranges_only,
		run_ends_before_each_byte_that_is_not_plain,
	};

	return (unit_main("json_char", tests,
	    sizeof tests / sizeof tests[0]));
}
