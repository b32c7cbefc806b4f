/*
 * Changing an integration by a merge patch: a list of steps. Refuses to know
 * how a patch is merged and how a row is stored.
 */
#include "config.h"

#include <stdlib.h>

#include "body/change.h"
#include "ground/log.h"
#include "service/audit.h"
#include "service/find.h"
#include "service/h_change.h"
#include "service/h_read.h"
#include "service/idempotency.h"
#include "service/read_form.h"

/* How often others may be quicker, and the box be under a former key. */
enum { MOVED_MAX = 3, SEALED_MAX = 2 };

struct work {
	struct change change;
	struct trail trail;
	struct idempotency idempotency;
	struct buf pieces;		/* of the answer */
	char id[IDENT_UUID_LEN + 1];	/* of the path */
	char lease_id[IDENT_UUID_LEN + 1];
	enum store_rc found;		/* the row */
	int moved;			/* how often so far ... */
	int sealed;			/* ... either has happened */
};

static enum call_rc
read_body(struct call *call, struct work *work)
{
	(void)work;
	return (read_form_object(call));
}

/* The row, which says what must not be changed: it need not be there yet. */
static enum call_rc
look(struct call *call, struct work *work)
{
	struct store_asker asker = find_asker(call);
	struct store *store = reader_store(call->reader);

	find_id(call, work->id);
	if (store == NULL)
		return (find_failed(call));
	work->found = change_read(&work->change, store, &asker, work->id);
	if (work->found != STORE_OK && work->found != STORE_NOT_FOUND)
		return (find_failed(call));
	return (room_take(&call->room, work->change.arena.taken +
	    work->idempotency.arena.taken) ? CALL_GOES_ON : CALL_HELD);
}

static enum call_rc
read_headers(struct call *call, struct work *work)
{
	const struct field_lines *lease = &call->http.refresh_lease;
	const char *line = lease->line[0];
	size_t len;

	idempotency_read(&work->idempotency, call, work->id);
	work->change.if_match = call->http.if_match;
	work->change.if_none_match = call->http.if_none_match;
	if (lease->count == 0)
		return (CALL_GOES_ON);
	/* What is no lease's id is none that holds. */
	len = http_trim(&line);
	if (lease->count > 1 || !ident_read_uuid(work->lease_id, line, len))
		work->lease_id[0] = '\0';
	work->change.lease_id = work->lease_id;
	return (CALL_GOES_ON);
}

static enum call_rc
read_fields(struct call *call, struct work *work)
{
	struct form_change form;

	form_change_init(&form, work->found == STORE_OK ?
	    &work->change.was : NULL);
	return (read_form_fields(call, &form.spec, &work->change.patch));
}

/* What is not for this key to see is not there. */
static enum call_rc
hide(struct call *call, const char *type)
{
	(void)type;
	return (find_nothing(call));
}

/* The answer of the same request before, if there is one. */
static enum call_rc
find_answer(struct call *call, struct work *work)
{
	struct store *store;

	if (!work->idempotency.is_given)
		return (CALL_GOES_ON);
	if ((store = reader_store(call->reader)) == NULL)
		return (find_failed(call));
	switch (idempotency_find(&work->idempotency, call, store,
	    work->change.arena.taken)) {
	case STORE_OK:
		return (idempotency_reply(&work->idempotency, call, hide));
	case STORE_LACKS:
		return (CALL_HELD);
	case STORE_NOT_FOUND:
		return (CALL_GOES_ON);
	default:
		return (find_failed(call));
	}
}

/* In the transaction, before the change. */
static enum store_rc
find_answer_again(struct store *store, void *cookie)
{
	struct call *call = cookie;
	struct work *work = call->work;

	return (idempotency_find(&work->idempotency, call, store,
	    work->change.arena.taken));
}

static enum call_rc
need_row(struct call *call, struct work *work)
{
	return (work->found == STORE_OK ? CALL_GOES_ON : find_nothing(call));
}

static enum store_rc
add_trail(struct store *store, struct call *call, struct work *work)
{
	trail_fini(&work->trail);
	audit_begin(&work->trail, call, "change");
	work->trail.entry.integration_id = work->change.was.integration_id;
	change_trail(&work->change, &work->trail);
	if (trail_end(&work->trail) == -1)
		return (STORE_UNAVAILABLE);
	return (store_audit_add(store, &work->trail.entry));
}

/* And behind it: its row in the audit, and its answer. */
static enum store_rc
conclude(struct store *store, void *cookie)
{
	struct call *call = cookie;
	struct work *work = call->work;
	const struct change *change = &work->change;
	struct integration row = change_stored(change);
	enum store_rc rc = STORE_OK;

	if (change_is_one(change))
		rc = add_trail(store, call, work);
	if (rc != STORE_OK)
		return (rc);
	buf_reset(&work->pieces, work->pieces.max);
	h_read_put(call, &row, &change->store.use, &work->pieces);
	return (idempotency_keep(&work->idempotency, store, &row,
	    &work->pieces));
}

