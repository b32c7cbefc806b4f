/* Handing out auth_data: what is answered, and that it is counted before. */
#include "config.h"

#include <sodium.h>

#include "secrets/sealed.h"
#include "unit/unit_reveal.h"

enum { ROOM = 8192 };

#define FAILURE(reason) "{\"success\":false,\"data\":null,\"error\":" \
	"\"Failed to reveal integration: " reason "\"}"

/* The answer is 200 with that value of auth_data at that revision. */
static void
reveals(struct unit_vault *vault, int revision, const char *auth_data)
{
	const struct reply *reply = &vault->house.call.reply;
	char body[ROOM];

	snprintf(body, sizeof body, "{\"success\":true,\"data\":{"
	    "\"integration_id\":\"%s\",\"revision\":%d,\"status\":\"active\","
	    "\"active\":true,\"token_state\":\"unknown\",\"auth_data\":%s},"
	    "\"error\":null}", vault->id, revision, auth_data);
	ck_assert_int_eq(reply->status, 200);
	ck_assert_str_eq(buf_text(&vault->house.call.reply.body), body);
}

START_TEST(auth_data_is_revealed_byte_for_byte)
{
	struct unit_vault vault;

	unit_vault_begin(&vault);
	(void)unit_vault_ask(&vault, "GET", "auth_data", "");
	unit_serve(&vault.house.call);
	reveals(&vault, 1, "{\"access_token\":\"canary-token\" , "
	    "\"x\":1E400}");
	unit_vault_is_revealed(&vault, 1);
	ck_assert_uint_eq(strlen(unit_vault_use(&vault).last_revealed_at),
	    IDENT_TIME_LEN);
	unit_has_not(unit_log(), "canary");
	unit_vault_end(&vault);
}
END_TEST

START_TEST(auth_data_that_was_never_given_is_null)
{
	struct unit_vault vault;

	unit_vault_begin(&vault);
	unit_vault_save(&vault, "{\"name\":\"n\",\"integration_type\":"
	    "\"jira\"}");
	(void)unit_vault_ask(&vault, "GET", "auth_data", "");
	unit_serve(&vault.house.call);
	reveals(&vault, 1, "null");
	unit_vault_is_revealed(&vault, 1);
	unit_vault_end(&vault);
}
END_TEST

#define MANY "{\"name\":\"n\",\"integration_type\":\"jira\"," \
	"\"unique_identifier\":\"b\",\"auth_data\":{\"code\":\"old\"," \
	"\"deep\":{ \"code\" : 1E400 },\"cl\\u00e9\":[\"x\"],\"\":null," \
	"\"a\\\"b\":false,\"c\\u006fde\":\"n\\u0065w\",\"%\":1}}"

START_TEST(one_member_is_revealed)
{
	static const struct {
		const char *query;
		const char *field;
		const char *value;
	} cases[] = {
		{ "field=code", "code", "\"n\\u0065w\"" },
		{ "field=x&field=deep", "deep", "{ \"code\" : 1E400 }" },
		{ "field=cl%C3%A9", "cl\xc3\xa9", "[\"x\"]" },
		{ "field=", "", "null" },
		{ "field", "", "null" },
		{ "field=a%22b", "a\\\"b", "false" },
		{ "&&field=%&", "%", "1" },
	};
	struct unit_vault vault;
	char body[ROOM];
	size_t i;

	unit_vault_begin(&vault);
	unit_vault_save(&vault, MANY);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		unit_vault_ask(&vault, "GET", "auth_data", "")->query =
		    cases[i].query;
		snprintf(body, sizeof body, "{\"success\":true,\"data\":{"
		    "\"integration_id\":\"%s\",\"revision\":1,\"status\":"
		    "\"active\",\"active\":true,\"token_state\":\"unknown\","
		    "\"field\":\"%s\",\"value\":%s},\"error\":null}",
		    vault.id, cases[i].field, cases[i].value);
		unit_answers(&vault.house, 200, body);
	}
	unit_vault_is_revealed(&vault, (int64_t)i);
	unit_vault_end(&vault);
}
END_TEST

