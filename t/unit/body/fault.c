/* The words of faults, in the contract's JSON. */
#include "config.h"

#include "body/fault.h"
#include "unit/unit_json.h"

enum { ROOM = 65536 };

/* The body that one fault makes. */
static void
says(struct fault fault, const char *expected)
{
	struct faults faults = { 0 };
	char text[512];
	struct buf out;

	buf_init(&out, ROOM);
	faults_add(&faults, fault);
	faults_write(&faults, &out);
	snprintf(text, sizeof text, "{\"detail\":[{%s}]}", expected);
	unit_holds(&out, text);
	buf_fini(&out);
	faults_fini(&faults);
}

START_TEST(every_kind_has_the_contracts_words)
{
	static const struct {
		enum fault_kind kind;
		const char *msg;
		const char *type;
	} words[] = {
		{ FAULT_MISSING, "field required", "value_error.missing" },
		{ FAULT_NULL, "none is not an allowed value",
		    "type_error.none.not_allowed" },
		{ FAULT_STRING, "str type expected", "type_error.str" },
		{ FAULT_BOOL, "value could not be parsed to a boolean",
		    "type_error.bool" },
		{ FAULT_OBJECT, "value is not a valid dict",
		    "type_error.dict" },
		{ FAULT_LIST, "value is not a valid list", "type_error.list" },
		{ FAULT_CHOICE, "value is not a valid enumeration member",
		    "type_error.enum" },
		{ FAULT_TOO_SHORT,
		    "ensure this value has at least 1 characters",
		    "value_error.any_str.min_length" },
		{ FAULT_TOO_LONG,
		    "ensure this value has at most 255 characters",
		    "value_error.any_str.max_length" },
		{ FAULT_NULL_CHARACTER, "null characters are not allowed",
		    "value_error.any_str.null_character" },
		{ FAULT_TEXT, "value is not valid text", "value_error.text" },
		{ FAULT_INTEGER, "value is not a valid integer",
		    "type_error.integer" },
		{ FAULT_NOT_GE,
		    "ensure this value is greater than or equal to 7",
		    "value_error.number.not_ge" },
		{ FAULT_NOT_LE,
		    "ensure this value is less than or equal to 7",
		    "value_error.number.not_le" },
		{ FAULT_CURSOR, "invalid cursor", "value_error.cursor" },
		{ FAULT_EXTRA, "extra fields not permitted",
		    "value_error.extra" },
		{ FAULT_CONST, "field cannot be changed",
		    "value_error.const" },
		{ FAULT_LIMIT, "too many values", "value_error.limit" },
		{ FAULT_IDEMPOTENCY_KEY,
		    "value is not a valid idempotency key",
		    "value_error.idempotency_key" },
		{ FAULT_OTHER_BODY, "already used with another body",
		    "value_error.idempotency_key" },
		{ FAULT_NO_ITEMS, "ensure this value has at least 1 items",
		    "value_error.list.min_items" },
		{ FAULT_CONTROL, "control characters are not allowed",
		    "value_error.any_str.control_character" },
		{ FAULT_UUID, "value is not a valid uuid", "type_error.uuid" },
		{ FAULT_MOMENT, "invalid datetime format",
		    "value_error.datetime" },
	};
	char text[256];
	size_t i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		snprintf(text, sizeof text, "\"loc\":[\"body\",\"a\"],"
		    "\"msg\":\"%s\",\"type\":\"%s\"", words[i].msg,
		    words[i].type);
		says((struct fault){ .kind = words[i].kind, .member = "a",
		    .index = -1, .limit = 7 }, text);
	}
}
END_TEST

START_TEST(body_as_a_whole_has_no_member)
{
	says((struct fault){ .kind = FAULT_OBJECT, .index = -1 },
	    "\"loc\":[\"body\"],\"msg\":\"value is not a valid dict\","
	    "\"type\":\"type_error.dict\"");
}
END_TEST

START_TEST(fault_need_not_be_in_the_body)
{
	says((struct fault){ .kind = FAULT_EXTRA, .in = "query",
	    .member = "a\"b", .index = -1 },
	    "\"loc\":[\"query\",\"a\\\"b\"],"
	    "\"msg\":\"extra fields not permitted\","
	    "\"type\":\"value_error.extra\"");
}
END_TEST

START_TEST(place_is_told_from_parent_to_index)
{
	says((struct fault){ .kind = FAULT_STRING, .parent = "metadata",
	    .member = "tags", .index = 12 },
	    "\"loc\":[\"body\",\"metadata\",\"tags\",12],"
	    "\"msg\":\"str type expected\",\"type\":\"type_error.str\"");
	says((struct fault){ .kind = FAULT_STRING, .parent = "metadata",
	    .member = "tags", .index = 0 },
	    "\"loc\":[\"body\",\"metadata\",\"tags\",0],"
	    "\"msg\":\"str type expected\",\"type\":\"type_error.str\"");
}
END_TEST

START_TEST(json_fault_tells_offset_and_what_was_expected)
{
	says((struct fault){ .kind = FAULT_JSON, .index = 7,
	    .expected = "Expecting '\"'" },
	    "\"loc\":[\"body\",7],\"msg\":\"Expecting '\\\"'\","
	    "\"type\":\"value_error.jsondecode\"");
}
END_TEST

START_TEST(faults_keep_their_order)
{
	struct faults faults = { 0 };
	struct buf out;

	buf_init(&out, ROOM);
	faults_add(&faults, (struct fault){ .kind = FAULT_MISSING,
	    .member = "name", .index = -1 });
	faults_add(&faults, (struct fault){ .kind = FAULT_BOOL,
	    .member = "active", .index = -1 });
	faults_write(&faults, &out);
	unit_holds(&out, "{\"detail\":[{\"loc\":[\"body\",\"name\"],"
	    "\"msg\":\"field required\",\"type\":\"value_error.missing\"},"
	    "{\"loc\":[\"body\",\"active\"],"
	    "\"msg\":\"value could not be parsed to a boolean\","
	    "\"type\":\"type_error.bool\"}]}");
	buf_fini(&out);
	faults_fini(&faults);
}
END_TEST

START_TEST(no_faults_are_an_empty_list)
{
	struct faults faults = { 0 };
	struct buf out;

	buf_init(&out, ROOM);
	faults_write(&faults, &out);
	unit_holds(&out, "{\"detail\":[]}");
	buf_fini(&out);
	faults_fini(&faults);
}
END_TEST

START_TEST(thousands_of_faults_are_held)
{
	struct faults faults = { 0 };
	long i;

	for (i = 0; i < 16384; i++)
		faults_add(&faults, (struct fault){ .kind = FAULT_STRING,
		    .index = i });
	ck_assert(!faults.failed);
	ck_assert_uint_eq(faults.count, 16384);
	for (i = 0; i < 16384; i++)
		ck_assert_int_eq(faults.list[i].index, i);
	faults_fini(&faults);
	faults_fini(&faults);
	ck_assert_uint_eq(faults.count, 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		every_kind_has_the_contracts_words,
		body_as_a_whole_has_no_member,
		fault_need_not_be_in_the_body,
		place_is_told_from_parent_to_index,
		json_fault_tells_offset_and_what_was_expected,
		faults_keep_their_order,
		no_faults_are_an_empty_list,
		thousands_of_faults_are_held,
	};

	return (unit_main("fault", tests, sizeof tests / sizeof tests[0]));
}
