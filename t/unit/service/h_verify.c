/* Comparing with auth_data: what is told, and what is audited before. */
#include "config.h"

#include "unit/unit_reveal.h"

#define RESULT(matches, members) "{\"success\":true,\"data\":{\"matches\":" \
	matches ",\"members\":{" members "}},\"error\":null}"
#define FAILURE(reason) "{\"success\":false,\"data\":null,\"error\":" \
	"\"Failed to verify integration: " reason "\"}"
#define SECRETS "{\"name\":\"n\",\"integration_type\":\"jira\"," \
	"\"unique_identifier\":\"b\",\"auth_data\":{\"code\":\"old\"," \
	"\"access_token\":\"t\\u00f6k\",\"empty\":\"\",\"n\":5," \
	"\"deep\":{\"code\":\"x\"},\"null\":null,\"clé\":\"s\"," \
	"\"code\":\"new\",\"scope\":[\"a\"],\"nul\":\"a\\u0000b\"}}"

static void
answers(struct unit_vault *vault, const char *body, int status,
    const char *answer)
{
	(void)unit_vault_ask(vault, "POST", "verify", body);
	unit_answers(&vault->house, status, answer);
}

START_TEST(members_are_compared_decoded)
{
	struct unit_vault vault;

	unit_vault_begin(&vault);
	unit_vault_save(&vault, SECRETS);
	answers(&vault, "{\"access_token\":\"t\xc3\xb6k\"}", 200,
	    RESULT("true", "\"access_token\":true"));
	answers(&vault, "{ \"cl\\u00e9\": \"\\u0073\" , \"code\":\"new\" }",
	    200, RESULT("true", "\"clé\":true,\"code\":true"));
	answers(&vault, "{\"empty\":\"\",\"nul\":\"a\\u0000b\"}", 200,
	    RESULT("true", "\"empty\":true,\"nul\":true"));
	answers(&vault, "{\"code\":\"wrong\",\"empty\":\"\",\"code\":"
	    "\"new\"}", 200, RESULT("true", "\"code\":true,\"empty\":true"));
	unit_vault_end(&vault);
}
END_TEST

START_TEST(what_is_not_that_text_does_not_match)
{
	static const char *const bodies[] = {
		"\"code\":\"old\"", "\"code\":\"ne\"", "\"code\":\"newe\"",
		"\"code\":\"New\"", "\"code\":\"\"", "\"nul\":\"a\"",
		"\"n\":\"5\"", "\"null\":\"null\"", "\"scope\":\"a\"",
		"\"deep\":\"x\"", "\"none\":\"x\"", "\"Code\":\"new\"",
	};
	struct unit_vault vault;
	char body[128], members[128], answer[256];
	size_t i;

	unit_vault_begin(&vault);
	unit_vault_save(&vault, SECRETS);
	for (i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		snprintf(body, sizeof body, "{%s}", bodies[i]);
		snprintf(members, sizeof members, "%.*s:false",
		    (int)(strchr(bodies[i], ':') - bodies[i]), bodies[i]);
		snprintf(answer, sizeof answer, RESULT("false", "%s"),
		    members);
		answers(&vault, body, 200, answer);
	}
	answers(&vault, "{\"code\":\"new\",\"x\":\"new\"}", 200,
	    RESULT("false", "\"code\":true,\"x\":false"));
	unit_has_not(unit_log(), "new");
	unit_vault_is_revealed(&vault, 0);
	unit_vault_end(&vault);
}
END_TEST

START_TEST(nothing_matches_where_nothing_is)
{
	struct unit_vault vault;

	unit_vault_begin(&vault);
	unit_vault_save(&vault, "{\"name\":\"n\",\"integration_type\":"
	    "\"jira\"}");
	answers(&vault, "{\"code\":\"null\"}", 200,
	    RESULT("false", "\"code\":false"));
	unit_vault_save(&vault, "{\"name\":\"n\",\"integration_type\":"
	    "\"jira\",\"auth_data\":[]}");
	answers(&vault, "{\"\":\"\"}", 200, RESULT("false", "\"\":false"));
	unit_vault_end(&vault);
}
END_TEST

#define MEMBERS "{\"loc\":[\"body\"],\"msg\":\"ensure this value has 1 to " \
	"8 members\",\"type\":\"value_error.members\"}"