START_TEST(member_that_is_not_there_is_no_reveal)
{
	static const char *const queries[] = { "field=Code", "field=codes",
	    "field=deep.code", "field=%22code%22", "field=code%20" };
	struct unit_vault vault;
	size_t i;

	unit_vault_begin(&vault);
	unit_vault_save(&vault, MANY);
	for (i = 0; i < sizeof queries / sizeof queries[0]; i++) {
		unit_vault_ask(&vault, "GET", "auth_data", "")->query =
		    queries[i];
		unit_answers(&vault.house, 404, UNIT_DETAIL("Field not "
		    "found"));
	}
	unit_vault_is_revealed(&vault, 0);
	unit_vault_save(&vault, "{\"name\":\"n\",\"integration_type\":"
	    "\"jira\"}");
	unit_vault_ask(&vault, "GET", "auth_data", "")->query = "field=a";
	unit_answers(&vault.house, 404, UNIT_DETAIL("Field not found"));
	unit_vault_is_revealed(&vault, 0);
	unit_vault_end(&vault);
}
END_TEST

#define QUERY_FAULT(name, msg, type) "{\"detail\":[{\"loc\":[\"query\",\"" \
	name "\"],\"msg\":\"" msg "\",\"type\":\"" type "\"}]}"

START_TEST(other_queries_are_refused)
{
	struct unit_vault vault;

	unit_vault_begin(&vault);
	unit_vault_ask(&vault, "GET", "auth_data", "")->query =
	    "fields=access_token";
	unit_answers(&vault.house, 422, QUERY_FAULT("fields",
	    "extra fields not permitted", "value_error.extra"));
	/* Before it is looked for. */
	strcpy(vault.id, "none");
	unit_vault_ask(&vault, "GET", "auth_data", "")->query = "field=%FF";
	unit_answers(&vault.house, 422, QUERY_FAULT("field",
	    "value is not valid text", "value_error.text"));
	unit_vault_end(&vault);
}
END_TEST

START_TEST(head_is_refused_and_not_counted)
{
	struct unit_vault vault;

	unit_vault_begin(&vault);
	(void)unit_vault_ask(&vault, "HEAD", "auth_data", "");
	unit_answers(&vault.house, 405, UNIT_DETAIL("Method Not Allowed"));
	ck_assert_str_eq(vault.house.call.reply.headers, "Allow: GET\r\n");
	(void)unit_vault_ask(&vault, "POST", "auth_data", "");
	unit_answers(&vault.house, 405, UNIT_DETAIL("Method Not Allowed"));
	ck_assert_str_eq(vault.house.call.reply.headers, "Allow: GET\r\n");
	unit_vault_is_revealed(&vault, 0);
	unit_vault_end(&vault);
}
END_TEST

START_TEST(key_needs_the_scope)
{
	char key[APIKEY_LEN + 1];
	struct unit_vault vault;

	unit_vault_begin(&vault);
	unit_add_key_for(&vault.house, WORDS_ALL & ~(unsigned)SCOPE_REVEAL,
	    key, NULL, NULL);
	unit_bear(unit_vault_ask(&vault, "GET", "auth_data", ""), key);
	unit_answers(&vault.house, 403, UNIT_DETAIL("API key lacks the "
	    "scope: reveal"));
	unit_bear(unit_vault_ask(&vault, "POST", "auth_data/sealed", ""), key);
	unit_answers(&vault.house, 403, UNIT_DETAIL("API key lacks the "
	    "scope: reveal"));
	unit_vault_is_revealed(&vault, 0);
	unit_vault_end(&vault);
}
END_TEST

START_TEST(what_is_not_there_is_404)
{
	struct unit_vault vault;

	unit_vault_begin(&vault);
	vault.id[35] = vault.id[35] == '0' ? '1' : '0';
	(void)unit_vault_ask(&vault, "GET", "auth_data", "");
	unit_answers(&vault.house, 404, UNIT_DETAIL("Integration not "
	    "found"));
	vault.id[0] = '\0';
	strcpy(vault.id, "save");
	(void)unit_vault_ask(&vault, "GET", "auth_data", "");
	unit_answers(&vault.house, 404, UNIT_DETAIL("Integration not "
	    "found"));
	unit_vault_end(&vault);
}
END_TEST

START_TEST(nothing_is_revealed_that_cannot_be_counted)
{
	struct unit_vault vault;
	int fd;

	unit_vault_begin(&vault);
	fd = unit_take_lock();
	(void)unit_vault_ask(&vault, "GET", "auth_data", "");
	unit_answers(&vault.house, 503, FAILURE("Database is busy"));
	ck_assert_str_eq(vault.house.call.reply.headers,
	    "Retry-After: 1\r\n");
	close(fd);
	unit_vault_is_revealed(&vault, 0);
	unit_vault_end(&vault);
}
END_TEST

