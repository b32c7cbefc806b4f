/*
 * Handing out auth_data. It is read and opened at once, and kept until the
 * writer has counted and audited that this revision of it is handed out: a
 * secret never leaves before that is on the disk. Refuses to know what is in
 * it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "body/form_sealed.h"
#include "body/json.h"
#include "body/json_member.h"
#include "ground/log.h"
#include "ground/token_state.h"
#include "service/audit.h"
#include "service/find.h"
#include "service/h_reveal.h"
#include "service/query.h"
#include "service/read_form.h"
#include "store/store_reveal.h"

enum {
	TRIES = 3,			/* where others change it meanwhile */
	SEALED_ROOM = 1024,		/* beyond auth_data */
	NAME_ROOM = 1 << 20		/* for a name as JSON spells it */
};

/* What a query may ask for. */
enum { FIELD, PARAMS };
static const struct query_param params[PARAMS] = {
	[FIELD] = { .name = "field" },
};
static const struct query_spec query_spec = { params, PARAMS };

/* What a reveal has while it is committed. */
struct reveal {
	struct writer_job job;
	struct trail trail;
	struct store_asker asker;
	struct store_reveal what;
	struct arena arena;
	struct integration row;
	struct buf plain;		/* auth_data */
	struct json_span value;		/* of it, to be shown */
	struct query query;
	bool is_sealed;
	unsigned char public_key[SEALED_KEY_LEN];
	int tries;
};

static void
reveal_free(struct reveal *reveal)
{
	buf_fini(&reveal->plain);
	trail_fini(&reveal->trail);
	arena_fini(&reveal->arena);
	query_fini(&reveal->query);
	free(reveal);
}

static enum store_rc
run(struct store *store, void *cookie)
{
	struct reveal *reveal = cookie;
	enum store_rc rc = store_reveal(store, &reveal->asker, &reveal->what);

	return (rc == STORE_OK ? store_audit_add(store,
	    &reveal->trail.entry) : rc);
}

/* Begin; NULL: logged. */
static struct reveal *
reveal_new(struct call *call, bool is_sealed)
{
	struct reveal *reveal = calloc(1, sizeof *reveal);

	if (reveal == NULL) {
		log_error("out of memory for a reveal");
		return (NULL);
	}
	reveal->job = (struct writer_job){ .run = run, .cookie = reveal };
	reveal->asker = find_asker(call);
	reveal->is_sealed = is_sealed;
	return (reveal);
}

/* The end of a step: the call waits for the job, or all is wiped. */
static enum call_rc
settle(struct call *call, struct reveal *reveal, enum call_rc rc)
{
	if (rc == CALL_WAITS) {
		call->work = reveal;
		call->job = &reveal->job;
	} else {
		call->work = NULL;
		reveal_free(reveal);
	}
	return (rc);
}

/*
 * The member of auth_data, read into doc, that has a name; 0: none, or, where
 * *has_failed, memory is short. The name is made a text of its own, so that it
 * is compared as any other.
 */
static uint32_t
find_member(const struct json_doc *doc, const char *name, bool *has_failed)
{
	struct json_doc other = { 0 };
	struct buf text;
	uint32_t node = 0;

	buf_init(&text, NAME_ROOM);
	buf_putc(&text, '{');
	json_put_string(&text, name, strlen(name));
	buf_puts(&text, ":0}");
	*has_failed = buf_text(&text) == NULL ||
	    json_check(&other, text.data, text.len) != JSON_OK;
	if (!*has_failed)
		node = json_member_like(doc, 0, &other, json_first(&other, 0));
	json_doc_fini(&other);
	buf_fini(&text);
	return (node);
}

/* What of auth_data is asked for: all of it, or a member. */
static enum call_rc
find_value(struct call *call, struct reveal *reveal)
{
	const struct buf *plain = &reveal->plain;
	const char *name = reveal->query.value[FIELD];
	bool has_failed;
	uint32_t node;

	reveal->value = (struct json_span){ 0, (uint32_t)plain->len };
	if (name == NULL)
		return (CALL_GOES_ON);
	has_failed = json_check(&call->doc, plain->data, plain->len) !=
	    JSON_OK;
	node = has_failed ? 0 : find_member(&call->doc, name, &has_failed);
	if (has_failed) {
		log_error("what is sealed of integration %s cannot be read, "
		    "or memory is short", reveal->row.integration_id);
		return (CALL_FAILED);
	}
	if (node == 0) {
		reply_detail(&call->reply, 404, "Field not found");
		return (CALL_ANSWERED);
	}
	reveal->value = call->doc.node[node].span;
	return (CALL_GOES_ON);
}

/* Read and open what is to be handed out. */
static enum call_rc
open_it(struct call *call, struct reveal *reveal)
{
	const struct integration *row = &reveal->row;
	enum call_rc rc;

	buf_fini(&reveal->plain);
	rc = find_opened(call, &reveal->arena, &reveal->row, &reveal->plain);
	if (rc == CALL_GOES_ON)
		rc = find_value(call, reveal);
	if (rc != CALL_GOES_ON)
		return (rc);
	reveal->what = (struct store_reveal){
	    .integration_id = row->integration_id,
	    .revision = row->revision, .at = reveal->trail.at };
	reveal->trail.entry.integration_id = row->integration_id;
	reveal->tries++;
	return (CALL_WAITS);
}

