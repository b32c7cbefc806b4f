/*
 * What a request leaves in memory that opens a box, whatever it comes to, when
 * its call is reset: nothing of what is sealed.
 */
#include "config.h"

#include <malloc.h>

#include <sodium.h>

#include "secrets/sealed.h"
#include "unit/unit_memory.h"
#include "unit/unit_reveal.h"

enum { TOKEN_LEN = 40, BODY_ROOM = 1024 };

/* What happens between a request's two halves. */
enum meanwhile { NOTHING, IS_LOCKED, IS_CHANGED };

/* Requests, with the token at each "@" and a public key at each "#". */
static const struct request {
	const char *method;
	const char *what;
	const char *body;
	enum meanwhile meanwhile;
	int status;
	const char *query;
	size_t seen;		/* how often it is there before */
} requests[] = {
	{ "GET", "auth_data", "", NOTHING, 200, "", 1 },
	{ "GET", "auth_data", "", NOTHING, 200, "field=access_token", 1 },
	{ "GET", "auth_data", "", NOTHING, 404, "field=none", 0 },
	{ "GET", "auth_data", "", NOTHING, 422, "x=y", 0 },
	{ "GET", "auth_data", "", IS_LOCKED, 503, "", 0 },
	{ "GET", "auth_data", "", IS_CHANGED, 200, "", 0 },
	{ "GET", "auth_data", "", IS_CHANGED, 200, "field=code", 0 },
	{ "POST", "auth_data/sealed", "{\"public_key\":\"#\"}", NOTHING, 200,
	    "", 0 },
	{ "POST", "auth_data/sealed", "{\"public_key\":\"#\"}", IS_LOCKED, 503,
	    "", 0 },
	{ "POST", "verify", "{\"access_token\":\"@\"}", NOTHING, 200, "", 1 },
	{ "POST", "verify", "{\"access_token\":\"@x\"}", NOTHING, 200, "", 1 },
	{ "POST", "verify", "{\"access_token\":\"@x\"}", IS_LOCKED, 503, "",
	    1 },
	{ "POST", "verify", "{\"code\":\"@\",\"access_token\":\"a\"}", NOTHING,
	    200, "", 1 },
	{ "POST", "verify", "{\"@\":5}", NOTHING, 422, "", 1 },
};

/* A request under way; the token is in clear only while it is served. */
struct job {
	struct unit_vault *vault;
	const struct request *request;
	struct unit_needle token;
	char key_text[SEALED_KEY_TEXT_LEN + 1];
	char id[IDENT_UUID_LEN + 1];
};

static void
add(struct job *job, struct http *http, char at)
{
	size_t i;
	char c;

	if (at == '#') {
		http_add_body(http, job->key_text, SEALED_KEY_TEXT_LEN);
	} else if (at == '@') {
		for (i = 0; i < job->token.len; i++) {
			c = (char)(job->token.masked[i] ^ UNIT_MASK);
			http_add_body(http, &c, 1);
		}
	} else {
		http_add_body(http, &at, 1);
	}
}

/* Save under an identifier of its own: with the token, or another one. */
static void
save(struct job *job, const char *token)
{
	struct unit_house *house = &job->vault->house;
	static const char head[] = "{\"name\":\"n\",\"integration_type\":"
	    "\"jira\",\"unique_identifier\":\"w\",\"auth_data\":"
	    "{\"code\":\"a\",\"access_token\":\"";
	const char *id, *p;
	struct call call;

	call_init(&call, &house->app, &house->reader);
	call.http.method = "POST";
	call.http.path = unit_save_path;
	unit_bear(&call.http, house->key);
	app_admit(&call);
	for (p = head; *p != '\0'; p++)
		add(job, &call.http, *p);
	for (p = token; *p != '\0'; p++)
		add(job, &call.http, *p);
	for (p = "\"}}"; *p != '\0'; p++)
		add(job, &call.http, *p);
	app_serve(&call);
	ck_assert_int_eq(call.reply.status, 200);
	id = strstr(buf_text(&call.reply.body), "_id\":\"") + 6;
	memcpy(job->id, id, IDENT_UUID_LEN);
	call_fini(&call);
}

static void
save_token(void *cookie)
{
	save(cookie, "@");
}

/* Commit what the request waits for, until it is answered. */
static void
commit(struct job *job)
{
	struct call *call = &job->vault->house.call;
	int fd = -1;

	if (job->request->meanwhile == IS_LOCKED)
		fd = unit_take_lock();
	if (job->request->meanwhile == IS_CHANGED)
		save(job, "another");
	do
		writer_commit(call->app->writer, call->job);
	while (!unit_read(call, app_end(call)));
	if (fd != -1)
		close(fd);
}

static void
serve(void *cookie)
{
	struct job *job = cookie;
	struct call *call = &job->vault->house.call;
	const char *p;

	memcpy(job->vault->id, job->id, sizeof job->id);
	unit_vault_ask(job->vault, job->request->method,
	    job->request->what, "")->query = job->request->query;
	app_admit(call);
	for (p = job->request->body; *p != '\0'; p++)
		add(job, &call->http, *p);
	if (!unit_read(call, app_begin(call)))
		commit(job);
}

static void
look(struct job *job, size_t i)
{
	struct call *call = &job->vault->house.call;

	job->request = &requests[i];
	unit_on_stack(save_token, job);
	ck_assert_msg(unit_found(&job->token) == 0, "%zu: saved", i);
	unit_on_stack(serve, job);
	ck_assert_msg(call->reply.status == job->request->status,
	    "%zu: %d %s", i, call->reply.status,
	    buf_text(&call->reply.body));
	ck_assert_msg(unit_found(&job->token) >= job->request->seen,
	    "%zu: it is not there", i);
	call_reset(call);
	ck_assert_msg(unit_found(&job->token) == 0, "%zu: it is left", i);
}

START_TEST(reset_call_holds_nothing_that_was_opened)
{
	unsigned char token[TOKEN_LEN], public_key[SEALED_KEY_LEN];
	unsigned char secret_key[SEALED_KEY_LEN];
	struct unit_vault vault;
	struct job job = { .vault = &vault };
	size_t i;

	unit_vault_begin(&vault);
	/* Freed memory stays as it is, and shows who did not wipe it. */
	ck_assert_int_eq(mallopt(M_PERTURB, 0), 1);
	crypto_box_keypair(public_key, secret_key);
	sealed_show_key(job.key_text, secret_key);
	for (i = 0; i < TOKEN_LEN; i++)
		token[i] = (unsigned char)('A' + i * 11 % 26);
	job.token = unit_needle(token, TOKEN_LEN);
	for (i = 0; i < sizeof requests / sizeof requests[0]; i++)
		look(&job, i);
	unit_vault_end(&vault);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		reset_call_holds_nothing_that_was_opened,
	};

	return (unit_main_looking("reveal_wiped", tests,
	    sizeof tests / sizeof tests[0]));
}
