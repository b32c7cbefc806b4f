/* The bodies that make and rotate API keys. */
#include "config.h"

#include "body/form_key.h"
#include "ground/integration.h"
#include "ground/scope.h"
#include "ground/words.h"
#include "unit/unit_json.h"

enum { ROOM = 8192 };

struct read {
	struct json_doc doc;
	struct form form;
	struct faults faults;
};

static void
begin(struct read *read, const struct form_spec *spec, const char *text)
{
	*read = (struct read){ 0 };
	unit_json(&read->doc, text);
	form_read(&read->form, spec, &read->doc, &read->faults);
	ck_assert(!read->faults.failed);
}

static void
end(struct read *read)
{
	faults_fini(&read->faults);
	json_doc_fini(&read->doc);
}

/* The 422 that a body makes, with what stands between its brackets. */
static void
refuses(const struct form_spec *spec, const char *text, const char *expected)
{
	char whole[ROOM];
	struct read read;
	struct buf told;

	begin(&read, spec, text);
	buf_init(&told, ROOM);
	faults_write(&read.faults, &told);
	snprintf(whole, sizeof whole, "{\"detail\":[%s]}", expected);
	unit_holds(&told, whole);
	buf_fini(&told);
	end(&read);
}

static void
takes(const struct form_spec *spec, const char *text)
{
	refuses(spec, text, "");
}

#define FAULT(loc, msg, type) "{\"loc\":[\"body\"," loc "],\"msg\":\"" msg \
	"\",\"type\":\"" type "\"}"
#define NOT_GE(loc, n) FAULT(loc, "ensure this value is greater than or " \
	"equal to " n, "value_error.number.not_ge")
#define NOT_LE(loc, n) FAULT(loc, "ensure this value is less than or equal " \
	"to " n, "value_error.number.not_le")
#define NO_INTEGER(loc) FAULT(loc, "value is not a valid integer", \
	"type_error.integer")
#define NO_CHOICE(loc) FAULT(loc, "value is not a valid enumeration member", \
	"type_error.enum")
#define EXTRA(loc) FAULT(loc, "extra fields not permitted", \
	"value_error.extra")
#define READ "\"scopes\":[\"read\"]"

START_TEST(body_says_what_the_key_is)
{
	struct read read;
	struct buf name;

	begin(&read, &form_key_spec, "{\"name\":\"b\\u00fcro\",\"scopes\":"
	    "[\"verify\",\"save\",\"save\"],\"types\":[\"github\",\"jira\"],"
	    "\"expires_in\":315360000}");
	ck_assert_uint_eq(read.faults.count, 0);
	buf_init(&name, ROOM);
	ck_assert(form_key_name(&read.form, &name));
	unit_holds(&name, "b\xc3\xbcro");
	buf_fini(&name);
	ck_assert_uint_eq(form_key_scopes(&read.form),
	    SCOPE_SAVE | SCOPE_VERIFY);
	ck_assert_uint_eq(form_key_types(&read.form),
	    words_bit(integration_types, "github") |
	    words_bit(integration_types, "jira"));
	ck_assert_int_eq(form_key_expires_in(&read.form), 315360000);
	end(&read);
}
END_TEST

START_TEST(what_is_absent_or_null_is_none_or_all)
{
	static const char *const texts[] = { "{" READ "}", "{" READ
	    ",\"name\":null,\"types\":null,\"expires_in\":null}" };
	struct read read;
	struct buf name;
	size_t i;

	buf_init(&name, ROOM);
	for (i = 0; i < 2; i++) {
		begin(&read, &form_key_spec, texts[i]);
		ck_assert_uint_eq(read.faults.count, 0);
		ck_assert(!form_key_name(&read.form, &name));
		ck_assert_uint_eq(form_key_types(&read.form), WORDS_ALL);
		ck_assert_int_eq(form_key_expires_in(&read.form), 0);
		end(&read);
	}
	buf_fini(&name);
}
END_TEST

START_TEST(scopes_and_types_are_lists_of_the_known)
{
	refuses(&form_key_spec, "{}", FAULT("\"scopes\"", "field required",
	    "value_error.missing"));
	refuses(&form_key_spec, "{\"scopes\":\"read\",\"types\":{}}",
	    FAULT("\"scopes\"", "value is not a valid list",
	    "type_error.list") "," FAULT("\"types\"",
	    "value is not a valid list", "type_error.list"));
	refuses(&form_key_spec, "{\"scopes\":[],\"types\":[]}",
	    FAULT("\"scopes\"", "ensure this value has at least 1 items",
	    "value_error.list.min_items") "," FAULT("\"types\"",
	    "ensure this value has at least 1 items",
	    "value_error.list.min_items"));
	refuses(&form_key_spec, "{\"scopes\":[\"read\",\"READ\",7,null],"
	    "\"types\":[\"gitlab\"]}", NO_CHOICE("\"scopes\",1") ","
	    NO_CHOICE("\"scopes\",2") "," FAULT("\"scopes\",3",
	    "none is not an allowed value", "type_error.none.not_allowed") ","
	    NO_CHOICE("\"types\",0"));
}
END_TEST

