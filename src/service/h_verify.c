/*
 * Comparing what somebody has with what is sealed, without handing it out. To
 * ask again and again is to guess, so each that was wrong is audited before it
 * is answered.
 */
#include "config.h"

#include <stdlib.h>

#include "body/form_verify.h"
#include "body/json.h"
#include "body/json_member.h"
#include "ground/log.h"
#include "secrets/print.h"
#include "secrets/secret.h"
#include "service/audit.h"
#include "service/find.h"
#include "service/h_verify.h"
#include "service/read_form.h"

/* What a verification has while it is committed. */
struct verify {
	struct writer_job job;
	struct trail trail;
	struct arena arena;
	struct integration row;
	bool is_equal[VERIFY_MEMBERS_MAX];	/* in the order of the body */
	bool matches;				/* all of them are */
};

static void
verify_free(struct verify *verify)
{
	trail_fini(&verify->trail);
	arena_fini(&verify->arena);
	free(verify);
}

static enum store_rc
run(struct store *store, void *cookie)
{
	struct verify *verify = cookie;

	return (store_audit_add(store, &verify->trail.entry));
}

/* The keyed hash of the string node i. False: memory is short. */
static bool
hash(struct call *call, const struct json_doc *doc, uint32_t i,
    unsigned char print[PRINT_LEN])
{
	struct print_piece piece;
	struct buf text;
	bool is_good;

	buf_init(&text, doc->len + 1);
	json_decode(doc, i, &text);
	is_good = buf_text(&text) != NULL;
	if (is_good) {
		piece = (struct print_piece){ text.data, text.len };
		print_pieces(print, keeper_borrow(call->app->keeper),
		    "verify", &piece, 1);
		keeper_return(call->app->keeper);
	} else {
		log_error("out of memory while comparing secrets");
	}
	buf_fini(&text);
	return (is_good);
}

/*
 * Compare what was guessed with the string node there of auth_data; 0: there
 * is none.
 */
static enum call_rc
compare(struct call *call, uint32_t guessed, const struct json_doc *doc,
    uint32_t there, bool *is_equal)
{
	unsigned char prints[2][PRINT_LEN];

	*is_equal = false;
	if (there == 0 || doc->node[there].type != JSON_STRING)
		return (CALL_GOES_ON);
	if (!hash(call, &call->doc, guessed, prints[0]) ||
	    !hash(call, doc, there, prints[1]))
		return (CALL_FAILED);
	*is_equal = secret_equal(prints[0], prints[1], PRINT_LEN) == 1;
	return (CALL_GOES_ON);
}

/* Compare all members of the body with auth_data. */
static enum call_rc
compare_all(struct call *call, const struct json_doc *doc,
    struct verify *verify)
{
	const struct json_doc *body = &call->doc;
	enum call_rc rc = CALL_GOES_ON;
	uint32_t node;
	size_t i = 0;

	verify->matches = true;
	for (node = form_verify_first(body); node != 0 && rc == CALL_GOES_ON;
	    node = form_verify_next(body, node)) {
		rc = compare(call, body->node[node].last, doc,
		    json_member_like(doc, 0, body, node),
		    &verify->is_equal[i]);
		verify->matches &= verify->is_equal[i++];
	}
	return (rc);
}

/* What is sealed is in clear from here to the end of this. */
static enum call_rc
open_and_compare(struct call *call, struct verify *verify)
{
	struct json_doc doc = { 0 };
	struct buf plain = { 0 };
	enum call_rc rc;

	rc = find_opened(call, &verify->arena, &verify->row, &plain);
	if (rc == CALL_GOES_ON) {
		if (json_check(&doc, plain.data, plain.len) == JSON_OK) {
			rc = compare_all(call, &doc, verify);
		} else {
			log_error("what is sealed of integration %s cannot be "
			    "read", verify->row.integration_id);
			rc = CALL_FAILED;
		}
	}
	json_doc_fini(&doc);
	buf_fini(&plain);
	return (rc);
}

static enum call_rc
answer(struct call *call, const struct verify *verify)
{
	const struct json_doc *body = &call->doc;
	struct buf *out = reply_open(&call->reply);
	const char *comma = "";
	uint32_t node;
	size_t i = 0;

	buf_puts(out, verify->matches ? "\"matches\":true,\"members\":{" :
	    "\"matches\":false,\"members\":{");
	for (node = form_verify_first(body); node != 0;
	    node = form_verify_next(body, node)) {
		buf_puts(out, comma);
		json_write_name(body, node, out);
		buf_puts(out, verify->is_equal[i++] ? "true" : "false");
		comma = ",";
	}
	buf_putc(out, '}');
	reply_close(&call->reply);
	return (CALL_ANSWERED);
}

static enum call_rc
write_trail(struct call *call, struct verify *verify)
{
	audit_begin(&verify->trail, call, "verify");
	trail_text(&verify->trail, "matches", verify->matches ? "true" :
	    "false");
	verify->trail.entry.integration_id = verify->row.integration_id;
	verify->job = (struct writer_job){ .run = run, .cookie = verify };
	return (trail_end(&verify->trail) == 0 ? CALL_WAITS : CALL_FAILED);
}

static enum call_rc
begin(struct call *call, struct verify *verify)
{
	enum call_rc rc = read_form_object(call);

	if (rc != CALL_GOES_ON)
		return (rc);
	form_verify_read(&call->doc, &call->faults);
	if ((rc = read_form_end(call)) != CALL_GOES_ON ||
	    (rc = open_and_compare(call, verify)) != CALL_GOES_ON)
		return (rc);
	return (write_trail(call, verify));
}

enum call_rc
h_verify_begin(struct call *call)
{
	struct verify *verify = calloc(1, sizeof *verify);
	enum call_rc rc;

	if (verify == NULL) {
		log_error("out of memory for a verification");
		return (CALL_FAILED);
	}
	if ((rc = begin(call, verify)) == CALL_WAITS) {
		call->work = verify;
		call->job = &verify->job;
	} else {
		verify_free(verify);
	}
	return (rc);
}

enum call_rc
h_verify_end(struct call *call)
{
	struct verify *verify = call->work;
	enum call_rc rc = CALL_FAILED;

	if (verify->job.rc == STORE_OK)
		rc = answer(call, verify);
	else if (reply_store_failure(&call->reply, verify->job.rc))
		rc = CALL_ANSWERED;
	verify_free(verify);
	return (rc);
}
