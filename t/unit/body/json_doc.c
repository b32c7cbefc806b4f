/* What the scan leaves: nodes, their spans, names and order. */
#include "config.h"

#include "unit/unit_json.h"

static void
is_span(const struct json_doc *doc, struct json_span span, const char *text)
{
	ck_assert_uint_eq(span.end - span.start, strlen(text));
	ck_assert_mem_eq(doc->text + span.start, text, strlen(text));
}

START_TEST(nodes_have_kind_span_name_and_next)
{
	static const char text[] = " {\"a\" : [1, true ],\"b\":\"x\"} ";
	struct json_doc doc = { 0 };
	const struct json_node *node;

	ck_assert_int_eq(json_check(&doc, text, strlen(text)), JSON_OK);
	node = doc.node;
	ck_assert_uint_eq(doc.count, 5);
	ck_assert_int_eq(node[0].type, JSON_OBJECT);
	is_span(&doc, node[0].span, "{\"a\" : [1, true ],\"b\":\"x\"}");
	is_span(&doc, node[0].name, "");
	ck_assert_int_eq(node[1].type, JSON_ARRAY);
	is_span(&doc, node[1].span, "[1, true ]");
	is_span(&doc, node[1].name, "\"a\"");
	ck_assert_uint_eq(node[1].next, 4);
	ck_assert_int_eq(node[2].type, JSON_NUMBER);
	is_span(&doc, node[2].span, "1");
	ck_assert_uint_eq(node[2].next, 3);
	ck_assert_int_eq(node[3].type, JSON_TRUE);
	is_span(&doc, node[3].span, "true");
	ck_assert_uint_eq(node[3].next, 0);
	ck_assert_int_eq(node[4].type, JSON_STRING);
	is_span(&doc, node[4].span, "\"x\"");
	ck_assert_uint_eq(node[4].next, 0);
	json_doc_fini(&doc);
}
END_TEST

START_TEST(names_that_read_alike_have_one_hash)
{
	static const char text[] = "{\"\xc3\xa9/\":1,\"\\u00E9\\/\":2,"
	    "\"\\ud83d\\ude00\":3,\"\xf0\x9f\x98\x80\":4}";
	struct json_doc doc = { 0 };

	ck_assert_int_eq(json_check(&doc, text, strlen(text)), JSON_OK);
	ck_assert_uint_eq(doc.node[1].name_hash, doc.node[2].name_hash);
	ck_assert_uint_eq(doc.node[3].name_hash, doc.node[4].name_hash);
	ck_assert_uint_ne(doc.node[1].name_hash, doc.node[3].name_hash);
	json_doc_fini(&doc);
}
END_TEST

START_TEST(doc_serves_one_text_after_the_other)
{
	struct json_doc doc = { 0 };

	ck_assert_int_eq(json_check(&doc, "[1,2,3]", 7), JSON_OK);
	ck_assert_int_eq(json_check(&doc, "[1,", 3), JSON_FAULT);
	ck_assert_int_eq(json_check(&doc, "{}", 2), JSON_OK);
	ck_assert_uint_eq(doc.count, 1);
	ck_assert_ptr_null(doc.expected);
	json_doc_fini(&doc);
	json_doc_fini(&doc);
}
END_TEST

START_TEST(names_cannot_be_chosen_for_their_hashes)
{
	static const char text[] = "{\"a\":1,\"\\u0061\":2}";
	struct json_doc one = { 0 }, other = { 0 };

	ck_assert_int_eq(json_check(&one, text, strlen(text)), JSON_OK);
	ck_assert_int_eq(json_check(&other, text, strlen(text)), JSON_OK);
	ck_assert_uint_eq(one.node[1].name_hash, one.node[2].name_hash);
	ck_assert_uint_ne(one.node[1].name_hash, other.node[1].name_hash);
	json_doc_fini(&one);
	json_doc_fini(&other);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		nodes_have_kind_span_name_and_next,
		names_that_read_alike_have_one_hash,
		doc_serves_one_text_after_the_other,
		names_cannot_be_chosen_for_their_hashes,
	};

	return (unit_main("json_doc", tests, sizeof tests / sizeof tests[0]));
}
