/* Members by their names: of any number, spelled in any way. */
#include "config.h"

#include "body/json.h"
#include "body/json_member.h"
#include "unit/unit_json.h"

enum { ROOM = 1 << 20 };

START_TEST(member_is_found_by_its_name)
{
	struct json_doc doc = { 0 };

	unit_json(&doc, "{\"a\":{\"b\":1},\"b\":2,\"na\\u006de\":3}");
	ck_assert_uint_eq(json_member(&doc, 0, "a"), 1);
	ck_assert_uint_eq(json_member(&doc, 0, "b"), 3);
	ck_assert_uint_eq(json_member(&doc, 1, "b"), 2);
	ck_assert_uint_eq(json_member(&doc, 0, "name"), 4);
	ck_assert_uint_eq(json_member(&doc, 0, "c"), 0);
	ck_assert_uint_eq(json_member(&doc, 0, ""), 0);
	ck_assert_uint_eq(json_member(&doc, 0, "A"), 0);
	json_doc_fini(&doc);
}
END_TEST

START_TEST(member_is_found_by_that_of_another_text)
{
	struct json_doc doc = { 0 }, other = { 0 };

	unit_json(&doc, "{\"a\":1,\"\\u00e9\":2,\"a\":3,\"o\":{\"a\":5}}");
	unit_json(&other, "{\"\\u0061\":1,\"\xc3\xa9\":2,\"b\":3}");
	ck_assert_uint_eq(json_member_like(&doc, 0, &other, 1), 3);
	ck_assert_uint_eq(json_member_like(&doc, 0, &other, 2), 2);
	ck_assert_uint_eq(json_member_like(&doc, 0, &other, 3), 0);
	ck_assert_uint_eq(json_member_like(&doc, 4, &other, 1), 5);
	ck_assert_uint_eq(json_member_like(&doc, 4, &other, 2), 0);
	ck_assert_uint_eq(json_member_like(&doc, 0, &doc, 1), 3);
	ck_assert_uint_eq(json_member_like(&doc, 1, &other, 1), 0);
	json_doc_fini(&doc);
	json_doc_fini(&other);
}
END_TEST

START_TEST(last_of_several_members_wins)
{
	struct json_doc doc = { 0 };

	unit_json(&doc, "{\"a\":1,\"\\u0061\":2,\"b\":3}");
	ck_assert_uint_eq(json_member(&doc, 0, "a"), 2);
	json_doc_fini(&doc);
}
END_TEST

START_TEST(name_with_a_nul_is_another_name)
{
	struct json_doc doc = { 0 };

	unit_json(&doc, "{\"a\\u0000\":1,\"a\\u0000b\":2}");
	ck_assert_uint_eq(json_member(&doc, 0, "a"), 0);
	json_doc_fini(&doc);
}
END_TEST

START_TEST(first_of_a_name_knows_the_last)
{
	struct json_doc doc = { 0 };

	unit_json(&doc, "{\"a\":1,\"b\":2,\"\\u0061\":3,\"b\":{\"a\":5}}");
	ck_assert_uint_eq(doc.node[1].last, 3);
	ck_assert_uint_eq(doc.node[2].last, 4);
	ck_assert_uint_eq(doc.node[3].last, 0);
	ck_assert_uint_eq(doc.node[4].last, 0);
	ck_assert_uint_eq(doc.node[5].last, 5);
	json_doc_fini(&doc);
}
END_TEST

START_TEST(elements_and_the_body_have_no_name)
{
	struct json_doc doc = { 0 };

	unit_json(&doc, "[{\"a\":1},{\"a\":2},\"a\"]");
	ck_assert_uint_eq(json_member(&doc, 0, "a"), 0);
	ck_assert_uint_eq(json_member(&doc, 0, ""), 0);
	ck_assert_uint_eq(json_member(&doc, 1, "a"), 2);
	ck_assert_uint_eq(json_member(&doc, 3, "a"), 4);
	ck_assert_uint_eq(json_member(&doc, 5, "a"), 0);
	unit_json(&doc, "{}");
	ck_assert_uint_eq(json_member(&doc, 0, "a"), 0);
	unit_json(&doc, "{\"\":1}");
	ck_assert_uint_eq(json_member(&doc, 0, ""), 1);
	json_doc_fini(&doc);
}
END_TEST

/* The last member of that name, by looking at all of them. */
static uint32_t
sought(const struct json_doc *doc, uint32_t object, const char *name)
{
	uint32_t i, found = 0;
	struct buf text;

	for (i = json_first(doc, object); i != 0; i = doc->node[i].next) {
		buf_init(&text, ROOM);
		json_write_name(doc, i, &text);
		ck_assert_ptr_nonnull(buf_text(&text));
		if (text.len == strlen(name) + 3 &&
		    memcmp(text.data + 1, name, strlen(name)) == 0)
			found = i;
		buf_fini(&text);
	}
	return (found);
}

/* Objects in an object, with names that are there, there again, and not. */
static void
fill(struct buf *text, uint64_t objects, uint64_t members)
{
	uint64_t i, k;

	buf_reset(text, ROOM);
	buf_putc(text, '{');
	for (i = 0; i < objects; i++) {
		buf_puts(text, i > 0 ? ",\"" : "\"");
		buf_put_u64(text, i);
		buf_puts(text, "\":{");
		for (k = 0; k < members; k++) {
			buf_puts(text, k > 0 ? ",\"\\u006d" : "\"m");
			buf_put_u64(text, k * 7 % (members - members / 4));
			buf_puts(text, "\":0");
		}
		buf_putc(text, '}');
	}
	buf_putc(text, '}');
	ck_assert_ptr_nonnull(buf_text(text));
}

static void
finds_all(struct json_doc *doc, const struct buf *text, unsigned members)
{
	uint32_t object;
	char name[16];
	unsigned k;

	unit_json(doc, text->data);
	for (object = json_first(doc, 0); object != 0;
	    object = doc->node[object].next)
		for (k = 0; k <= members; k += 1 + members / 50) {
			snprintf(name, sizeof name, "m%u", k);
			ck_assert_uint_eq(json_member(doc, object, name),
			    sought(doc, object, name));
		}
}

/* One after the other in one doc, larger and smaller. */
START_TEST(any_number_of_members_is_found)
{
	struct json_doc doc = { 0 };
	struct buf text;

	buf_init(&text, ROOM);
	fill(&text, 1, 1);
	finds_all(&doc, &text, 1);
	fill(&text, 3, 1000);
	finds_all(&doc, &text, 1000);
	fill(&text, 1000, 3);
	finds_all(&doc, &text, 3);
	fill(&text, 15, 100);
	finds_all(&doc, &text, 100);
	buf_fini(&text);
	json_doc_fini(&doc);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		member_is_found_by_its_name,
		member_is_found_by_that_of_another_text,
		last_of_several_members_wins,
		name_with_a_nul_is_another_name,
		first_of_a_name_knows_the_last,
		elements_and_the_body_have_no_name,
		any_number_of_members_is_found,
	};

	return (unit_main("json_member", tests,
	    sizeof tests / sizeof tests[0]));
}
