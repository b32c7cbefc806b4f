/* One check per kind of value. */
#include "config.h"

#include "body/field.h"
#include "ground/integration.h"
#include "unit/unit_json.h"

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

START_TEST(text_may_be_a_list_of_texts)
{
	gives(field_texts, FAULT_NONE, "[\"\",\"a b\",[],[\"a\"],"
	    "[\"a\",\"\\u0000\"]]");
	gives(field_texts, FAULT_STRING, "[5,true,{},[5],[null],[\"a\",[]],"
	    "[{},\"a\"]]");
}
END_TEST

START_TEST(id_is_a_text_or_an_integer)
{
	gives(field_id, FAULT_NONE, "[\"\",\"a\",\"1.5\",0,-0,7,-7,"
	    "123456789012345678901234567890]");
	gives(field_id, FAULT_STRING, "[1.0,0.5,-0.0,1e5,1E5,1e-5,1e400,true,"
	    "[],{},[7]]");
}
END_TEST

START_TEST(integer_is_read_in_digits_alone)
{
	static const struct {
		const char *text;
		bool is_one;
		int64_t value;
	} cases[] = {
		{ "[1]", true, 1 }, { "[300]", true, 300 }, { "[-0]", true, 0 },
		{ "[-7]", true, -7 },
		{ "[9223372036854775807]", true, INT64_MAX },
		{ "[-9223372036854775808]", true, INT64_MIN },
		{ "[99999999999999999999999999]", true, INT64_MAX },
		{ "[-99999999999999999999999999]", true, INT64_MIN },
		{ "[1.0]", false, 0 }, { "[1e1]", false, 0 },
		{ "[1E1]", false, 0 }, { "[\"60\"]", false, 0 },
		{ "[true]", false, 0 }, { "[null]", false, 0 },
		{ "[[60]]", false, 0 }, { "[{}]", false, 0 },
	};
	struct json_doc doc = { 0 };
	int64_t value;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		unit_json(&doc, cases[i].text);
		value = 0;
		ck_assert_msg(field_read_integer(&doc, 1, &value) ==
		    cases[i].is_one, "%s", cases[i].text);
		ck_assert_int_eq(value, cases[i].value);
	}
	json_doc_fini(&doc);
}
END_TEST

START_TEST(anything_is_anything)
{
	gives(field_any, FAULT_NONE, "[null,true,1,\"\",[],{}]");
}
END_TEST

START_TEST(only_objects_are_objects_and_only_arrays_lists)
{
	gives(field_object, FAULT_NONE, "[{},{\"a\":1},[],[ ]]");
	gives(field_object, FAULT_OBJECT,
	    "[[{}],[null],[[]],\"{}\",1,true]");
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

START_TEST(texts_that_are_moments_are_taken)
{
	gives(field_moment, FAULT_NONE, "["
	    "\"2024-01-15T10:30:00\",\"2024-01-15 10:30+00\","
	    "\"2024-01-15t10:30:00.123456789012-0530\",\"1705314600\","
	    "\"-1705314600.25\",\"2024\\u002d01-15T10:30:00\","
	    "\"\\u0031\\u002e5\"]");
	gives_repeated(field_moment, FAULT_NONE, "\\u0030", 1000);
	gives_repeated(field_moment, FAULT_NONE, "9", 308);
}
END_TEST

START_TEST(texts_that_are_none_are_refused)
{
	gives(field_moment, FAULT_MOMENT, "["
	    "\"\",\"now\",\"1e5\",\"2024-01-15\",\"2023-02-29T10:30:00\","
	    "\"2024-01-15T10:30:00\\u0000\",\"1\\u0000\",\"\\u00001\","
	    "\"\xd9\xa1\"]");
	gives_repeated(field_moment, FAULT_MOMENT, "9", 309);
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
		text_may_be_a_list_of_texts,
		id_is_a_text_or_an_integer,
		integer_is_read_in_digits_alone,
		anything_is_anything,
		only_objects_are_objects_and_only_arrays_lists,
		choice_is_one_of_the_words,
		finite_numbers_are_moments,
		texts_that_are_moments_are_taken,
		texts_that_are_none_are_refused,
		moments_of_other_types_are_refused,
	};

	return (unit_main("field", tests, sizeof tests / sizeof tests[0]));
}