static enum call_rc
begin(struct call *call, struct reveal *reveal)
{
	audit_begin(&reveal->trail, call, reveal->is_sealed ?
	    "reveal_sealed" : "reveal");
	if (trail_end(&reveal->trail) == -1)
		return (CALL_FAILED);
	return (open_it(call, reveal));
}

enum call_rc
h_reveal_begin(struct call *call)
{
	struct reveal *reveal = reveal_new(call, false);
	enum call_rc rc;

	if (reveal == NULL)
		return (CALL_FAILED);
	rc = query_take(&reveal->query, &query_spec, call);
	if (rc == CALL_GOES_ON)
		rc = begin(call, reveal);
	return (settle(call, reveal, rc));
}

static enum call_rc
read_key(struct call *call, struct reveal *reveal)
{
	struct form form;
	enum call_rc rc = read_form(call, &form_sealed_spec, &form);

	if (rc == CALL_GOES_ON && !form_sealed_key(&form, reveal->public_key))
		rc = CALL_FAILED;
	return (rc);
}

enum call_rc
h_reveal_sealed_begin(struct call *call)
{
	struct reveal *reveal = reveal_new(call, true);
	enum call_rc rc;

	if (reveal == NULL)
		return (CALL_FAILED);
	rc = read_key(call, reveal);
	if (rc == CALL_GOES_ON)
		rc = begin(call, reveal);
	return (settle(call, reveal, rc));
}

static void
put_text(struct buf *out, const char *before, const char *text)
{
	buf_puts(out, before);
	json_put_string(out, text, strlen(text));
}

static void
put_value(struct buf *out, const struct reveal *reveal)
{
	buf_put(out, reveal->plain.data + reveal->value.start,
	    reveal->value.end - reveal->value.start);
}

static void
put_revision(struct buf *out, const struct integration *row)
{
	put_text(out, "\"integration_id\":", row->integration_id);
	buf_puts(out, ",\"revision\":");
	buf_put_u64(out, (uint64_t)row->revision);
}

static enum call_rc
answer(struct call *call, const struct reveal *reveal)
{
	const struct integration *row = &reveal->row;
	const char *name = reveal->query.value[FIELD];
	struct buf *out = reply_open(&call->reply);

	put_revision(out, row);
	put_text(out, ",\"status\":", row->status);
	buf_puts(out, row->active ? ",\"active\":true" : ",\"active\":false");
	put_text(out, ",\"token_state\":", token_state(row->expires_at,
	    ident_now_us(), (unsigned)call->app->conf.expiring_days));
	if (name != NULL) {
		put_text(out, ",\"field\":", name);
		buf_puts(out, ",\"value\":");
	} else {
		buf_puts(out, ",\"auth_data\":");
	}
	put_value(out, reveal);
	reply_close(&call->reply);
	return (CALL_ANSWERED);
}

static enum call_rc
answer_sealed(struct call *call, const struct reveal *reveal)
{
	struct buf plain, *out;
	int rc;

	buf_init(&plain, reveal->plain.len + SEALED_ROOM);
	buf_putc(&plain, '{');
	put_revision(&plain, &reveal->row);
	put_text(&plain, ",\"sealed_at\":", reveal->trail.at);
	buf_puts(&plain, ",\"auth_data\":");
	put_value(&plain, reveal);
	buf_putc(&plain, '}');
	out = reply_open(&call->reply);
	buf_puts(out, "\"algorithm\":\"crypto_box_seal\",\"sealed\":\"");
	rc = sealed_make(reveal->public_key, &plain, out);
	buf_putc(out, '"');
	reply_close(&call->reply);
	buf_fini(&plain);
	return (rc == 0 ? CALL_ANSWERED : CALL_FAILED);
}

/* It was changed while it was handed out: what it is now, then. */
static enum call_rc
again(struct call *call, struct reveal *reveal)
{
	if (reveal->tries < TRIES)
		return (open_it(call, reveal));
	reply_failure(&call->reply, 503, "Database is busy");
	return (CALL_ANSWERED);
}

static enum call_rc
end(struct call *call, struct reveal *reveal)
{
	switch (reveal->job.rc) {
	case STORE_OK:
		return (reveal->is_sealed ? answer_sealed(call, reveal) :
		    answer(call, reveal));
	case STORE_MOVED:
		return (again(call, reveal));
	case STORE_NOT_FOUND:
		return (find_nothing(call));
	default:
		return (reply_store_failure(&call->reply, reveal->job.rc) ?
		    CALL_ANSWERED : CALL_FAILED);
	}
}

enum call_rc
h_reveal_end(struct call *call)
{
	struct reveal *reveal = call->work;

	return (settle(call, reveal, end(call, reveal)));
}