START_TEST(metrics_is_no_scope_to_give)
{
	refuses(&form_key_spec, "{\"scopes\":[\"admin\",\"metrics\"]}",
	    NO_CHOICE("\"scopes\",1"));
}
END_TEST

START_TEST(seconds_are_an_integer_in_its_range)
{
	takes(&form_key_spec, "{" READ ",\"expires_in\":1}");
	refuses(&form_key_spec, "{" READ ",\"expires_in\":0}",
	    NOT_GE("\"expires_in\"", "1"));
	refuses(&form_key_spec, "{" READ ",\"expires_in\":-1}",
	    NOT_GE("\"expires_in\"", "1"));
	refuses(&form_key_spec, "{" READ ",\"expires_in\":"
	    "-99999999999999999999999999}", NOT_GE("\"expires_in\"", "1"));
	refuses(&form_key_spec, "{" READ ",\"expires_in\":315360001}",
	    NOT_LE("\"expires_in\"", "315360000"));
	refuses(&form_key_spec, "{" READ ",\"expires_in\":"
	    "18446744073709551617}", NOT_LE("\"expires_in\"", "315360000"));
	refuses(&form_key_spec, "{" READ ",\"expires_in\":1.0}",
	    NO_INTEGER("\"expires_in\""));
	refuses(&form_key_spec, "{" READ ",\"expires_in\":1e3}",
	    NO_INTEGER("\"expires_in\""));
	refuses(&form_key_spec, "{" READ ",\"expires_in\":\"60\"}",
	    NO_INTEGER("\"expires_in\""));
	refuses(&form_key_spec, "{" READ ",\"expires_in\":true}",
	    NO_INTEGER("\"expires_in\""));
}
END_TEST

START_TEST(name_steers_no_terminal)
{
	takes(&form_key_spec, "{" READ ",\"name\":\"\xc2\xa0 \"}");
	refuses(&form_key_spec, "{" READ ",\"name\":\"a\\u001b[2J\"}",
	    FAULT("\"name\"", "control characters are not allowed",
	    "value_error.any_str.control_character"));
	refuses(&form_key_spec, "{" READ ",\"name\":\"\xc2\x9b\"}",
	    FAULT("\"name\"", "control characters are not allowed",
	    "value_error.any_str.control_character"));
	refuses(&form_key_spec, "{" READ ",\"name\":\"\"}",
	    FAULT("\"name\"", "ensure this value has at least 1 characters",
	    "value_error.any_str.min_length"));
}
END_TEST

/* A mistyped name must not make a key that lasts for ever. */
START_TEST(unknown_members_are_told_by_their_names_once)
{
	refuses(&form_key_spec, "{\"expires_inn\":60,\"a\\\"\\u00fc\":1,"
	    "\"expires_inn\":61," READ ",\"\":0}", EXTRA("\"expires_inn\"")
	    "," EXTRA("\"a\\\"\xc3\xbc\"") "," EXTRA("\"\""));
	refuses(&form_key_spec, "{\"Scopes\":1}", FAULT("\"scopes\"",
	    "field required", "value_error.missing") "," EXTRA("\"Scopes\""));
	refuses(&form_rotate_spec, "{\"overlap\":0}", EXTRA("\"overlap\""));
}
END_TEST

START_TEST(overlap_is_a_day_unless_it_is_said)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = { { "{}", 86400 }, { "{\"overlap_seconds\":0}", 0 },
	    { "{\"overlap_seconds\":604800}", 604800 } };
	struct read read;
	size_t i;

	for (i = 0; i < 3; i++) {
		begin(&read, &form_rotate_spec, cases[i].text);
		ck_assert_uint_eq(read.faults.count, 0);
		ck_assert_int_eq(form_rotate_overlap(&read.form),
		    cases[i].seconds);
		end(&read);
	}
	refuses(&form_rotate_spec, "{\"overlap_seconds\":604801}",
	    NOT_LE("\"overlap_seconds\"", "604800"));
	refuses(&form_rotate_spec, "{\"overlap_seconds\":-1}",
	    NOT_GE("\"overlap_seconds\"", "0"));
	refuses(&form_rotate_spec, "{\"overlap_seconds\":null}",
	    FAULT("\"overlap_seconds\"", "none is not an allowed value",
	    "type_error.none.not_allowed"));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		body_says_what_the_key_is,
		what_is_absent_or_null_is_none_or_all,
		scopes_and_types_are_lists_of_the_known,
		metrics_is_no_scope_to_give,
		seconds_are_an_integer_in_its_range,
		name_steers_no_terminal,
		unknown_members_are_told_by_their_names_once,
		overlap_is_a_day_unless_it_is_said,
	};

	return (unit_main("form_key", tests,
	    sizeof tests / sizeof tests[0]));
}
