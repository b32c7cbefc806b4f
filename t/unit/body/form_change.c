/* The fields of a change: what may be left out, and what must stay. */
#include "config.h"

#include "body/form_change.h"
#include "unit/unit_json.h"

enum { ROOM = 4096 };

static const struct integration row = { .integration_type = "jira",
	.unique_identifier = "Zo\xc3\xab" };

/* The faults of a patch of a row, as a 422 has them, but for their words. */
static void
has_faults(const struct integration *of, const char *text,
    const char *expected)
{
	struct json_doc doc = { 0 };
	struct faults faults = { 0 };
	struct form_change change;
	struct form form;
	struct buf told;
	size_t i;

	unit_json(&doc, text);
	form_change_init(&change, of);
	form_read(&form, &change.spec, &doc, &faults);
	buf_init(&told, ROOM);
	for (i = 0; i < faults.count; i++) {
		buf_puts(&told, faults.list[i].member);
		buf_puts(&told, faults.list[i].kind == FAULT_CONST ? "! " :
		    faults.list[i].kind == FAULT_NULL ? "0 " : " ");
	}
	unit_holds(&told, expected);
	buf_fini(&told);
	faults_fini(&faults);
	json_doc_fini(&doc);
}

START_TEST(nothing_is_required)
{
	has_faults(&row, "{}", "");
	has_faults(&row, "{\"other\":1,\"integration_id\":null}", "");
}
END_TEST

START_TEST(what_is_stored_may_be_sent_back)
{
	has_faults(&row, "{\"integration_type\":\"\\u006aira\","
	    "\"unique_identifier\":\"Zo\\u00eb\"}", "");
}
END_TEST

START_TEST(anything_else_cannot_be_changed)
{
	static const char *const others[] = { "null", "5", "[]", "{}", "true",
	    "\"\"", "\"slack\"", "\"jira\\u0000\"", "\"Jira\"" };
	char text[256];
	size_t i;

	for (i = 0; i < sizeof others / sizeof others[0]; i++) {
		snprintf(text, sizeof text, "{\"unique_identifier\":%s,"
		    "\"integration_type\":%s}", others[i], others[i]);
		has_faults(&row, text,
		    "integration_type! unique_identifier! ");
		has_faults(NULL, text, "");
	}
}
END_TEST

START_TEST(null_is_none_but_where_a_save_has_none)
{
	has_faults(&row, "{\"name\":null,\"status\":null,\"active\":null,"
	    "\"auth_data\":null,\"scope_data\":null,\"metadata\":null}",
	    "name0 status0 active0 ");
	has_faults(&row, "{\"auth_data\":{\"access_token\":null,\"scope\":"
	    "null},\"scope_data\":{\"org_slug\":null},\"metadata\":{\"tags\":"
	    "null}}", "");
}
END_TEST

START_TEST(others_are_as_in_a_save)
{
	has_faults(&row, "{\"name\":\"\",\"auth_data\":{\"code\":1},"
	    "\"metadata\":{\"tags\":[1]},\"unique_identifier\":\"x\"}",
	    "name code tags unique_identifier! ");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		nothing_is_required,
		what_is_stored_may_be_sent_back,
		anything_else_cannot_be_changed,
		null_is_none_but_where_a_save_has_none,
		others_are_as_in_a_save,
	};

	return (unit_main("form_change", tests,
	    sizeof tests / sizeof tests[0]));
}
