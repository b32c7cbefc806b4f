/*
 * Revoking an API key, and what has taken its place. Again is the same.
 */
#include "config.h"

#include "service/audit.h"
#include "service/find.h"
#include "service/h_key_revoke.h"
#include "service/key_work.h"
#include "service/reply_key.h"

static enum store_rc
run(struct store *store, void *cookie)
{
	struct key_work *work = cookie;
	struct store_asker asker = find_asker(work->call);
	enum store_rc rc;

	rc = key_work_check(work, store);
	if (rc == STORE_OK)
		rc = store_key_own(store, &asker, work->id, &work->arena,
		    &work->key);
	if (rc != STORE_OK || work->key.revoked_at != NULL)
		return (rc);
	rc = store_key_revoke(store, work->id, work->trail.at);
	if (rc == STORE_OK)
		rc = store_audit_add(store, &work->trail.entry);
	return (rc == STORE_OK ? key_work_read(work, store, work->id) : rc);
}

enum call_rc
h_key_revoke_begin(struct call *call)
{
	struct key_work *work = key_work_new(call, run);
	enum call_rc rc = CALL_FAILED;

	if (work != NULL) {
		audit_begin(&work->trail, call, "key_revoke");
		trail_text(&work->trail, "api_key", work->id);
		if (trail_end(&work->trail) == 0)
			rc = CALL_WAITS;
	}
	return (key_work_settle(call, work, rc));
}

enum call_rc
h_key_revoke_end(struct call *call)
{
	struct key_work *work = call->work;
	enum call_rc rc = CALL_ANSWERED;

	if (work->job.rc == STORE_OK)
		reply_key(&call->reply, &work->key, NULL);
	else if (work->job.rc == STORE_NOT_FOUND)
		rc = key_nothing(call);
	else
		rc = key_work_failed(call, work->job.rc);
	return (key_work_settle(call, work, rc));
}
