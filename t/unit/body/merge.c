/* Merge patches: the RFC's vectors, and what becomes of bytes. */
#include "config.h"

#include "body/merge.h"
#include "unit/unit_json.h"

enum { ROOM = 1 << 16 };

/* A patch makes result of a target, NULL for none; whether that is a change. */
static void
makes(const char *target, const char *patch, const char *result,
    bool is_change)
{
	struct json_doc old = { 0 }, new = { 0 };
	struct buf out;
	bool is_changed;

	buf_init(&out, ROOM);
	if (target != NULL)
		unit_json(&old, target);
	unit_json(&new, patch);
	is_changed = merge_patch(target != NULL ? &old : NULL, &new, 0, &out);
	ck_assert_msg(is_changed == is_change, "%s on %s: changed %d", patch,
	    target != NULL ? target : "nothing", is_changed);
	ck_assert_uint_le(out.len, strlen(patch) +
	    (target != NULL ? strlen(target) : 0));
	unit_holds(&out, result);
	buf_fini(&out);
	json_doc_fini(&old);
	json_doc_fini(&new);
}

/* RFC 7396, appendix A. */
START_TEST(vectors_of_the_rfc)
{
	makes("{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}", true);
	makes("{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}",
	    true);
	makes("{\"a\":\"b\"}", "{\"a\":null}", "{}", true);
	makes("{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}",
	    true);
	makes("{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}", true);
	makes("{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}", true);
	makes("{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
	    "{\"a\":{\"b\":\"d\"}}", true);
	makes("{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}", true);
	makes("[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]", true);
	makes("{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]", true);
	makes("{\"a\":\"foo\"}", "null", "null", true);
	makes("{\"a\":\"foo\"}", "\"bar\"", "\"bar\"", true);
	makes("{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}", true);
	makes("[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}", true);
	makes("{}", "{\"a\":{\"bb\":{\"ccc\":null}}}",
	    "{\"a\":{\"bb\":{}}}", true);
}
END_TEST

START_TEST(object_in_which_nothing_changes_keeps_its_bytes)
{
	makes(" { \"a\" : 1 , \"b\":{ } } ", "{}", "{ \"a\" : 1 , \"b\":{ } }",
	    false);
	makes("{ \"a\" : 1 }", "{\"b\":null}", "{ \"a\" : 1 }", false);
	makes("{ \"a\" : 1 }", "{ \"a\":1 }", "{ \"a\" : 1 }", false);
	makes("{ \"a\" : { \"b\" : [1 ,2] } }", "{\"a\":{\"b\":[1 ,2]}}",
	    "{ \"a\" : { \"b\" : [1 ,2] } }", false);
	makes("{\"x\" : { \"b\" : 1 } ,\"y\":2}", "{\"y\":3,\"x\":{\"b\":1}}",
	    "{\"x\":{ \"b\" : 1 },\"y\":3}", true);
	makes("[1, 2]", "[1, 2]", "[1, 2]", false);
	makes("null", "null", "null", false);
}
END_TEST

START_TEST(what_is_not_named_stays_as_it_is_written)
{
	makes("{ \"n\" : 1E400 ,\"\\u0061\" : \"\\u00e9\" , \"z\":1 }",
	    "{\"z\":2}",
	    "{\"n\" : 1E400,\"\\u0061\" : \"\\u00e9\",\"z\":2}", true);
}
END_TEST

START_TEST(other_bytes_of_one_value_are_a_change)
{
	makes("{\"a\":1}", "{\"a\":1.0}", "{\"a\":1.0}", true);
	makes("{\"a\":\"b\"}", "{\"a\":\"\\u0062\"}", "{\"a\":\"\\u0062\"}",
	    true);
	makes("{\"a\":[1]}", "{\"a\":[ 1]}", "{\"a\":[ 1]}", true);
}
END_TEST

START_TEST(names_are_compared_decoded)
{
	makes("{\"\\u0061\" : 1,\"b\":2}", "{\"a\":3}",
	    "{\"\\u0061\":3,\"b\":2}", true);
	makes("{\"a\":1}", "{\"\\u0061\":null}", "{}", true);
	makes("{\"b\":1}", "{\"\\u0061\":2}", "{\"b\":1,\"\\u0061\":2}",
	    true);
	makes("{\"\\ud83d\\ude00\":1}", "{\"\xf0\x9f\x98\x80\":2}",
	    "{\"\\ud83d\\ude00\":2}", true);
	makes("{\"a\\u0000\":1}", "{\"a\":2}", "{\"a\\u0000\":1,\"a\":2}",
	    true);
}
END_TEST

