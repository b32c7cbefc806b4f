/*
 * Saving an integration: a list of steps. Refuses to know how a body arrives,
 * how a row and its box are made and how they are kept.
 */
#include "config.h"

#include "body/draft.h"
#include "service/h_save.h"
#include "ground/log.h"

enum { SEAL_TRIES = 3 };

/* 422 with one fault of the body as a whole. */
static enum call_rc
refuse_body(struct call *call, enum fault_kind kind)
{
	faults_add(&call->faults, (struct fault){ .kind = kind, .index = -1 });
	reply_faults(&call->reply, &call->faults);
	return (CALL_ANSWERED);
}

static enum call_rc
check_json(struct call *call)
{
	const struct buf *body = &call->http.body;

	if (body->len == 0)
		return (refuse_body(call, FAULT_MISSING));
	switch (json_check(&call->doc, body->data, body->len)) {
	case JSON_OK:
		break;
	case JSON_NOMEM:
		log_error("out of memory while reading a body");
		return (CALL_FAILED);
	case JSON_FAULT:
		faults_add(&call->faults, (struct fault){ .kind = FAULT_JSON,
		    .index = (long)call->doc.fault_at,
		    .expected = call->doc.expected });
		reply_faults(&call->reply, &call->faults);
		return (CALL_ANSWERED);
	}
	if (call->doc.node[0].type == JSON_NULL)
		return (refuse_body(call, FAULT_MISSING));
	if (call->doc.node[0].type != JSON_OBJECT)
		return (refuse_body(call, FAULT_OBJECT));
	return (CALL_GOES_ON);
}

/* From bytes to a form without faults. */
static enum call_rc
read_form(struct call *call, struct draft *draft)
{
	enum call_rc rc;
	int status = http_body_status(&call->http);

	if (call->http.body.failed) {
		log_error("out of memory for a body");
		return (CALL_FAILED);
	}
	if (status != 0) {
		reply_detail(&call->reply, status, status == 413 ?
		    "Request body too large" : "Bad Request", NULL);
		return (CALL_ANSWERED);
	}
	if (!http_is_json(&call->http))
		return (refuse_body(call, FAULT_OBJECT));
	if ((rc = check_json(call)) != CALL_GOES_ON)
		return (rc);
	form_save_read(&draft->form, &call->doc, &call->faults);
	if (call->faults.failed) {
		log_error("out of memory for the faults of a body");
		return (CALL_FAILED);
	}
	if (call->faults.count == 0)
		return (CALL_GOES_ON);
	reply_faults(&call->reply, &call->faults);
	return (CALL_ANSWERED);
}

static enum call_rc
fill_row(struct call *call, struct draft *draft)
{
	return (draft_fill(draft, call->key.user, NULL) == 0 ? CALL_GOES_ON :
	    CALL_FAILED);
}

static enum call_rc
seal(struct call *call, struct draft *draft)
{
	int rc;

	rc = draft_seal(draft, keeper_borrow(call->app->keeper,
	    writer_active_key(call->app->writer)));
	keeper_return(call->app->keeper);
	return (rc == 0 ? CALL_GOES_ON : CALL_FAILED);
}

/*
 * Save. A box whose master key is not in use any more is sealed again, with
 * the one that the refusal has brought to light; where the key file lacks
 * that, a former one will do until it is retired.
 */
static enum store_rc
save(struct call *call, struct draft *draft)
{
	enum store_rc rc;
	int tries = 0;

	while ((rc = writer_save(call->app->writer, &draft->save)) ==
	    STORE_SEAL_AGAIN && ++tries < SEAL_TRIES &&
	    seal(call, draft) == CALL_GOES_ON)
		draft->save.old_key_will_do = true;
	if (rc == STORE_SEAL_AGAIN)
		log_error("a save is refused: the key file has no master key "
		    "that is in use; put the current one in place");
	return (rc);
}

static enum call_rc
store(struct call *call, struct draft *draft)
{
	struct reply *reply = &call->reply;
	struct integration *row = &draft->save.row;

	switch (save(call, draft)) {
	case STORE_OK:
		reply_integration(reply, row);
		break;
	case STORE_CONFLICT:
		reply_conflict(reply, row->integration_type);
		break;
	case STORE_BUSY:
		reply_failure(reply, 503, "Database is busy");
		break;
	case STORE_FULL:
		reply_failure(reply, 507, "Database is full");
		break;
	case STORE_WRITE_FAILED:
		reply_failure(reply, 500, "Database write failed");
		break;
	case STORE_UNAVAILABLE:
	case STORE_NEWER:
	case STORE_OLDER:
		reply_failure(reply, 500, "Database connection failed");
		break;
	default:
		return (CALL_FAILED);
	}
	return (CALL_ANSWERED);
}

enum call_rc
h_save(struct call *call)
{
	static enum call_rc (*const steps[])(struct call *, struct draft *) = {
		read_form, fill_row, seal, store
	};
	enum call_rc rc = CALL_GOES_ON;
	struct draft draft;
	size_t i;

	draft_init(&draft, call->app->conf.max_body);
	for (i = 0; rc == CALL_GOES_ON; i++)
		rc = steps[i](call, &draft);
	draft_fini(&draft);
	return (rc);
}