/* Begin a reveal of it, which waits for its job. */
static void
wait_for_job(struct unit_vault *vault)
{
	struct call *call = &vault->house.call;

	(void)unit_vault_ask(vault, "GET", "auth_data", "");
	app_admit(call);
	ck_assert(!unit_read(call, app_begin(call)));
}

/* Its job is committed; whether the answer is there. */
static bool
commit_job(struct unit_vault *vault)
{
	struct call *call = &vault->house.call;

	writer_commit(vault->house.app.writer, call->job);
	return (unit_read(call, app_end(call)));
}

#define CHANGED(token) "{\"name\":\"n\",\"integration_type\":\"jira\"," \
	"\"unique_identifier\":\"a\",\"auth_data\":{\"access_token\":\"" \
	token "\"}}"

START_TEST(what_was_replaced_meanwhile_is_not_revealed)
{
	struct unit_vault vault;

	unit_vault_begin(&vault);
	wait_for_job(&vault);
	unit_vault_change(&vault, CHANGED("new"));
	ck_assert(!commit_job(&vault));
	unit_vault_is_revealed(&vault, 0);
	ck_assert(commit_job(&vault));
	reveals(&vault, 2, "{\"access_token\":\"new\"}");
	unit_vault_is_revealed(&vault, 1);
	unit_vault_end(&vault);
}
END_TEST

START_TEST(what_is_replaced_all_the_time_is_busy)
{
	struct unit_vault vault;

	unit_vault_begin(&vault);
	wait_for_job(&vault);
	unit_vault_change(&vault, CHANGED("new"));
	ck_assert(!commit_job(&vault));
	unit_vault_change(&vault, CHANGED("newer"));
	ck_assert(!commit_job(&vault));
	unit_vault_change(&vault, CHANGED("newest"));
	ck_assert(commit_job(&vault));
	ck_assert_int_eq(vault.house.call.reply.status, 503);
	ck_assert_str_eq(buf_text(&vault.house.call.reply.body),
	    FAILURE("Database is busy"));
	unit_vault_is_revealed(&vault, 0);
	unit_vault_end(&vault);
}
END_TEST

START_TEST(what_has_gone_meanwhile_is_404)
{
	struct unit_vault vault;

	unit_vault_begin(&vault);
	wait_for_job(&vault);
	unit_vault_delete(&vault);
	ck_assert(commit_job(&vault));
	ck_assert_int_eq(vault.house.call.reply.status, 404);
	ck_assert_str_eq(buf_text(&vault.house.call.reply.body),
	    UNIT_DETAIL("Integration not found"));
	unit_vault_is_revealed(&vault, 0);
	unit_vault_end(&vault);
}
END_TEST

START_TEST(box_that_does_not_open_is_no_reveal)
{
	static const char id[] = "0198c0de-0000-7000-8000-000000000001";
	struct store_save save = unit_save(id, unit_owner, "damaged");
	struct unit_vault vault;

	unit_vault_begin(&vault);
	ck_assert_int_eq(unit_put(writer_store(vault.house.app.writer),
	    &save), STORE_OK);
	strcpy(vault.id, id);
	(void)unit_vault_ask(&vault, "GET", "auth_data", "");
	unit_answers(&vault.house, 500, FAILURE("Internal error"));
	unit_has(unit_log(), "0198c0de-0000-7000-8000-000000000001 does not "
	    "open");
	unit_vault_is_revealed(&vault, 0);
	unit_vault_end(&vault);
}
END_TEST

/* What the answer has sealed to that secret key. */
static void
open_answer(struct unit_vault *vault, const unsigned char *secret_key,
    struct buf *plain)
{
	static const char head[] = "{\"success\":true,\"data\":{"
	    "\"algorithm\":\"crypto_box_seal\",\"sealed\":\"";
	const char *body = buf_text(&vault->house.call.reply.body);
	size_t len;

	ck_assert_int_eq(vault->house.call.reply.status, 200);
	ck_assert_int_eq(strncmp(body, head, strlen(head)), 0);
	body += strlen(head);
	len = strcspn(body, "\"");
	ck_assert_str_eq(body + len, "\"},\"error\":null}");
	buf_init(plain, ROOM);
	ck_assert_int_eq(sealed_open(secret_key, body, len, plain), 0);
}

