/* The fields of a save: their faults in order, what a good body says. */
#include "config.h"

#include "body/form_save.h"
#include "unit/unit_json.h"

enum { ROOM = 65536 };

#define GOOD "\"name\":\"n\",\"integration_type\":\"jira\""

/* The kinds of faults, as has_faults tells them. */
static const char *const kinds[] = {
	[FAULT_MISSING] = "missing", [FAULT_NULL] = "null",
	[FAULT_STRING] = "string", [FAULT_BOOL] = "bool",
	[FAULT_OBJECT] = "object", [FAULT_LIST] = "list",
	[FAULT_CHOICE] = "choice", [FAULT_TOO_SHORT] = "too short",
	[FAULT_TOO_LONG] = "too long",
	[FAULT_NULL_CHARACTER] = "null character",
	[FAULT_MOMENT] = "moment", [FAULT_JSON] = "json"
};

/* A body read; whoever begins it ends it. */
struct body {
	struct json_doc doc;
	struct form form;
	struct faults faults;
};

static void
begin(struct body *body, const char *text)
{
	*body = (struct body){ 0 };
	unit_json(&body->doc, text);
	form_read(&body->form, &form_save_spec, &body->doc, &body->faults);
	ck_assert(!body->faults.failed);
}

static void
end(struct body *body)
{
	faults_fini(&body->faults);
	json_doc_fini(&body->doc);
}

/* As begin, of a body without faults. */
static void
begin_good(struct body *body, const char *text)
{
	begin(body, text);
	ck_assert_msg(body->faults.count == 0, "%s is refused", text);
}

/* The faults of a body, a line each: parent.member[index] kind. */
static void
has_faults(const char *text, const char *expected)
{
	const struct fault *fault;
	struct body body;
	struct buf told;
	size_t i;

	begin(&body, text);
	buf_init(&told, ROOM);
	for (i = 0; i < body.faults.count; i++) {
		fault = &body.faults.list[i];
		if (fault->parent != NULL) {
			buf_puts(&told, fault->parent);
			buf_putc(&told, '.');
		}
		buf_puts(&told, fault->member);
		if (fault->index >= 0) {
			buf_putc(&told, '[');
			buf_put_u64(&told, (uint64_t)fault->index);
			buf_putc(&told, ']');
		}
		buf_putc(&told, ' ');
		buf_puts(&told, kinds[fault->kind]);
		buf_putc(&told, '\n');
	}
	unit_holds(&told, expected);
	buf_fini(&told);
	end(&body);
}

START_TEST(required_members_are_missed)
{
	has_faults("{}", "name missing\nintegration_type missing\n");
	has_faults("{\"name\":\"n\"}", "integration_type missing\n");
	has_faults("{\"integration_type\":\"jira\"}", "name missing\n");
	has_faults("{" GOOD "}", "");
}
END_TEST

START_TEST(null_is_refused_where_it_is_not_allowed)
{
	has_faults("{\"name\":null,\"integration_type\":null,\"status\":null,"
	    "\"active\":null}", "name null\nintegration_type null\n"
	    "status null\nactive null\n");
}
END_TEST

START_TEST(null_is_taken_where_it_is_allowed)
{
	has_faults("{" GOOD ",\"auth_data\":null,\"scope_data\":null,"
	    "\"metadata\":null,\"unique_identifier\":null}", "");
	has_faults("{" GOOD ",\"auth_data\":{\"access_token\":null,"
	    "\"refresh_token\":null,\"token_type\":null,\"expires_at\":null,"
	    "\"scope\":null,\"code\":null},\"scope_data\":{\"org_slug\":null,"
	    "\"installation_id\":null,\"workspace_id\":null,"
	    "\"project_id\":null},\"metadata\":{\"instance_name\":null,"
	    "\"created_via\":null,\"version\":null,\"description\":null,"
	    "\"tags\":null}}", "");
}
END_TEST

