/*
 * Saving an integration: a list of steps. Refuses to know how a body arrives,
 * how a row and its box are made and how they are kept.
 */
#include "config.h"

#include <stdlib.h>

#include "body/deposit.h"
#include "body/trail.h"
#include "ground/log.h"
#include "ground/words.h"
#include "service/audit.h"
#include "service/auth.h"
#include "service/h_save.h"
#include "service/idempotency.h"
#include "service/read_form.h"

/* What a save has while it is committed. */
struct save {
	struct draft draft;
	struct deposit deposit;
	struct trail trail;
	struct idempotency idempotency;
	struct buf pieces;		/* of an answer that is kept */
};

static enum call_rc
read_body(struct call *call, struct save *save)
{
	(void)save;
	return (read_form_object(call));
}

static enum call_rc
read_header(struct call *call, struct save *save)
{
	idempotency_read(&save->idempotency, call, "");
	return (CALL_GOES_ON);
}

static enum call_rc
read_fields(struct call *call, struct save *save)
{
	return (read_form_fields(call, &form_save_spec, &save->draft.form));
}

static enum call_rc
check_type(struct call *call, struct save *save)
{
	return (auth_check_type(call, form_save_type(&save->draft.form)));
}

static enum call_rc
fill_row(struct call *call, struct save *save)
{
	save->draft.save.if_match = call->http.if_match;
	save->draft.save.if_none_match = call->http.if_none_match;
	save->draft.save.room = &call->room;
	return (draft_fill(&save->draft, call->key.user, NULL) == 0 ?
	    CALL_GOES_ON : CALL_FAILED);
}

static enum call_rc
write_trail(struct call *call, struct save *save)
{
	audit_begin(&save->trail, call, "save");
	form_save_trail(&save->draft.form, &save->trail);
	return (trail_end(&save->trail) == 0 ? CALL_GOES_ON : CALL_FAILED);
}

/* In its transaction, before the save. */
static enum store_rc
find_answer(struct store *store, void *cookie)
{
	struct call *call = cookie;
	struct save *save = call->work;

	return (idempotency_find(&save->idempotency, call, store, 0));
}

/* And behind one that has gone well: its row in the audit, its answer. */
static enum store_rc
add_trail(struct store *store, void *cookie)
{
	struct call *call = cookie;
	struct save *save = call->work;
	const struct integration *row = &save->draft.save.stored;
	enum store_rc rc;

	save->trail.entry.integration_id = row->integration_id;
	rc = store_audit_add(store, &save->trail.entry);
	if (rc != STORE_OK || !save->idempotency.is_given)
		return (rc);
	buf_reset(&save->pieces, save->pieces.max);
	reply_put_saved(&save->pieces, row);
	return (idempotency_keep(&save->idempotency, store, row,
	    &save->pieces));
}

static enum call_rc
seal(struct call *call, struct save *save)
{
	if (deposit_begin(&save->deposit, &save->draft, call->app->keeper,
	    call->app->writer) == -1)
		return (CALL_FAILED);
	save->deposit.first = find_answer;
	save->deposit.then = add_trail;
	save->deposit.cookie = call;
	return (CALL_WAITS);
}

static void
save_free(struct save *save)
{
	draft_fini(&save->draft);
	trail_fini(&save->trail);
	idempotency_fini(&save->idempotency);
	buf_fini(&save->pieces);
	free(save);
}

enum call_rc
h_save_begin(struct call *call)
{
	static enum call_rc (*const steps[])(struct call *, struct save *) = {
		read_body, read_header, read_fields, check_type, fill_row,
		write_trail, seal
	};
	struct save *save = calloc(1, sizeof *save);
	enum call_rc rc = CALL_GOES_ON;
	size_t i;

	if (save == NULL) {
		log_error("out of memory for a save");
		return (CALL_FAILED);
	}
	draft_init(&save->draft, call->app->conf.max_body);
	buf_init(&save->pieces, call->reply.body.max);
	for (i = 0; rc == CALL_GOES_ON; i++)
		rc = steps[i](call, save);
	if (rc == CALL_WAITS) {
		call->work = save;
		call->job = &save->deposit.job;
	} else {
		save_free(save);
	}
	return (rc);
}

/* What the row that is there is called to this client. */
static const char *
type_to(const struct call *call, const struct integration *row)
{
	return ((call->key.types & words_bit(integration_types,
	    row->integration_type)) != 0 ? row->integration_type : NULL);
}

enum call_rc
h_save_end(struct call *call)
{
	struct save *save = call->work;
	const struct integration *row = &save->draft.save.stored;
	enum call_rc rc = CALL_ANSWERED;

	if (deposit_again(&save->deposit))
		return (CALL_WAITS);
	if (save->deposit.job.rc == STORE_OK && save->idempotency.is_found)
		rc = idempotency_reply(&save->idempotency, call,
		    auth_check_type);
	else if (save->deposit.job.rc == STORE_OK)
		reply_integration(&call->reply, row);
	else if (save->deposit.job.rc == STORE_CONFLICT)
		reply_conflict(&call->reply, type_to(call, row));
	else if (save->deposit.job.rc == STORE_PRECONDITION)
		reply_detail(&call->reply, 412, http_phrase(412));
	else if (!reply_store_failure(&call->reply, save->deposit.job.rc))
		rc = CALL_FAILED;
	save_free(save);
	return (rc);
}
