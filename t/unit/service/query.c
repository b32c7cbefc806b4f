/* Queries: how they are taken apart, and what is said of them. */
#include "config.h"

#include "service/query.h"
#include "unit/unit.h"

enum { NUMBER, WORD, FLAG, MOMENT, PART, TEXT, PARAMS };

static const char *const words[] = { "one", "two", NULL };

/* A check that looks at another parameter. */
static enum fault_kind
differs(const struct query *query, const char *value)
{
	return (query->value[WORD] != NULL &&
	    strcmp(query->value[WORD], value) == 0 ? FAULT_CURSOR : FAULT_NONE);
}

static const struct query_param params[PARAMS] = {
	[NUMBER] = { "number", .low = 1, .high = 200 },
	[WORD] = { "word", words },
	[FLAG] = { "flag", .check = query_check_bool },
	[MOMENT] = { "moment", .check = query_check_moment },
	[PART] = { "part", .check = query_check_part },
	[TEXT] = { "text", .check = differs },
};
static const struct query_spec spec = { params, PARAMS };

/* The text that comes of a query's. */
static void
text_is(const char *text, const char *expected)
{
	struct faults faults = { 0 };
	struct query query;

	query_read(&query, &spec, text, &faults);
	ck_assert_msg(faults.count == 0 && !faults.failed, "%s", text);
	if (expected == NULL) {
		ck_assert_msg(query.value[TEXT] == NULL, "%s", text);
	} else {
		ck_assert_msg(query.value[TEXT] != NULL, "%s", text);
		ck_assert_str_eq(query.value[TEXT], expected);
	}
	query_fini(&query);
	faults_fini(&faults);
}

/* The faults of a query: what is told. */
static void
faults_are(const char *text, const char *expected)
{
	struct faults faults = { 0 };
	struct query query;
	struct buf out;

	buf_init(&out, 65536);
	query_read(&query, &spec, text, &faults);
	ck_assert(!faults.failed);
	faults_write(&faults, &out);
	ck_assert_str_eq(buf_text(&out), expected);
	buf_fini(&out);
	query_fini(&query);
	faults_fini(&faults);
}

#define NONE "{\"detail\":[]}"
#define FAULT(name, msg, type) "{\"loc\":[\"query\",\"" name "\"],\"msg\":\"" \
	msg "\",\"type\":\"" type "\"}"
#define EXTRA(name) FAULT(name, "extra fields not permitted", \
	"value_error.extra")
#define NO_TEXT(name) FAULT(name, "value is not valid text", \
	"value_error.text")
#define NO_INTEGER FAULT("number", "value is not a valid integer", \
	"type_error.integer")
#define TOO_SMALL FAULT("number", \
	"ensure this value is greater than or equal to 1", \
	"value_error.number.not_ge")
#define TOO_LARGE FAULT("number", \
	"ensure this value is less than or equal to 200", \
	"value_error.number.not_le")
#define NO_WORD FAULT("word", "value is not a valid enumeration member", \
	"type_error.enum")
#define ONE(fault) "{\"detail\":[" fault "]}"

START_TEST(query_is_taken_apart)
{
	text_is("", NULL);
	text_is("&", NULL);
	text_is("&&&", NULL);
	text_is("number=1", NULL);
	text_is("text=a", "a");
	text_is("&text=a&", "a");
	text_is("text", "");
	text_is("text=", "");
	text_is("text&number=1", "");
	text_is("text=a=b=", "a=b=");
	text_is("text==", "=");
	text_is("text=a&text=b", "b");
	text_is("text=a&text", "");
	text_is("%74e%78t=a", "a");
	text_is("text=a;number=0", "a;number=0");
	text_is("text=a?b#c", "a?b#c");
}
END_TEST

START_TEST(what_is_encoded_is_decoded_once)
{
	text_is("text=a+b%20c%2Bd", "a b c+d");
	text_is("text=%41%5a%7A", "AZz");
	text_is("text=%c3%A9", "\xc3\xa9");
	text_is("text=\xc3\xa9", "\xc3\xa9");
	text_is("text=%2541", "%41");
	text_is("text=%26%3d", "&=");
	text_is("text=%F0%9F%98%80", "\xf0\x9f\x98\x80");
	text_is("text=%0a%7f", "\n\x7f");
	/* No two digits behind it. */
	text_is("text=%", "%");
	text_is("text=%4", "%4");
	text_is("text=%4g%g4%%41", "%4g%g4%A");
	text_is("text=%&number=1", "%");
}
END_TEST