/* An earlier one would keep what was to be replaced. */
START_TEST(earlier_duplicates_of_the_target_are_dropped)
{
	makes("{\"t\":\"old\",\"x\":1,\"\\u0074\":\"older\"}",
	    "{\"t\":\"new\"}", "{\"x\":1,\"\\u0074\":\"new\"}", true);
	makes("{\"t\":1,\"t\":2}", "{\"t\":null}", "{}", true);
	makes("{\"t\":1,\"t\":2}", "{\"t\":2}", "{\"t\":2}", true);
	makes("{\"t\":1,\"t\":2}", "{\"u\":3}",
	    "{\"t\":1,\"t\":2,\"u\":3}", true);
	makes("{\"t\":{\"a\":1},\"t\":{\"b\":2}}", "{\"t\":{\"c\":3}}",
	    "{\"t\":{\"b\":2,\"c\":3}}", true);
}
END_TEST

START_TEST(last_duplicate_of_the_patch_counts)
{
	makes("{\"a\":1}", "{\"a\":2,\"\\u0061\":3}", "{\"a\":3}", true);
	makes("{\"a\":1}", "{\"a\":2,\"a\":null}", "{}", true);
	makes("{\"a\":1}", "{\"a\":null,\"a\":1}", "{\"a\":1}", false);
	makes("{}", "{\"a\":1,\"b\":2,\"\\u0061\":3,\"c\":4}",
	    "{\"b\":2,\"\\u0061\":3,\"c\":4}", true);
	makes(NULL, "{\"a\":{\"b\":1,\"b\":2}}", "{\"a\":{\"b\":2}}", true);
}
END_TEST

START_TEST(nulls_are_left_out_but_in_arrays)
{
	makes("1", "{ \"a\" : { \"b\" : null , \"c\" : { \"d\":null } } }",
	    "{\"a\":{\"c\":{}}}", true);
	makes(NULL, "{ \"a\" : [ null, {\"b\" :null} ] }",
	    "{\"a\":[ null, {\"b\" :null} ]}", true);
	makes(NULL, "{\"a\":null}", "{}", true);
	makes("{\"a\":[{\"b\":1}]}", "{\"a\":{\"b\":null,\"c\":1}}",
	    "{\"a\":{\"c\":1}}", true);
}
END_TEST

START_TEST(node_of_the_patch_is_the_patch)
{
	struct json_doc old = { 0 }, new = { 0 };
	struct buf out;

	buf_init(&out, ROOM);
	unit_json(&old, "{\"a\":1}");
	unit_json(&new, "{\"x\":{\"a\":2},\"a\":3}");
	ck_assert(merge_patch(&old, &new, 1, &out));
	unit_holds(&out, "{\"a\":2}");
	buf_fini(&out);
	json_doc_fini(&old);
	json_doc_fini(&new);
}
END_TEST

START_TEST(room_that_is_short_shows)
{
	struct json_doc old = { 0 }, new = { 0 };
	struct buf out;

	buf_init(&out, 8);
	unit_json(&old, "{\"a\":{\"b\":1}}");
	unit_json(&new, "{\"a\":{\"b\":1}}");
	(void)merge_patch(&old, &new, 0, &out);
	ck_assert(out.failed);
	buf_fini(&out);
	json_doc_fini(&old);
	json_doc_fini(&new);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		vectors_of_the_rfc,
		object_in_which_nothing_changes_keeps_its_bytes,
		what_is_not_named_stays_as_it_is_written,
		other_bytes_of_one_value_are_a_change,
		names_are_compared_decoded,
		earlier_duplicates_of_the_target_are_dropped,
		last_duplicate_of_the_patch_counts,
		nulls_are_left_out_but_in_arrays,
		node_of_the_patch_is_the_patch,
		room_that_is_short_shows,
	};

	return (unit_main("merge", tests, sizeof tests / sizeof tests[0]));
}
