/*
 * Deleting an integration: its row, its box, its lease, in one transaction
 * with the row of the audit that says so.
 */
#include "config.h"

#include <stdlib.h>

#include "ground/log.h"
#include "service/audit.h"
#include "service/find.h"
#include "service/h_delete.h"
#include "service/h_read.h"
#include "store/store_change.h"

struct work {
	struct writer_job job;
	struct store_deletion deletion;
	struct trail trail;
	char id[IDENT_UUID_LEN + 1];
};

static enum store_rc
run(struct store *store, void *cookie)
{
	struct work *work = cookie;
	enum store_rc rc = store_delete(store, &work->deletion);

	return (rc == STORE_OK ? store_audit_add(store, &work->trail.entry) :
	    rc);
}

static void
work_free(struct work *work)
{
	arena_fini(&work->deletion.arena);
	trail_fini(&work->trail);
	free(work);
}

enum call_rc
h_delete_begin(struct call *call)
{
	struct work *work;
	enum call_rc rc = find_whether(call);

	if (rc != CALL_GOES_ON)
		return (rc);
	if ((work = calloc(1, sizeof *work)) == NULL) {
		log_error("out of memory for a deletion");
		return (CALL_FAILED);
	}
	work->job = (struct writer_job){ .run = run, .cookie = work };
	find_id(call, work->id);
	work->deletion = (struct store_deletion){
		.asker = find_asker(call), .integration_id = work->id,
		.if_match = call->http.if_match,
		.if_none_match = call->http.if_none_match,
		.room = &call->room
	};
	audit_begin(&work->trail, call, "delete");
	work->trail.entry.integration_id = work->id;
	if (trail_end(&work->trail) == -1) {
		work_free(work);
		return (CALL_FAILED);
	}
	call->work = work;
	call->job = &work->job;
	return (CALL_WAITS);
}

static enum call_rc
answer(struct call *call, struct work *work)
{
	struct buf pieces;
	enum call_rc rc = CALL_FAILED;

	buf_init(&pieces, call->reply.body.max);
	h_read_put(call, &work->deletion.row, &work->deletion.use, &pieces);
	if (buf_text(&pieces) != NULL) {
		reply_pieces(&call->reply, pieces.data, call->key.scopes,
		    ",\"deleted\":true");
		rc = CALL_ANSWERED;
	} else {
		log_error("out of memory for an answer");
	}
	buf_fini(&pieces);
	return (rc);
}

enum call_rc
h_delete_end(struct call *call)
{
	struct work *work = call->work;
	enum call_rc rc = CALL_ANSWERED;

	switch (work->job.rc) {
	case STORE_OK:
		rc = answer(call, work);
		break;
	case STORE_NOT_FOUND:
		rc = find_nothing(call);
		break;
	case STORE_PRECONDITION:
		reply_detail(&call->reply, 412, http_phrase(412));
		break;
	default:
		if (!reply_store_failure(&call->reply, work->job.rc))
			rc = CALL_FAILED;
		break;
	}
	call->work = NULL;
	work_free(work);
	return (rc);
}