START_TEST(types_are_not_coerced)
{
	has_faults("{\"name\":5,\"integration_type\":5,\"status\":1,"
	    "\"active\":1,\"auth_data\":\"{}\",\"scope_data\":[1],"
	    "\"metadata\":1,\"unique_identifier\":7}",
	    "name string\nintegration_type choice\nstatus choice\n"
	    "active bool\nauth_data object\nscope_data object\n"
	    "metadata object\nunique_identifier string\n");
}
END_TEST

START_TEST(all_faults_are_told_in_the_contracts_order)
{
	has_faults("{\"unique_identifier\":\"\\u0000\",\"metadata\":{"
	    "\"tags\":5,\"description\":5,\"version\":5,\"created_via\":5,"
	    "\"instance_name\":5},\"scope_data\":{\"project_id\":1e5,"
	    "\"workspace_id\":true,\"installation_id\":[],"
	    "\"org_slug\":1.5},"
	    "\"auth_data\":{\"code\":5,\"scope\":5,\"expires_at\":\"x\","
	    "\"token_type\":5,\"refresh_token\":5,\"access_token\":5},"
	    "\"active\":\"yes\",\"status\":\"Active\","
	    "\"integration_type\":\"Jira\",\"name\":\"\"}",
	    "name too short\nintegration_type choice\nstatus choice\n"
	    "active bool\nauth_data.access_token string\n"
	    "auth_data.refresh_token string\nauth_data.token_type string\n"
	    "auth_data.expires_at moment\nauth_data.scope string\n"
	    "auth_data.code string\nscope_data.org_slug string\n"
	    "scope_data.installation_id string\n"
	    "scope_data.workspace_id string\nscope_data.project_id string\n"
	    "metadata.instance_name string\nmetadata.created_via string\n"
	    "metadata.version string\nmetadata.description string\n"
	    "metadata.tags list\nunique_identifier null character\n");
}
END_TEST

START_TEST(each_bad_tag_is_told_by_its_index)
{
	has_faults("{" GOOD ",\"metadata\":{\"tags\":[\"a\",5,\"\",null,[]]}}",
	    "metadata.tags[1] string\nmetadata.tags[3] null\n"
	    "metadata.tags[4] string\n");
}
END_TEST

START_TEST(other_members_are_not_judged)
{
	has_faults("{" GOOD ",\"x\":5,\"access_token\":5,\"auth_data\":"
	    "{\"x\":[],\"name\":5,\"nested\":{\"access_token\":5}},"
	    "\"scope_data\":{\"access_token\":5},"
	    "\"metadata\":{\"status\":5}}", "");
}
END_TEST

START_TEST(last_of_repeated_members_is_judged)
{
	has_faults("{\"name\":5," GOOD "}", "");
	has_faults("{" GOOD ",\"n\\u0061me\":5}", "name string\n");
	has_faults("{" GOOD ",\"auth_data\":{\"code\":5},\"auth_data\":{}}",
	    "");
}
END_TEST

START_TEST(what_senders_write_is_taken)
{
	has_faults("{" GOOD ",\"auth_data\":{\"scope\":[\"read\",\"\"]},"
	    "\"scope_data\":{\"org_slug\":-7,\"installation_id\":0,"
	    "\"workspace_id\":12345678901234567890,\"project_id\":-0}}", "");
	has_faults("{" GOOD ",\"auth_data\":[],\"scope_data\":[ ],"
	    "\"metadata\":[]}", "");
	has_faults("{" GOOD ",\"auth_data\":{\"scope\":[\"a\",5,null]}}",
	    "auth_data.scope string\n");
}
END_TEST

/* What the object of a good body is kept as. */
static void
keeps(const char *text, enum save_field field, const char *expected)
{
	struct body body;
	const char *kept;
	size_t len;

	begin_good(&body, text);
	kept = form_save_object(&body.form, field, &len);
	ck_assert_uint_eq(len, strlen(expected));
	ck_assert_mem_eq(kept, expected, len);
	end(&body);
}

