/*
 * What every request with a body begins with, in the order of the contract.
 * Refuses to know what the fields are for.
 */
#include "config.h"

#include "ground/log.h"
#include "service/read_form.h"

/* 422 with what was found, if memory has held all of it. */
static enum call_rc
refuse(struct call *call)
{
	if (call->faults.failed) {
		log_error("out of memory for the faults of a body");
		return (CALL_FAILED);
	}
	reply_faults(&call->reply, &call->faults);
	return (CALL_ANSWERED);
}

/* The same with one fault of the body as a whole. */
static enum call_rc
refuse_body(struct call *call, enum fault_kind kind)
{
	faults_add(&call->faults, (struct fault){ .kind = kind, .index = -1 });
	return (refuse(call));
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
		return (refuse(call));
	}
	if (call->doc.node[0].type == JSON_NULL)
		return (refuse_body(call, FAULT_MISSING));
	if (call->doc.node[0].type != JSON_OBJECT)
		return (refuse_body(call, FAULT_OBJECT));
	return (CALL_GOES_ON);
}

/* The body has come whole and as it is, and is no longer than it may be. */
static enum call_rc
check_size(struct call *call)
{
	int status = http_body_status(&call->http);

	if (call->http.body.failed) {
		log_error("out of memory for a body");
		return (CALL_FAILED);
	}
	if (status == 0)
		return (CALL_GOES_ON);
	reply_detail(&call->reply, status, status == 413 ?
	    "Request body too large" : http_phrase(status));
	if (status == 415)
		reply_header(&call->reply, "Accept-Encoding", "identity");
	return (CALL_ANSWERED);
}

static enum call_rc
check_media_type(struct call *call)
{
	return (http_is_json(&call->http) ? CALL_GOES_ON :
	    refuse_body(call, FAULT_OBJECT));
}

enum call_rc
read_form_object(struct call *call)
{
	enum call_rc rc;

	if ((rc = check_size(call)) != CALL_GOES_ON ||
	    (rc = check_media_type(call)) != CALL_GOES_ON)
		return (rc);
	return (check_json(call));
}

enum call_rc
read_form_end(struct call *call)
{
	if (call->faults.count == 0 && !call->faults.failed)
		return (CALL_GOES_ON);
	return (refuse(call));
}

enum call_rc
read_form_fields(struct call *call, const struct form_spec *spec,
    struct form *form)
{
	form_read(form, spec, &call->doc, &call->faults);
	return (read_form_end(call));
}

enum call_rc
read_form(struct call *call, const struct form_spec *spec, struct form *form)
{
	enum call_rc rc = read_form_object(call);

	return (rc == CALL_GOES_ON ? read_form_fields(call, spec, form) : rc);
}

enum call_rc
read_form_refuse(struct call *call, struct fault fault)
{
	faults_fini(&call->faults);
	faults_add(&call->faults, fault);
	return (refuse(call));
}
