/* One check per kind of value. */
#include "config.h"

#include "body/field.h"
#include "ground/integration.h"
#include "unit_json.h"

typedef enum fault_kind check_fn(const struct json_doc *, uint32_t);

/* Each value, as an element of an array, gives that fault. */
static void
gives(check_fn *check, enum fault_kind expected, const char *values)
{
	struct json_doc doc = { 0 };
	uint32_t i;

	unit_json(&doc, values);
	for (i = 1; i != 0; i = doc.node[i].next)
		ck_assert_msg(check(&doc, i) == expected,
		    "%.*s gives %d instead of %d",
		    (int)(doc.node[i].span.end - doc.node[i].span.start),
		    values + doc.node[i].span.start, (int)check(&doc, i),
		    (int)expected);
	json_doc_fini(&doc);
}

/* A string of that many pieces gives that fault. */
static void
gives_repeated(check_fn *check, enum fault_kind expected, const char *piece,
    size_t times)
{
	char text[8192] = "[\"", *p = text + 2;

	ck_assert_uint_lt(times * strlen(piece), sizeof text - 8);
	while (times-- > 0)
		p = stpcpy(p, piece);
	stpcpy(p, "\"]");
	gives(check, expected, text);
}

START_TEST(any_string_is_a_string)
{
	gives(field_string, FAULT_NONE, "[\"\",\"a\",\"\\u0000\"]");
	gives(field_string, FAULT_STRING, "[5,true,false,[\"a\"],{}]");
}
END_TEST

START_TEST(name_has_1_to_255_code_points)
{
	gives_repeated(field_name, FAULT_TOO_SHORT, "", 0);
	gives_repeated(field_name, FAULT_NONE, "a", 1);
	gives_repeated(field_name, FAULT_NONE, "a", 255);
	gives_repeated(field_name, FAULT_TOO_LONG, "a", 256);
	gives_repeated(field_name, FAULT_TOO_LONG, "a", 4000);
}
END_TEST

START_TEST(name_of_255_emoji_is_fine_however_spelled)
{
	gives_repeated(field_name, FAULT_NONE, "\xf0\x9f\x98\x80", 255);
	gives_repeated(field_name, FAULT_TOO_LONG, "\xf0\x9f\x98\x80", 256);
	gives_repeated(field_name, FAULT_NONE, "\\ud83d\\ude00", 255);
	gives_repeated(field_name, FAULT_TOO_LONG, "\\ud83d\\ude00", 256);
}
END_TEST

START_TEST(name_is_not_trimmed)
{
	gives(field_name, FAULT_NONE, "[\" \",\"\\n\",\"\\t a \"]");
}
END_TEST

START_TEST(name_with_a_null_character_is_refused)
{
	gives(field_name, FAULT_NULL_CHARACTER,
	    "[\"\\u0000\",\"a\\u0000\",\"\\u0000a\"]");
	gives_repeated(field_name, FAULT_TOO_LONG, "\\u0000", 256);
}
END_TEST

START_TEST(name_of_another_type_is_refused)
{
	gives(field_name, FAULT_STRING, "[5,1.5,true,[],{},[\"a\"]]");
	gives(field_identifier, FAULT_STRING, "[5,1.5,true,[],{},[\"a\"]]");
}
END_TEST

START_TEST(identifier_has_0_to_255_code_points)
{
	gives_repeated(field_identifier, FAULT_NONE, "", 0);
	gives_repeated(field_identifier, FAULT_NONE, "\xc3\xa9", 255);
	gives_repeated(field_identifier, FAULT_TOO_LONG, "\xc3\xa9", 256);
	gives(field_identifier, FAULT_NULL_CHARACTER, "[\"a\\u0000b\"]");
}
END_TEST

START_TEST(only_true_and_false_are_booleans)
{
	gives(field_bool, FAULT_NONE, "[true,false]");
	gives(field_bool, FAULT_BOOL,
	    "[0,1,\"true\",\"yes\",\"\",[],{},[true]]");
}
END_TEST

START_TEST(only_objects_are_objects_and_only_arrays_lists)
{
	gives(field_object, FAULT_NONE, "[{},{\"a\":1}]");
	gives(field_object, FAULT_OBJECT, "[[],[{}],\"{}\",1,true]");
	gives(field_list, FAULT_NONE, "[[],[1]]");
	gives(field_list, FAULT_LIST, "[{},\"[]\",1,true]");
}
END_TEST

START_TEST(choice_is_one_of_the_words)
{
	struct json_doc doc = { 0 };
	uint32_t i;

	unit_json(&doc, "[\"slack\",\"sl\\u0061ck\"]");
	ck_assert_ptr_eq(field_choice(&doc, 1, integration_types),
	    integration_types[4]);
	ck_assert_ptr_eq(field_choice(&doc, 2, integration_types),
	    integration_types[4]);
	unit_json(&doc, "[\"Slack\",\"\",\"slack \",\"slac\",\"slack\\u0000\","
	    "1,true,[\"slack\"],{\"slack\":1}]");
	for (i = 1; i != 0; i = doc.node[i].next)
		ck_assert_ptr_null(field_choice(&doc, i, integration_types));
	json_doc_fini(&doc);
}
END_TEST

