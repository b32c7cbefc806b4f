/* The metadata of a save, as it is stored and answered. */
#include "config.h"

#include "body/form_save.h"
#include "unit/unit_json.h"

enum { ROOM = 65536 };

#define DEFAULTS "{\"instance_name\":\"n\",\"created_via\":\"manual\"," \
	"\"version\":null,\"description\":null,\"tags\":[]"

/* The metadata that a body with that member makes. */
static void
has_metadata(const char *member, const char *expected)
{
	struct form form;
	struct faults faults = { 0 };
	struct json_doc doc = { 0 };
	char text[1024];
	struct buf out;

	buf_init(&out, ROOM);
	snprintf(text, sizeof text,
	    "{\"name\":\"n\",\"integration_type\":\"jira\"%s}", member);
	unit_json(&doc, text);
	form_read(&form, &form_save_spec, &doc, &faults);
	ck_assert_uint_eq(faults.count, 0);
	form_save_metadata(&form, &out);
	unit_holds(&out, expected);
	buf_fini(&out);
	json_doc_fini(&doc);
}

START_TEST(metadata_not_given_is_all_defaults)
{
	has_metadata("", DEFAULTS "}");
	has_metadata(",\"metadata\":null", DEFAULTS "}");
	has_metadata(",\"metadata\":{}", DEFAULTS "}");
	has_metadata(",\"metadata\":{\"instance_name\":null,"
	    "\"created_via\":null,\"version\":null,\"description\":null,"
	    "\"tags\":null}", DEFAULTS "}");
}
END_TEST

START_TEST(empty_texts_of_metadata_take_defaults_where_told)
{
	has_metadata(",\"metadata\":{\"instance_name\":\"\","
	    "\"created_via\":\"\",\"version\":\"\",\"description\":\"\"}",
	    "{\"instance_name\":\"n\",\"created_via\":\"manual\","
	    "\"version\":\"\",\"description\":\"\",\"tags\":[]}");
}
END_TEST

START_TEST(metadata_given_is_kept)
{
	has_metadata(",\"metadata\":{\"tags\":[\"a\",\"\\u00e9\"],"
	    "\"description\":\"d\",\"version\":\"1\",\"created_via\":\"api\","
	    "\"instance_name\":\"i\\u0000\"}",
	    "{\"instance_name\":\"i\\u0000\",\"created_via\":\"api\","
	    "\"version\":\"1\",\"description\":\"d\","
	    "\"tags\":[\"a\",\"\xc3\xa9\"]}");
}
END_TEST

START_TEST(other_metadata_follows_in_first_order_with_last_value)
{
	has_metadata(",\"metadata\":{\"z\":1,\"a\":{\"tags\":[1]},"
	    "\"tags\":[],\"z\":[2],\"\":null,\"\\u0061\":1E400}",
	    DEFAULTS ",\"z\":[2],\"a\":1E400,\"\":null}");
}
END_TEST

START_TEST(escaped_names_of_metadata_are_the_same_members)
{
	has_metadata(",\"metadata\":{\"ta\\u0067s\":[\"x\"]}",
	    "{\"instance_name\":\"n\",\"created_via\":\"manual\","
	    "\"version\":null,\"description\":null,\"tags\":[\"x\"]}");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		metadata_not_given_is_all_defaults,
		empty_texts_of_metadata_take_defaults_where_told,
		metadata_given_is_kept,
		other_metadata_follows_in_first_order_with_last_value,
		escaped_names_of_metadata_are_the_same_members,
	};

	return (unit_main("form_save_metadata", tests,
	    sizeof tests / sizeof tests[0]));
}