START_TEST(sealed_reveal_is_for_the_secret_key_alone)
{
	unsigned char public_key[SEALED_KEY_LEN], secret_key[SEALED_KEY_LEN];
	char text[SEALED_KEY_TEXT_LEN + 1], body[128], expected[ROOM];
	struct unit_vault vault;
	struct buf plain;

	unit_vault_begin(&vault);
	crypto_box_keypair(public_key, secret_key);
	sealed_show_key(text, secret_key);
	snprintf(body, sizeof body, "{\"public_key\":\"%s\",\"x\":1}", text);
	(void)unit_vault_ask(&vault, "POST", "auth_data/sealed", body);
	unit_serve(&vault.house.call);
	unit_has_not(buf_text(&vault.house.call.reply.body), "canary");
	open_answer(&vault, secret_key, &plain);
	snprintf(expected, sizeof expected, "{\"integration_id\":\"%s\","
	    "\"revision\":1,\"sealed_at\":\"%s\",\"auth_data\":"
	    "{\"access_token\":\"canary-token\" , \"x\":1E400}}", vault.id,
	    unit_vault_use(&vault).last_revealed_at);
	ck_assert_uint_eq(plain.len, 256);
	ck_assert_int_eq(strncmp(buf_text(&plain), expected,
	    strlen(expected)), 0);
	ck_assert_uint_eq(strspn(plain.data + strlen(expected), " "),
	    256 - strlen(expected));
	unit_vault_is_revealed(&vault, 1);
	buf_fini(&plain);
	unit_vault_end(&vault);
}
END_TEST

#define BAD_KEY UNIT_FAULT(",\"public_key\"", \
	"value is not a valid public key", "value_error.public_key")

START_TEST(bad_public_keys_are_refused)
{
	static const struct {
		const char *body;
		const char *answer;
	} cases[] = {
		{ "", UNIT_MISSING("") },
		{ "[]", UNIT_NO_DICT },
		{ "{}", UNIT_MISSING(",\"public_key\"") },
		{ "{\"public_key\":null}", UNIT_FAULT(",\"public_key\"",
		    "none is not an allowed value",
		    "type_error.none.not_allowed") },
		{ "{\"public_key\":5}", UNIT_FAULT(",\"public_key\"",
		    "str type expected", "type_error.str") },
		{ "{\"public_key\":\"\"}", BAD_KEY },
		{ "{\"public_key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		    "AAA\"}", BAD_KEY },
		/* The right one and a NUL, or one more. */
		{ "{\"public_key\":\"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		    "AAA\\u0000\"}", BAD_KEY },
		{ "{\"public_key\":\"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		    "AAA==\"}", BAD_KEY },
		{ "{\"public_key\":\"\xf0\x9f\x94\x91\xf0\x9f\x94\x91\"}",
		    BAD_KEY },
	};
	struct unit_vault vault;
	size_t i;

	unit_vault_begin(&vault);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		(void)unit_vault_ask(&vault, "POST", "auth_data/sealed",
		    cases[i].body);
		unit_answers(&vault.house, 422, cases[i].answer);
	}
	unit_vault_is_revealed(&vault, 0);
	/* However it is spelled. */
	(void)unit_vault_ask(&vault, "POST", "auth_data/sealed",
	    "{\"public_key\":\"\\u0043QAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAA=\"}");
	unit_serve(&vault.house.call);
	ck_assert_int_eq(vault.house.call.reply.status, 200);
	unit_vault_end(&vault);
}
END_TEST

START_TEST(key_is_judged_before_the_integration)
{
	struct unit_vault vault;

	unit_vault_begin(&vault);
	strcpy(vault.id, "none");
	(void)unit_vault_ask(&vault, "POST", "auth_data/sealed", "{}");
	unit_answers(&vault.house, 422, UNIT_MISSING(",\"public_key\""));
	unit_vault_end(&vault);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		auth_data_is_revealed_byte_for_byte,
		auth_data_that_was_never_given_is_null,
		one_member_is_revealed,
		member_that_is_not_there_is_no_reveal,
		other_queries_are_refused,
		head_is_refused_and_not_counted,
		key_needs_the_scope,
		what_is_not_there_is_404,
		nothing_is_revealed_that_cannot_be_counted,
		what_was_replaced_meanwhile_is_not_revealed,
		what_is_replaced_all_the_time_is_busy,
		what_has_gone_meanwhile_is_404,
		box_that_does_not_open_is_no_reveal,
		sealed_reveal_is_for_the_secret_key_alone,
		bad_public_keys_are_refused,
		key_is_judged_before_the_integration,
	};

	return (unit_main("h_reveal", tests, sizeof tests / sizeof tests[0]));
}