START_TEST(what_is_no_text_is_a_fault_of_the_last_value)
{
	static const char *const ill[] = {
		"%00", "a%00b", "%80", "%c3", "\xc3", "%c0%80", "%ed%a0%80",
		"%f4%90%80%80", "%e2%82", "a\xff"
	};
	char text[64];
	size_t i;

	for (i = 0; i < sizeof ill / sizeof ill[0]; i++) {
		snprintf(text, sizeof text, "text=%s", ill[i]);
		faults_are(text, ONE(NO_TEXT("text")));
		snprintf(text, sizeof text, "number=%s", ill[i]);
		faults_are(text, ONE(NO_TEXT("number")));
		snprintf(text, sizeof text, "text=%s&text=a", ill[i]);
		faults_are(text, NONE);
		snprintf(text, sizeof text, "text=a&text=%s", ill[i]);
		faults_are(text, ONE(NO_TEXT("text")));
	}
	faults_are("%ff=1", ONE(NO_TEXT("\xef\xbf\xbd")));
	faults_are("text%00=1", ONE(NO_TEXT("text\xef\xbf\xbd")));
	faults_are("a%c3b%c3%a9=1", ONE(NO_TEXT("a\xef\xbf\xbd" "b\xc3\xa9")));
}
END_TEST

START_TEST(unknown_names_are_told_each_once_in_order)
{
	faults_are("=1", ONE(EXTRA("")));
	faults_are("b=1&a&b=2&a=3&c=%00", ONE(EXTRA("a") "," EXTRA("b") ","
	    EXTRA("c")));
	faults_are("Number=1", ONE(EXTRA("Number")));
	faults_are("number%20=1", ONE(EXTRA("number ")));
	faults_are("a%22%0a=1", ONE(EXTRA("a\\\"\\n")));
	faults_are("z=1&word=x&a=1&number=0", ONE(TOO_SMALL "," NO_WORD ","
	    EXTRA("a") "," EXTRA("z")));
}
END_TEST

START_TEST(numbers_are_integers_within_bounds)
{
	static const char *const none[] = {
		"", "%2B1", "+1", "1+", "1.0", "1e1", "0x1", "-", "--1", "1-",
		"one", "%d9%a1", "1_0", "1%0a"
	};
	static const char *const small[] = { "0", "-0", "-1", "000", "-201",
	    "-99999999999999999999" };
	static const char *const large[] = { "201", "0201",
	    "99999999999999999999", "18446744073709551617" };
	static const char *const good[] = { "1", "200", "001", "0200" };
	char text[64];
	size_t i;

	for (i = 0; i < sizeof none / sizeof none[0]; i++) {
		snprintf(text, sizeof text, "number=%s", none[i]);
		faults_are(text, ONE(NO_INTEGER));
	}
	for (i = 0; i < sizeof small / sizeof small[0]; i++) {
		snprintf(text, sizeof text, "number=%s", small[i]);
		faults_are(text, ONE(TOO_SMALL));
	}
	for (i = 0; i < sizeof large / sizeof large[0]; i++) {
		snprintf(text, sizeof text, "number=%s", large[i]);
		faults_are(text, ONE(TOO_LARGE));
	}
	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		snprintf(text, sizeof text, "number=%s", good[i]);
		faults_are(text, NONE);
	}
}
END_TEST