START_TEST(finite_numbers_are_moments)
{
	gives(field_moment, FAULT_NONE, "[0,-0,1705314600,-1,1705314600.25,"
	    "1e308,-1.7976931348623157e308,1E-400,123456789012345678901]");
	gives(field_moment, FAULT_MOMENT, "[1E400,-1e309,1e999999999]");
}
END_TEST

START_TEST(moments_of_every_spelling_are_taken)
{
	gives(field_moment, FAULT_NONE, "["
	    "\"2024-01-15T10:30:00\",\"2024-01-15t10:30:00\","
	    "\"2024-01-15 10:30:00\",\"2024-01-15T10:30:00Z\","
	    "\"2024-01-15T10:30:00z\",\"2024-01-15T10:30:00.1\","
	    "\"2024-01-15T10:30:00.123456789\","
	    "\"2024-01-15T10:30:00.123456789+23:59\","
	    "\"2024-01-15T10:30:00+00:00\",\"2024-01-15T10:30:00-00:00\","
	    "\"2024-01-15T10:30:00-12:45\",\"2024-01-15T00:00:00.000Z\","
	    "\"0001-01-01T00:00:00\",\"9999-12-31T23:59:59.999999999Z\","
	    "\"2024\\u002d01-15T10:30:00\"]");
}
END_TEST

START_TEST(moments_of_other_spellings_are_refused)
{
	gives(field_moment, FAULT_MOMENT, "["
	    "\"\",\"now\",\"1705314600\",\"2024-01-15\",\"10:30:00\","
	    "\"2024-01-15T10:30\",\"2024-1-15T10:30:00\","
	    "\"24-01-15T10:30:00\",\"02024-01-15T10:30:00\","
	    "\"2024-01-15_10:30:00\",\"2024-01-15  10:30:00\","
	    "\" 2024-01-15T10:30:00\",\"2024-01-15T10:30:00 \","
	    "\"2024-01-15T10:30:00 Z\",\"2024-01-15T10:30:00.\","
	    "\"2024-01-15T10:30:00.Z\",\"2024-01-15T10:30:00,5\","
	    "\"2024-01-15T10:30:00.1234567890\",\"2024-01-15T10:30:00ZZ\","
	    "\"2024-01-15T10:30:00+01\",\"2024-01-15T10:30:00+0100\","
	    "\"2024-01-15T10:30:00+1:00\",\"2024-01-15T10:30:00+24:00\","
	    "\"2024-01-15T10:30:00+01:60\",\"2024/01/15T10:30:00\","
	    "\"+2024-01-15T10:30:00\",\"2024-01-15T10:30:00\\u0000\","
	    "\"2024-01-15T10:30:00Z\\u0000\","
	    "\"\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa4-01-15T10:30:00\"]");
}
END_TEST

START_TEST(moments_outside_the_calendar_are_refused)
{
	gives(field_moment, FAULT_MOMENT, "["
	    "\"0000-01-01T00:00:00\",\"2024-00-15T10:30:00\","
	    "\"2024-13-15T10:30:00\",\"2024-01-00T10:30:00\","
	    "\"2024-01-32T10:30:00\",\"2024-04-31T10:30:00\","
	    "\"2023-02-29T10:30:00\",\"1900-02-29T10:30:00\","
	    "\"2024-02-30T10:30:00\",\"2024-01-15T24:00:00\","
	    "\"2024-01-15T10:60:00\",\"2024-12-31T23:59:60Z\"]");
	gives(field_moment, FAULT_NONE,
	    "[\"2024-02-29T10:30:00\",\"2000-02-29T10:30:00\"]");
}
END_TEST

START_TEST(moments_of_other_types_are_refused)
{
	gives(field_moment, FAULT_MOMENT, "[true,false,[],{},[0]]");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		any_string_is_a_string,
		name_has_1_to_255_code_points,
		name_of_255_emoji_is_fine_however_spelled,
		name_is_not_trimmed,
		name_with_a_null_character_is_refused,
		name_of_another_type_is_refused,
		identifier_has_0_to_255_code_points,
		only_true_and_false_are_booleans,
		only_objects_are_objects_and_only_arrays_lists,
		choice_is_one_of_the_words,
		finite_numbers_are_moments,
		moments_of_every_spelling_are_taken,
		moments_of_other_spellings_are_refused,
		moments_outside_the_calendar_are_refused,
		moments_of_other_types_are_refused,
	};

	return (unit_main("field", tests, sizeof tests / sizeof tests[0]));
}
