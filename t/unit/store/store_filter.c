/* Filters of lists: what each of them wants. */
#include "config.h"

#include "store/store_filter.h"
#include "unit/unit.h"

static const struct integration row = {
	.name = "Production JIRA \xc3\x89",
	.integration_type = "jira",
	.status = "pending",
	.active = true,
	.unique_identifier = "u",
	.org_slug = "acme",
	.expires_at = "2024-01-15T10:30:00.000000",
	.metadata = "{\"tags\":[\"a\"]}"
};

static void
wants(struct store_filter filter, bool expected)
{
	ck_assert_int_eq(store_filter_wants(&filter, &row), expected);
}

START_TEST(nothing_asked_is_all)
{
	const struct integration bare = { .name = "" };
	const struct store_filter filter = { 0 };

	wants(filter, true);
	ck_assert(store_filter_wants(&filter, &bare));
}
END_TEST

START_TEST(members_are_compared_as_bytes)
{
	wants((struct store_filter){ .integration_type = "jira" }, true);
	wants((struct store_filter){ .integration_type = "github" }, false);
	wants((struct store_filter){ .status = "pending" }, true);
	wants((struct store_filter){ .status = "active" }, false);
	wants((struct store_filter){ .unique_identifier = "u" }, true);
	wants((struct store_filter){ .unique_identifier = "U" }, false);
	wants((struct store_filter){ .org_slug = "acme" }, true);
	wants((struct store_filter){ .org_slug = "acm" }, false);
	wants((struct store_filter){ .org_slug = "" }, false);
	wants((struct store_filter){ .workspace_id = "acme" }, false);
	wants((struct store_filter){ .workspace_id = "" }, false);
	wants((struct store_filter){ .is_active = true }, true);
	wants((struct store_filter){ .is_inactive = true }, false);
	wants((struct store_filter){ .status = "pending", .org_slug = "x" },
	    false);
}
END_TEST

START_TEST(part_of_a_name_is_found_in_any_case_of_ascii)
{
	static const char *const parts[] = { "P", "prod", "JIRA", "jIrA",
	    "N J", "\xc3\x89", "Production JIRA \xc3\x89" };
	static const char *const others[] = { "\xc3\xa9", "prod.*", "%", "x",
	    "jiraa", "Production JIRA \xc3\x89 " };
	size_t i;

	for (i = 0; i < sizeof parts / sizeof parts[0]; i++)
		wants((struct store_filter){ .q = parts[i] }, true);
	for (i = 0; i < sizeof others / sizeof others[0]; i++)
		wants((struct store_filter){ .q = others[i] }, false);
}
END_TEST

/* Expiries of from, until: whether the row's is among them. */
static void
wants_expiry(const char *from, const char *until, bool expected)
{
	struct store_filter filter = { 0 };

	snprintf(filter.expires_from, sizeof filter.expires_from, "%s", from);
	snprintf(filter.expires_until, sizeof filter.expires_until, "%s",
	    until);
	wants(filter, expected);
}

START_TEST(expiry_is_from_a_moment_until_before_another)
{
	const char *const before = "2024-01-15T10:29:59.999999";
	const char *const then = "2024-01-15T10:30:00.000000";
	const char *const after = "2024-01-15T10:30:00.000001";
	const struct integration never = { .name = "" };
	struct store_filter filter = { .expires_until = ":" };

	wants_expiry(then, "", true);
	wants_expiry(after, "", false);
	wants_expiry("", then, false);
	wants_expiry("", after, true);
	wants_expiry(before, after, true);
	wants_expiry(before, then, false);
	wants_expiry("", ":", true);
	ck_assert(!store_filter_wants(&filter, &never));
	filter = (struct store_filter){ .expires_from = "0" };
	ck_assert(!store_filter_wants(&filter, &never));
	filter = (struct store_filter){ .has_no_expiry = true };
	ck_assert(store_filter_wants(&filter, &never));
	ck_assert(!store_filter_wants(&filter, &row));
}
END_TEST

static bool
has_tag(const char *metadata, const char *tag)
{
	const struct integration tagged = { .name = "", .metadata = metadata };
	const struct store_filter filter = { .tag = tag };

	return (store_filter_wants(&filter, &tagged));
}

START_TEST(tag_is_a_whole_one_of_the_outermost_tags)
{
	static const char odd[] = "{\"instance_name\":"
	    "\"\\\"tags\\\":[\\\"z\\\"]\","
	    "\"created_via\":\"\\\\\",\"version\":null,\"description\":\"}],\","
	    "\"tags\":[\"\",\"a\",\"b\\\"\",\"c,d\",\"]\",\"\\\\\",\"{\"],"
	    "\"more\":{\"tags\":[\"z\"]},\"n\":[1E400,[true]]}";
	static const char *const has[] = { "\"\"", "\"a\"", "\"b\\\"\"",
	    "\"c,d\"", "\"]\"", "\"\\\\\"", "\"{\"" };
	static const char *const has_not[] = { "\"z\"", "\"A\"", "\"b\"",
	    "\"c\"", "\"d\"", "a", "\"tags\"", "\"a\",\"b\\\"\"", "1E400",
	    "true" };
	size_t i;

	for (i = 0; i < sizeof has / sizeof has[0]; i++)
		ck_assert_msg(has_tag(odd, has[i]), "%s", has[i]);
	for (i = 0; i < sizeof has_not / sizeof has_not[0]; i++)
		ck_assert_msg(!has_tag(odd, has_not[i]), "%s", has_not[i]);
	ck_assert(has_tag("{\"tags\":[\"a\"]}", "\"a\""));
	ck_assert(has_tag("{\"x\":{\"y\":[{}]},\"tags\":[\"a\"]}", "\"a\""));
	ck_assert(!has_tag("{\"tags\":[]}", "\"a\""));
	ck_assert(!has_tag("{}", "\"a\""));
	ck_assert(!has_tag(NULL, "\"a\""));
}
END_TEST

/* Each is read to its NUL and no further: a sanitizer sees it. */
START_TEST(damaged_metadata_has_no_tag)
{
	static const char whole[] = "{\"a\":\"b\\\"\",\"tags\":[\"x\",\"y\"]}";
	size_t len;
	char *part;

	for (len = 0; len < sizeof whole - 4; len++) {
		part = strndup(whole, len);
		ck_assert_msg(!has_tag(part, "\"y\""), "%s", part);
		free(part);
	}
	ck_assert(has_tag(whole, "\"y\""));
	ck_assert(!has_tag("nonsense", "\"y\""));
	ck_assert(!has_tag("[\"tags\"]", "\"y\""));
	ck_assert(!has_tag("{tags:[\"y\"]}", "\"y\""));
	ck_assert(!has_tag("{\"tags\"", "\"y\""));
	ck_assert(!has_tag("{\"tags\":\"y\"}", "\"y\""));
	ck_assert(!has_tag("{\"a\" :1,\"tags\":[\"y\"]}", "\"y\""));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		nothing_asked_is_all,
		members_are_compared_as_bytes,
		part_of_a_name_is_found_in_any_case_of_ascii,
		expiry_is_from_a_moment_until_before_another,
		tag_is_a_whole_one_of_the_outermost_tags,
		damaged_metadata_has_no_tag,
	};

	return (unit_main("store_filter", tests,
	    sizeof tests / sizeof tests[0]));
}
