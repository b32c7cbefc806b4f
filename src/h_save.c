/*
 * Saving an integration: a list of steps. Refuses to know how a body arrives,
 * how a box is made and how a row is kept.
 */
#include "config.h"

#include <stdlib.h>

#include "form_save.h"
#include "h_save.h"
#include "json.h"
#include "log.h"
#include "vault.h"

/* For a name or identifier, or what metadata gains by its defaults. */
enum { TEXT_ROOM = 8192 };

/* What a save is put together from; save points into the rest. */
struct work {
	struct save_form form;
	char id[IDENT_UUID_LEN + 1];
	char now[IDENT_TIME_LEN + 1];
	struct buf name;
	struct buf identifier;
	struct buf metadata;
	struct buf scope_data;
	struct buf box;
	struct store_save save;
};

static void
work_init(struct work *work, size_t max_body)
{
	*work = (struct work){ 0 };
	buf_init(&work->name, TEXT_ROOM);
	buf_init(&work->identifier, TEXT_ROOM);
	buf_init(&work->metadata, max_body + TEXT_ROOM);
	buf_init(&work->scope_data, max_body + 1);
	buf_init(&work->box, max_body + max_body / 8 + TEXT_ROOM);
}

static void
work_fini(struct work *work)
{
	buf_fini(&work->name);
	buf_fini(&work->identifier);
	buf_fini(&work->metadata);
	buf_fini(&work->scope_data);
	buf_fini(&work->box);
	free(work->save.kept_metadata);
}

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
read_form(struct call *call, struct work *work)
{
	enum call_rc rc;
	int status = http_body_status(&call->http);

	if (status != 0) {
		reply_detail(&call->reply, status, status == 413 ?
		    "Request body too large" : "Bad Request", NULL);
		return (CALL_ANSWERED);
	}
	if (!http_is_json(&call->http))
		return (refuse_body(call, FAULT_OBJECT));
	if ((rc = check_json(call)) != CALL_GOES_ON)
		return (rc);
	form_save_read(&work->form, &call->doc, &call->faults);
	if (call->faults.failed) {
		log_error("out of memory for the faults of a body");
		return (CALL_FAILED);
	}
	if (call->faults.count == 0)
		return (CALL_GOES_ON);
	reply_faults(&call->reply, &call->faults);
	return (CALL_ANSWERED);
}

/* The identifier that was sent, or <integration_type>-<integration_id>. */
static void
settle_identifier(struct work *work)
{
	struct store_save *save = &work->save;

	save->is_generated = !form_save_has_text(&work->form,
	    SAVE_UNIQUE_IDENTIFIER);
	if (save->is_generated) {
		buf_puts(&work->identifier, save->row.integration_type);
		buf_putc(&work->identifier, '-');
		buf_puts(&work->identifier, work->id);
	} else {
		json_decode(work->form.doc,
		    work->form.at[SAVE_UNIQUE_IDENTIFIER], &work->identifier);
	}
	save->row.unique_identifier = buf_text(&work->identifier);
}

/* The bytes of an object as they were sent. */
static void
copy_object(const struct save_form *form, enum save_field field,
    struct buf *out)
{
	struct json_span span = form->doc->node[form->at[field]].span;

	buf_put(out, form->doc->text + span.start, span.end - span.start);
}

/* From the form to a row, all but its box. */
static enum call_rc
fill_row(struct call *call, struct work *work)
{
	const struct save_form *form = &work->form;
	struct store_save *save = &work->save;
	struct integration *row = &save->row;
	int64_t now_us = ident_now_us();

	if (ident_uuid7(work->id, now_us) == -1) {
		log_error("the system gives no random bytes");
		return (CALL_FAILED);
	}
	ident_time(work->now, now_us);
	row->integration_id = work->id;
	row->created_at = row->updated_at = work->now;
	row->created_by = call->key.user;
	row->integration_type = form_save_type(form);
	row->status = form_save_status(form);
	row->active = form_save_active(form);
	row->has_auth_data = form_save_has_text(form, SAVE_ACCESS_TOKEN);
	row->has_scope_data = form_save_has_text(form, SAVE_ORG_SLUG) ||
	    form_save_has_text(form, SAVE_WORKSPACE_ID);
	save->status_given = form_save_has(form, SAVE_STATUS);
	save->active_given = form_save_has(form, SAVE_ACTIVE);
	save->auth_data_given = form_save_has(form, SAVE_AUTH_DATA);
	save->scope_data_given = form_save_has(form, SAVE_SCOPE_DATA);
	save->metadata_given = form_save_has(form, SAVE_METADATA);
	json_decode(form->doc, form->at[SAVE_NAME], &work->name);
	row->name = buf_text(&work->name);
	form_save_metadata(form, &work->metadata);
	row->metadata = buf_text(&work->metadata);
	if (form_save_is_set(form, SAVE_SCOPE_DATA)) {
		copy_object(form, SAVE_SCOPE_DATA, &work->scope_data);
		row->scope_data = buf_text(&work->scope_data);
	}
	settle_identifier(work);
	if (row->name == NULL || row->metadata == NULL ||
	    row->unique_identifier == NULL || work->scope_data.failed) {
		log_error("out of memory while saving");
		return (CALL_FAILED);
	}
	return (CALL_GOES_ON);
}

static enum call_rc
seal(struct call *call, struct work *work)
{
	struct integration *row = &work->save.row;
	struct vault_row owner = { row->created_by, row->unique_identifier };
	struct json_span span;

	if (!form_save_is_set(&work->form, SAVE_AUTH_DATA))
		return (CALL_GOES_ON);
	span = call->doc.node[work->form.at[SAVE_AUTH_DATA]].span;
	if (vault_seal(call->app->keyring, &owner,
	    call->doc.text + span.start, span.end - span.start,
	    &work->box) == -1)
		return (CALL_FAILED);
	row->auth_data = work->box.data;
	row->auth_data_len = work->box.len;
	return (CALL_GOES_ON);
}

static enum call_rc
store(struct call *call, struct work *work)
{
	struct reply *reply = &call->reply;
	struct integration *row = &work->save.row;

	switch (writer_save(call->app->writer, &work->save)) {
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
	static enum call_rc (*const steps[])(struct call *, struct work *) = {
		read_form, fill_row, seal, store
	};
	enum call_rc rc = CALL_GOES_ON;
	struct work work;
	size_t i;

	work_init(&work, call->app->conf.max_body);
	for (i = 0; rc == CALL_GOES_ON; i++)
		rc = steps[i](call, &work);
	work_fini(&work);
	return (rc);
}