START_TEST(other_kinds_are_judged)
{
	static const char *const bools[] = { "true", "FALSE", "1", "0", "On",
	    "oFF", "yes", "No", "T", "f", "y", "N" };
	char text[1024], part[512];
	size_t i;

	for (i = 0; i < sizeof bools / sizeof bools[0]; i++) {
		snprintf(text, sizeof text, "flag=%s", bools[i]);
		faults_are(text, NONE);
	}
	faults_are("flag=", ONE(FAULT("flag",
	    "value could not be parsed to a boolean", "type_error.bool")));
	faults_are("flag=2", ONE(FAULT("flag",
	    "value could not be parsed to a boolean", "type_error.bool")));
	faults_are("word=one", NONE);
	faults_are("word=One", ONE(NO_WORD));
	faults_are("word=", ONE(NO_WORD));
	faults_are("moment=2024-01-15T10:30:00%2B01:00", NONE);
	faults_are("moment=-1.5", NONE);
	faults_are("moment=2024-01-15T10:30:00+01:00", ONE(FAULT("moment",
	    "invalid datetime format", "value_error.datetime")));
	faults_are("moment=", ONE(FAULT("moment", "invalid datetime format",
	    "value_error.datetime")));
	faults_are("part=", ONE(FAULT("part",
	    "ensure this value has at least 1 characters",
	    "value_error.any_str.min_length")));
	memset(part, 'x', 253);
	strcpy(part + 253, "\xc3\xa9\xf0\x9f\x98\x80");
	snprintf(text, sizeof text, "part=%s", part);
	faults_are(text, NONE);
	snprintf(text, sizeof text, "part=%sx", part);
	faults_are(text, ONE(FAULT("part",
	    "ensure this value has at most 255 characters",
	    "value_error.any_str.max_length")));
	faults_are("word=one&text=one", ONE(FAULT("text", "invalid cursor",
	    "value_error.cursor")));
	faults_are("text=one&word=one", ONE(FAULT("text", "invalid cursor",
	    "value_error.cursor")));
	faults_are("text=one&word=two", NONE);
}
END_TEST

START_TEST(values_are_read)
{
	static const char *const bools[] = { "true", "false", "1", "0", "on",
	    "off", "yes", "no", "t", "f", "y", "n" };
	struct faults faults = { 0 };
	struct query query;
	char text[32];
	size_t i;

	query_read(&query, &spec, "", &faults);
	ck_assert_int_eq(query_number(&query, NUMBER, 50), 50);
	ck_assert(!query_is_true(&query, FLAG));
	ck_assert_int_eq(query_moment(&query, MOMENT), 0);
	query_fini(&query);
	query_read(&query, &spec, "number=007&flag=YES&moment=1.5", &faults);
	ck_assert_int_eq(query_number(&query, NUMBER, 50), 7);
	ck_assert(query_is_true(&query, FLAG));
	ck_assert_int_eq(query_moment(&query, MOMENT), 1500000);
	query_fini(&query);
	for (i = 0; i < sizeof bools / sizeof bools[0]; i++) {
		snprintf(text, sizeof text, "flag=%s", bools[i]);
		query_read(&query, &spec, text, &faults);
		ck_assert_int_eq(query_is_true(&query, FLAG), i % 2 == 0);
		query_fini(&query);
	}
	query_fini(&query);
	ck_assert_uint_eq(faults.count, 0);
}
END_TEST

/* As many pieces as a request's parameters have room for. */
START_TEST(thousands_of_names_are_told_in_no_time)
{
	enum { NAMES = 20000, ROOM = NAMES * 6 + 1 };
	struct faults faults = { 0 };
	struct query query;
	char *text = malloc(ROOM);
	size_t i, len = 0;

	for (i = 0; i < NAMES; i++)
		len += (size_t)snprintf(text + len, ROOM - len, "%05zu&",
		    i * 7919 % 10000);
	query_read(&query, &spec, text, &faults);
	ck_assert_uint_eq(faults.count, 10000);
	for (i = 0; i < 10000; i++)
		ck_assert_uint_eq(strtoul(faults.list[i].member, NULL, 10), i);
	faults_fini(&faults);
	query_fini(&query);
	free(text);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		query_is_taken_apart,
		what_is_encoded_is_decoded_once,
		what_is_no_text_is_a_fault_of_the_last_value,
		unknown_names_are_told_each_once_in_order,
		numbers_are_integers_within_bounds,
		other_kinds_are_judged,
		values_are_read,
		thousands_of_names_are_told_in_no_time,
	};

	return (unit_main("query", tests, sizeof tests / sizeof tests[0]));
}
