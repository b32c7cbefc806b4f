/*
 * The first use of a key. Refuses to know what it is used for.
 */
#include "config.h"

#include "service/auth.h"
#include "service/first_use.h"
#include "store/store_key.h"

static enum store_rc
run(struct store *store, void *cookie)
{
	const struct call *call = cookie;

	return (store_key_use_first(store, call->key.public_id,
	    call->first_use.at));
}

enum call_rc
first_use_begin(struct call *call)
{
	struct first_use *use = &call->first_use;

	if (!use->is_due)
		return (CALL_GOES_ON);
	use->job = (struct writer_job){ .run = run, .cookie = call,
	    .touches_keys = true };
	ident_time(use->at, ident_now_us());
	call->job = &use->job;
	return (CALL_WAITS);
}

enum call_rc
first_use_end(struct call *call)
{
	enum store_rc rc = call->job->rc;

	call->job = NULL;
	if (rc == STORE_OK)
		return (CALL_GOES_ON);
	if (rc == STORE_NOT_FOUND)
		return (auth_refuse(call, "revoked"));
	return (reply_store_failure(&call->reply, rc) ? CALL_ANSWERED :
	    CALL_FAILED);
}