#define SEVEN "\"1\":\"\",\"2\":\"\",\"3\":\"\",\"4\":\"\",\"5\":\"\"," \
	"\"6\":\"\",\"7\":\"\""
#define SEVEN_FALSE "\"1\":false,\"2\":false,\"3\":false,\"4\":false," \
	"\"5\":false,\"6\":false,\"7\":false"

START_TEST(faults_of_the_body_are_told_at_once)
{
	static const struct {
		const char *body;
		const char *answer;
	} cases[] = {
		{ "", UNIT_MISSING("") },
		{ "null", UNIT_MISSING("") },
		{ "[]", UNIT_NO_DICT },
		{ "{}", "{\"detail\":[" MEMBERS "]}" },
		{ "{" SEVEN ",\"8\":\"\",\"9\":\"\"}",
		    "{\"detail\":[" MEMBERS "]}" },
		{ "{\"a\\u0022\xc3\xa9\":5}", UNIT_FAULT(
		    ",\"a\\\"\xc3\xa9\"", "str type expected",
		    "type_error.str") },
		{ "{\"a\":\"x\",\"b\":null,\"c\":[],\"a\":{}}",
		    "{\"detail\":[{\"loc\":[\"body\",\"a\"],\"msg\":\"str "
		    "type expected\",\"type\":\"type_error.str\"},{\"loc\":["
		    "\"body\",\"b\"],\"msg\":\"none is not an allowed value\","
		    "\"type\":\"type_error.none.not_allowed\"},{\"loc\":["
		    "\"body\",\"c\"],\"msg\":\"str type expected\",\"type\":"
		    "\"type_error.str\"}]}" },
		{ "{" SEVEN ",\"8\":\"\",\"9\":1}", "{\"detail\":[" MEMBERS
		    ",{\"loc\":[\"body\",\"9\"],\"msg\":\"str type expected\","
		    "\"type\":\"type_error.str\"}]}" },
	};
	struct unit_vault vault;
	size_t i;

	unit_vault_begin(&vault);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		answers(&vault, cases[i].body, 422, cases[i].answer);
	/* Eight names are not too many, however often one comes. */
	answers(&vault, "{" SEVEN ",\"8\":\"\",\"8\":\"\"}", 200,
	    RESULT("false", SEVEN_FALSE ",\"8\":false"));
	strcpy(vault.id, "none");
	answers(&vault, "{}", 422, "{\"detail\":[" MEMBERS "]}");
	answers(&vault, "{\"a\":\"\"}", 404, UNIT_DETAIL("Integration not "
	    "found"));
	unit_vault_end(&vault);
}
END_TEST

START_TEST(key_needs_the_scope)
{
	char key[APIKEY_LEN + 1];
	struct unit_vault vault;

	unit_vault_begin(&vault);
	unit_add_key_for(&vault.house, WORDS_ALL & ~(unsigned)SCOPE_VERIFY,
	    key, NULL, NULL);
	unit_bear(unit_vault_ask(&vault, "POST", "verify", "{"), key);
	unit_answers(&vault.house, 403, UNIT_DETAIL("API key lacks the "
	    "scope: verify"));
	unit_vault_end(&vault);
}
END_TEST

/* Whether it is right or wrong: else one could be told from the other. */
START_TEST(guess_that_cannot_be_audited_is_not_answered)
{
	struct unit_vault vault;
	int fd;

	unit_vault_begin(&vault);
	fd = unit_take_lock();
	answers(&vault, "{\"access_token\":\"x\"}", 503,
	    FAILURE("Database is busy"));
	answers(&vault, "{\"access_token\":\"canary-token\"}", 503,
	    FAILURE("Database is busy"));
	close(fd);
	answers(&vault, "{\"access_token\":\"x\"}", 200,
	    RESULT("false", "\"access_token\":false"));
	answers(&vault, "{\"access_token\":\"canary-token\"}", 200,
	    RESULT("true", "\"access_token\":true"));
	unit_vault_end(&vault);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		members_are_compared_decoded,
		what_is_not_that_text_does_not_match,
		nothing_matches_where_nothing_is,
		faults_of_the_body_are_told_at_once,
		key_needs_the_scope,
		guess_that_cannot_be_audited_is_not_answered,
	};

	return (unit_main("h_verify", tests, sizeof tests / sizeof tests[0]));
}