/* What would be refused for its size is refused for other reasons first. */
static enum call_rc
merge(struct call *call, struct work *work)
{
	struct change *change = &work->change;

	faults_fini(&call->faults);
	if (change_merge(change, call->app->keeper,
	    writer_active_key(call->app->writer), &call->faults) ==
	    MERGED_FAILED)
		return (CALL_FAILED);
	change->first = find_answer_again;
	change->then = conclude;
	change->cookie = call;
	return (CALL_WAITS);
}

static void
work_free(struct work *work)
{
	change_fini(&work->change);
	trail_fini(&work->trail);
	idempotency_fini(&work->idempotency);
	buf_fini(&work->pieces);
	free(work);
}

/* 200 and 422 say what a PATCH takes. */
static enum call_rc
settle(struct call *call, struct work *work, enum call_rc rc)
{
	if (rc == CALL_ANSWERED && (call->reply.status == 200 ||
	    call->reply.status == 422))
		h_change_accepts(&call->reply);
	if (rc == CALL_WAITS) {
		call->work = work;
		call->job = &work->change.job;
	} else {
		call->work = NULL;
		work_free(work);
	}
	return (rc);
}

enum call_rc
h_change_begin(struct call *call)
{
	static enum call_rc (*const steps[])(struct call *, struct work *) = {
		read_body, look, read_headers, read_fields, find_answer,
		need_row, merge
	};
	struct work *work = calloc(1, sizeof *work);
	enum call_rc rc = CALL_GOES_ON;
	size_t i;

	if (work == NULL) {
		log_error("out of memory for a change");
		return (CALL_FAILED);
	}
	change_init(&work->change, call->app->conf.max_body);
	work->change.room = &call->room;
	buf_init(&work->pieces, call->reply.body.max);
	for (i = 0; rc == CALL_GOES_ON; i++)
		rc = steps[i](call, work);
	return (settle(call, work, rc));
}

/* Once more, from the row as it is now, or sealed with the key in use now. */
static enum call_rc
begin_again(struct call *call, struct work *work, enum store_rc why)
{
	enum call_rc rc;

	if (why == STORE_MOVED && work->moved++ == MOVED_MAX) {
		reply_failure(&call->reply, 503, "Database is busy");
		return (CALL_ANSWERED);
	}
	if (why == STORE_SEAL_AGAIN && work->sealed++ == SEALED_MAX) {
		log_error("a change is refused: the key file has no master key "
		    "that is in use; put the current one in place");
		return (CALL_FAILED);
	}
	work->change.old_key_will_do |= why == STORE_SEAL_AGAIN;
	if ((rc = look(call, work)) != CALL_GOES_ON ||
	    (rc = need_row(call, work)) != CALL_GOES_ON)
		return (rc);
	return (merge(call, work));
}

/* The patch could have been stored, but for what comes of it. */
static enum call_rc
refuse(struct call *call, const struct work *work)
{
	if (work->change.made == MERGED_TOO_LARGE)
		reply_detail(&call->reply, 413, "Request body too large");
	else
		reply_faults(&call->reply, &call->faults);
	return (CALL_ANSWERED);
}

static enum call_rc
answer(struct call *call, struct work *work)
{
	struct integration row;

	if (work->idempotency.is_found)
		return (idempotency_reply(&work->idempotency, call, hide));
	if (work->change.made != MERGED_OK)
		return (refuse(call, work));
	row = change_stored(&work->change);
	if (buf_text(&work->pieces) == NULL) {
		log_error("out of memory for an answer");
		return (CALL_FAILED);
	}
	reply_pieces(&call->reply, work->pieces.data, call->key.scopes, NULL);
	reply_etag(&call->reply, &row);
	return (CALL_ANSWERED);
}

enum call_rc
h_change_end(struct call *call)
{
	struct work *work = call->work;
	enum store_rc done = work->change.job.rc;
	enum call_rc rc = CALL_ANSWERED;

	switch (done) {
	case STORE_OK:
		rc = answer(call, work);
		break;
	case STORE_NOT_FOUND:
		rc = find_nothing(call);
		break;
	case STORE_PRECONDITION:
		reply_detail(&call->reply, 412, http_phrase(412));
		break;
	case STORE_LOST:
		reply_error(&call->reply, 409, "Refresh lease is lost");
		break;
	case STORE_MOVED:
	case STORE_SEAL_AGAIN:
		rc = begin_again(call, work, done);
		break;
	default:
		if (!reply_store_failure(&call->reply, done))
			rc = CALL_FAILED;
		break;
	}
	return (settle(call, work, rc));
}

void
h_change_accepts(struct reply *reply)
{
	reply_header(reply, "Accept-Patch", "application/merge-patch+json");
}