START_TEST(objects_are_kept_as_they_were_sent)
{
	keeps("{" GOOD ",\"auth_data\": { \"a\" :1E400} }", SAVE_AUTH_DATA,
	    "{ \"a\" :1E400}");
	keeps("{" GOOD ",\"scope_data\":{},\"scope_data\":{\"b\":[]}}",
	    SAVE_SCOPE_DATA, "{\"b\":[]}");
	keeps("{" GOOD ",\"auth_data\":{ }}", SAVE_AUTH_DATA, "{ }");
	keeps("{" GOOD ",\"auth_data\":[]}", SAVE_AUTH_DATA, "{}");
	keeps("{" GOOD ",\"scope_data\":[\n]}", SAVE_SCOPE_DATA, "{}");
}
END_TEST

/* Whether a body with that scope_data has any. */
static void
has_scope(const char *scope, bool expected)
{
	struct body body;
	char text[256];

	snprintf(text, sizeof text, "{" GOOD ",\"scope_data\":%s}", scope);
	begin_good(&body, text);
	ck_assert_msg(form_save_has_scope(&body.form) == expected, "%s",
	    scope);
	end(&body);
}

START_TEST(slug_or_workspace_is_a_scope)
{
	has_scope("{\"org_slug\":\"a\"}", true);
	has_scope("{\"workspace_id\":\"a\"}", true);
	has_scope("{\"org_slug\":0}", true);
	has_scope("{\"org_slug\":\"\",\"workspace_id\":-1}", true);
	has_scope("{\"org_slug\":null,\"workspace_id\":\"\"}", false);
	has_scope("{\"project_id\":\"a\",\"installation_id\":5}", false);
	has_scope("{}", false);
	has_scope("[]", false);
	has_scope("null", false);
}
END_TEST

/* What lists find a body with that scope_data by; NULL: nothing. */
static void
scope_is(const char *scope, const char *expected)
{
	struct body body;
	char text[256];
	struct buf out;

	snprintf(text, sizeof text, "{" GOOD ",\"scope_data\":%s}", scope);
	begin_good(&body, text);
	buf_init(&out, sizeof text);
	ck_assert_msg(form_save_scope(&body.form, SAVE_ORG_SLUG, &out) ==
	    (expected != NULL), "%s", scope);
	ck_assert_str_eq(buf_text(&out), expected != NULL ? expected : "");
	buf_fini(&out);
	end(&body);
}

START_TEST(slug_is_what_lists_find)
{
	scope_is("{\"org_slug\":\"a\\u0062\"}", "ab");
	scope_is("{\"org_slug\":-7}", "-7");
	scope_is("{\"org_slug\":\"\"}", NULL);
	scope_is("{\"org_slug\":\"ab\\u0000\"}", NULL);
	scope_is("{\"org_slug\":\"\\u0000\"}", NULL);
	scope_is("{}", NULL);
}
END_TEST

START_TEST(status_and_active_have_defaults)
{
	struct body body;

	begin_good(&body, "{" GOOD "}");
	ck_assert_str_eq(form_save_type(&body.form), "jira");
	ck_assert_str_eq(form_save_status(&body.form), "active");
	ck_assert(form_save_active(&body.form));
	end(&body);
}
END_TEST

START_TEST(status_and_active_are_independent)
{
	struct body body;

	begin_good(&body, "{" GOOD ",\"status\":\"error\",\"active\":true}");
	ck_assert_str_eq(form_save_status(&body.form), "error");
	ck_assert(form_save_active(&body.form));
	end(&body);
	begin_good(&body, "{" GOOD ",\"active\":false}");
	ck_assert_str_eq(form_save_status(&body.form), "active");
	ck_assert(!form_save_active(&body.form));
	end(&body);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		required_members_are_missed,
		null_is_refused_where_it_is_not_allowed,
		null_is_taken_where_it_is_allowed,
		types_are_not_coerced,
		all_faults_are_told_in_the_contracts_order,
		each_bad_tag_is_told_by_its_index,
		other_members_are_not_judged,
		last_of_repeated_members_is_judged,
		what_senders_write_is_taken,
		objects_are_kept_as_they_were_sent,
		slug_or_workspace_is_a_scope,
		slug_is_what_lists_find,
		status_and_active_have_defaults,
		status_and_active_are_independent,
	};

	return (unit_main("form_save", tests, sizeof tests / sizeof tests[0]));
}
