/* Reading a checked text, and writing JSON as it is stored and answered. */
#include "config.h"

#include "body/json.h"
#include "unit/unit_json.h"

enum { ROOM = 4096 };

START_TEST(first_of_a_container_is_found)
{
	struct json_doc doc = { 0 };

	unit_json(&doc, "[[],{},[1],\"x\"]");
	ck_assert_uint_eq(json_first(&doc, 0), 1);
	ck_assert_uint_eq(json_first(&doc, 1), 0);
	ck_assert_uint_eq(json_first(&doc, 2), 0);
	ck_assert_uint_eq(json_first(&doc, 3), 4);
	ck_assert_uint_eq(json_first(&doc, 5), 0);
	unit_json(&doc, "{}");
	ck_assert_uint_eq(json_first(&doc, 0), 0);
	json_doc_fini(&doc);
}
END_TEST

START_TEST(string_equals_what_it_reads_as)
{
	struct json_doc doc = { 0 };

	unit_json(&doc, "[\"jira\",\"\\u006aira\",\"\",\"jir\","
	    "\"jira\\u0000\"]");
	ck_assert(json_equals(&doc, 1, "jira"));
	ck_assert(json_equals(&doc, 2, "jira"));
	ck_assert(json_equals(&doc, 3, ""));
	ck_assert(!json_equals(&doc, 3, "jira"));
	ck_assert(!json_equals(&doc, 4, "jira"));
	ck_assert(!json_equals(&doc, 5, "jira"));
	json_doc_fini(&doc);
}
END_TEST

START_TEST(code_points_are_counted_not_bytes)
{
	struct json_doc doc = { 0 };

	unit_json(&doc, "[\"\",\"a\\n\xc3\xa9\",\"\xf0\x9f\x98\x80"
	    "\\ud83d\\ude00\",\"a\\u0000b\"]");
	ck_assert_uint_eq(json_measure(&doc, 1, 9).code_points, 0);
	ck_assert_uint_eq(json_measure(&doc, 2, 9).code_points, 3);
	ck_assert_uint_eq(json_measure(&doc, 3, 9).code_points, 2);
	ck_assert(!json_measure(&doc, 3, 9).has_null);
	ck_assert_uint_eq(json_measure(&doc, 4, 9).code_points, 3);
	ck_assert(json_measure(&doc, 4, 9).has_null);
	json_doc_fini(&doc);
}
END_TEST

START_TEST(counting_stops_beyond_enough)
{
	struct json_doc doc = { 0 };

	unit_json(&doc, "\"abcdef\\u0000\"");
	ck_assert_uint_eq(json_measure(&doc, 0, 3).code_points, 4);
	ck_assert(!json_measure(&doc, 0, 3).has_null);
	ck_assert_uint_eq(json_measure(&doc, 0, 7).code_points, 7);
	json_doc_fini(&doc);
}
END_TEST

START_TEST(string_reads_one_text_and_no_other)
{
	struct json_doc doc = { 0 };

	unit_json(&doc, "[\"\\u0061\xc3\xa9\\ud83d\\ude00\",\"\","
	    "\"a\\u0000\",1]");
	ck_assert(json_reads(&doc, 1, "a\xc3\xa9\xf0\x9f\x98\x80"));
	ck_assert(!json_reads(&doc, 1, "a\xc3\xa9\xf0\x9f\x98\x80z"));
	ck_assert(!json_reads(&doc, 1, "a\xc3\xa9"));
	ck_assert(!json_reads(&doc, 1, "a\xc3"));
	ck_assert(!json_reads(&doc, 1, ""));
	ck_assert(json_reads(&doc, 2, ""));
	ck_assert(!json_reads(&doc, 2, "a"));
	ck_assert(!json_reads(&doc, 3, "a"));
	ck_assert(!json_reads(&doc, 4, "1"));
	ck_assert(!json_reads(&doc, 0, ""));
	json_doc_fini(&doc);
}
END_TEST

