/* What a request leaves in memory when its call is reset: no token, no key. */
#include "config.h"

#include <malloc.h>

#include "unit/unit_app.h"
#include "unit/unit_audit.h"
#include "unit/unit_memory.h"

enum { TOKEN_LEN = 40 };

/* Requests with a token at each "@". */
static const struct {
	int status;
	const char *path;
	const char *body;
	size_t api_keys;
} requests[] = {
	{ 200, unit_save_path, "{\"name\":\"n\",\"integration_type\":\"jira\","
	    "\"unique_identifier\":\"a\",\"auth_data\":{\"access_token\":"
	    "\"@\"}}", 1 },
	{ 200, unit_save_path, "{\"name\":\"n\",\"integration_type\":\"jira\","
	    "\"unique_identifier\":\"a\",\"auth_data\":{\"access_token\":"
	    "\"@\",\"again\":[\"@\"]}}", 1 },
	{ 409, unit_save_path, "{\"name\":\"n\",\"integration_type\":\"slack\","
	    "\"unique_identifier\":\"a\",\"auth_data\":{\"access_token\":"
	    "\"@\"}}", 1 },
	{ 422, unit_save_path, "{\"name\":\"n\",\"integration_type\":\"@\","
	    "\"auth_data\":\"@\"}", 1 },
	{ 422, unit_save_path, "{\"auth_data\":{\"access_token\":\"@\"}", 1 },
	{ 401, unit_save_path, "{\"auth_data\":{\"access_token\":\"@\"}}", 2 },
	{ 404, "/@", "{\"auth_data\":{\"access_token\":\"@\"}}", 1 },
};

/* A request under way; token and key are in clear only while it is served. */
struct job {
	struct unit_house *house;
	size_t request;
	struct unit_needle token;
	struct unit_needle key;
};

static char
clear(const struct unit_needle *needle, size_t i)
{
	return ((char)(needle->masked[i] ^ UNIT_MASK));
}

/* As a gateway does: parameters first, then the body, where it is wanted. */
static void
serve(void *cookie)
{
	struct job *job = cookie;
	struct call *call = &job->house->call;
	struct http *http = unit_ask(job->house, "");
	char key[UNIT_NEEDLE_MAX + 1] = "", c;
	const char *p;
	size_t i;

	for (i = 0; i < job->key.len; i++)
		key[i] = clear(&job->key, i);
	http->api_key = key;
	http->api_key_len = job->key.len;
	http->api_keys = requests[job->request].api_keys;
	http->path = requests[job->request].path;
	app_admit(call);
	for (p = requests[job->request].body; *p != '\0'; p++)
		for (i = 0; i < (*p == '@' ? job->token.len : 1); i++) {
			c = *p == '@' ? clear(&job->token, i) : *p;
			http_add_body(http, &c, 1);
		}
	app_serve(call);
	explicit_bzero(key, sizeof key);
}

START_TEST(reset_call_holds_no_token_and_no_key)
{
	struct unit_house house;
	struct job job = { .house = &house };
	unsigned char token[TOKEN_LEN];
	size_t i;

	unit_begin(&house);
	/* Freed memory stays as it is, and shows who did not wipe it. */
	ck_assert_int_eq(mallopt(M_PERTURB, 0), 1);
	job.key = unit_needle(house.key, strlen(house.key));
	for (i = 0; i < TOKEN_LEN; i++)
		token[i] = (unsigned char)('A' + i * 11 % 26);
	job.token = unit_needle(token, TOKEN_LEN);
	for (i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		job.request = i;
		unit_on_stack(serve, &job);
		ck_assert_msg(house.call.reply.status == requests[i].status,
		    "request %zu: %d", i, house.call.reply.status);
		/* Who is not let in has no body read. */
		if (requests[i].status != 401 && requests[i].status != 404)
			ck_assert_uint_ge(unit_found(&job.token), 1);
		call_reset(&house.call);
		ck_assert_msg(unit_found(&job.token) == 0, "token %zu", i);
		ck_assert_msg(unit_found(&job.key) == 0, "key %zu", i);
	}
	unit_end(&house);
}
END_TEST

/* Ask for a new key, by the one that is there. */
static void
ask_for_key(void *cookie)
{
	struct job *job = cookie;
	struct call *call = &job->house->call;
	struct http *http = unit_ask(job->house, job->request == 0 ?
	    "{\"scopes\":[\"read\"]}" : "");

	http->path = job->request == 0 ? "/api/v2/api-keys" :
	    "/api/v2/api-keys/self/rotate";
	app_admit(call);
	app_serve(call);
}

START_TEST(new_key_is_in_its_answer_alone)
{
	struct unit_house house;
	struct job job = { .house = &house };
	struct reply *reply = &house.call.reply;
	struct unit_needle key;
	char *text;

	unit_begin(&house);
	unit_sql("UPDATE api_keys SET scopes = 'admin'");
	ck_assert_int_eq(mallopt(M_PERTURB, 0), 1);
	for (job.request = 0; job.request < 2; job.request++) {
		unit_on_stack(ask_for_key, &job);
		ck_assert_msg(reply->status == 200, "%d: %s", reply->status,
		    buf_text(&reply->body));
		text = strstr(reply->body.data, "srk_");
		ck_assert_ptr_nonnull(text);
		/* It is wiped where it is. */
		key = unit_needle(text + 13, APIKEY_LEN - 13);
		ck_assert_uint_eq(unit_found(&key), 0);
		call_reset(&house.call);
	}
	unit_end(&house);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		reset_call_holds_no_token_and_no_key,
		new_key_is_in_its_answer_alone,
	};

	return (unit_main_looking("call_wiped", tests,
	    sizeof tests / sizeof tests[0]));
}