START_TEST(string_is_decoded_to_utf8)
{
	struct json_doc doc = { 0 };
	struct buf out;

	buf_init(&out, ROOM);
	unit_json(&doc, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\xe2\x82\xac"
	    "\\uD83D\\uDE00\"");
	json_decode(&doc, 0, &out);
	unit_holds(&out, "\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	unit_json(&doc, "\"a\\u0000b\"");
	json_decode(&doc, 0, &out);
	ck_assert_uint_eq(out.len, 3);
	ck_assert_mem_eq(out.data, "a\0b", 3);
	buf_fini(&out);
	json_doc_fini(&doc);
}
END_TEST

/* What text is written as. */
static void
writes(const char *text, const char *expected)
{
	struct json_doc doc = { 0 };
	struct buf out;

	buf_init(&out, ROOM);
	unit_json(&doc, text);
	json_write(&doc, 0, &out);
	unit_holds(&out, expected);
	buf_fini(&out);
	json_doc_fini(&doc);
}

START_TEST(white_space_is_not_written)
{
	writes(" [ 1 , { \"a\" : null , \"b c\" : [ ] } , true ] ",
	    "[1,{\"a\":null,\"b c\":[]},true]");
	writes("{ }", "{}");
}
END_TEST

START_TEST(numbers_are_written_as_they_were_sent)
{
	writes("[1.0,1E400,-0,1e+05,123456789012345678901234567890]",
	    "[1.0,1E400,-0,1e+05,123456789012345678901234567890]");
}
END_TEST

START_TEST(strings_are_written_with_necessary_escapes_only)
{
	writes("\"\\u00e9\\/\\u0041\\ud83d\\ude00\"",
	    "\"\xc3\xa9/A\xf0\x9f\x98\x80\"");
	writes("\"\\\"\\\\\\n\\u000a\\u0001\\u001f\\u0000\\u0008\"",
	    "\"\\\"\\\\\\n\\n\\u0001\\u001f\\u0000\\b\"");
	writes("\"plain \x7f\"", "\"plain \x7f\"");
}
END_TEST

START_TEST(repeated_member_is_written_once_with_its_last_value)
{
	writes("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}");
	writes("{\"\\u0061\":1,\"b\":2,\"a\":3,\"a\":{\"c\":1,\"c\":2}}",
	    "{\"a\":{\"c\":2},\"b\":2}");
	writes("[{\"a\":1},{\"a\":2}]", "[{\"a\":1},{\"a\":2}]");
}
END_TEST

START_TEST(what_was_written_is_written_the_same_again)
{
	static const char text[] = "{\"a\":[1,\"\\u0000\\n\"],\"\\\"\":{}}";

	writes(text, text);
}
END_TEST

START_TEST(text_is_put_as_a_string)
{
	struct buf out;

	buf_init(&out, ROOM);
	json_put_string(&out, "", 0);
	unit_holds(&out, "\"\"");
	json_put_string(&out, "a\"b\\c\n\x1f/\xc3\xa9", 10);
	unit_holds(&out, "\"a\\\"b\\\\c\\n\\u001f/\xc3\xa9\"");
	json_put_string(&out, "a\0b", 3);
	unit_holds(&out, "\"a\\u0000b\"");
	buf_fini(&out);
}
END_TEST

START_TEST(name_is_written_with_its_colon)
{
	struct json_doc doc = { 0 };
	struct buf out;

	buf_init(&out, ROOM);
	unit_json(&doc, "{\"\\u0061\\n\" : 1}");
	json_write_name(&doc, 1, &out);
	unit_holds(&out, "\"a\\n\":");
	buf_fini(&out);
	json_doc_fini(&doc);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		first_of_a_container_is_found,
		string_equals_what_it_reads_as,
		code_points_are_counted_not_bytes,
		counting_stops_beyond_enough,
		string_reads_one_text_and_no_other,
		string_is_decoded_to_utf8,
		white_space_is_not_written,
		numbers_are_written_as_they_were_sent,
		strings_are_written_with_necessary_escapes_only,
		repeated_member_is_written_once_with_its_last_value,
		what_was_written_is_written_the_same_again,
		text_is_put_as_a_string,
		name_is_written_with_its_colon,
	};

	return (unit_main("json", tests, sizeof tests / sizeof tests[0]));
}
