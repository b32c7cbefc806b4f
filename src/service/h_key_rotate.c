/*
 * Rotating an API key: by itself, or by one with the scope admin. The new one
 * is in the answer, this one time, and nowhere else.
 */
#include "config.h"

#include <string.h>

#include "body/form_key.h"
#include "ground/words.h"
#include "service/auth.h"
#include "service/find.h"
#include "service/h_key_rotate.h"
#include "service/key_work.h"
#include "service/read_form.h"
#include "service/reply_key.h"

static enum store_rc
run(struct store *store, void *cookie)
{
	struct key_work *work = cookie;
	enum store_rc rc = key_work_check(work, store);

	if (rc == STORE_OK)
		rc = rotation_run(store, &work->rotation);
	if (rc == STORE_OK)
		rc = store_audit_add(store, &work->trail.entry);
	return (rc == STORE_OK ? key_work_read(work, store, work->new_id) :
	    rc);
}

static bool
is_own(const struct call *call, const struct key_work *work)
{
	return (strcmp(work->id, call->key.public_id) == 0);
}

static enum call_rc
check_scope(struct call *call, struct key_work *work)
{
	return (is_own(call, work) ? CALL_GOES_ON :
	    auth_check_scope(call, SCOPE_ADMIN));
}

/* No body at all is one without members. */
static enum call_rc
read_body(struct call *call, struct key_work *work)
{
	if (call->http.received == 0 && http_body_status(&call->http) == 0)
		return (CALL_GOES_ON);
	return (read_form(call, &form_rotate_spec, &work->form));
}

/* Nobody comes by a key that may do what he could not give to a new one. */
static enum call_rc
fill(struct call *call, struct key_work *work)
{
	bool is_free = is_own(call, work);

	work->rotation = (struct rotation){
		.asker = find_asker(call),
		.public_id = work->id,
		.overlap_s = form_rotate_overlap(&work->form),
		.lasts_anew = (call->key.scopes & SCOPE_ADMIN) != 0,
		.scopes = is_free ? WORDS_ALL :
		    words_known(scope_grants) | call->key.scopes,
		.types = is_free ? WORDS_ALL : auth_types(call),
		.new_id = work->new_id,
		.hash = work->hash
	};
	return (CALL_GOES_ON);
}

static enum call_rc
draw(struct call *call, struct key_work *work)
{
	(void)call;
	if (key_work_draw(work, "key_rotate") == -1)
		return (CALL_FAILED);
	work->rotation.now = work->trail.at;
	trail_text(&work->trail, "api_key", work->id);
	trail_text(&work->trail, "replaced_by", work->new_id);
	return (trail_end(&work->trail) == 0 ? CALL_WAITS : CALL_FAILED);
}

enum call_rc
h_key_rotate_begin(struct call *call)
{
	static enum call_rc (*const steps[])(struct call *,
	    struct key_work *) = { check_scope, read_body, fill, draw };
	struct key_work *work = key_work_new(call, run);
	enum call_rc rc = work != NULL ? CALL_GOES_ON : CALL_FAILED;
	size_t i;

	for (i = 0; rc == CALL_GOES_ON; i++)
		rc = steps[i](call, work);
	return (key_work_settle(call, work, rc));
}

/* Who asks lacks a scope that the new key would have, or a type. */
static enum call_rc
forbid(struct call *call, const struct rotation *rotation)
{
	enum call_rc rc = auth_check_scope(call,
	    (enum scope)rotation->lacks_scopes);

	return (rc == CALL_GOES_ON ?
	    auth_check_types(call, rotation->lacks_types) : rc);
}

/* What there is to say of a key that was not rotated. */
static enum call_rc
refuse(struct call *call, struct key_work *work)
{
	const struct rotation *rotation = &work->rotation;

	switch (rotation->rc) {
	case ROTATION_TAKEN:
		return (draw(call, work));
	case ROTATION_OVER:
		reply_refusal(&call->reply, 409, "API key is over");
		return (CALL_ANSWERED);
	case ROTATION_DONE_BEFORE:
		reply_refusal(&call->reply, 409, "API key was rotated");
		return (CALL_ANSWERED);
	default:
		return (forbid(call, rotation));
	}
}

enum call_rc
h_key_rotate_end(struct call *call)
{
	struct key_work *work = call->work;
	enum call_rc rc = CALL_ANSWERED;

	if (work->job.rc == STORE_OK)
		reply_key(&call->reply, &work->key, work->text);
	else if (work->job.rc == STORE_NOT_FOUND)
		rc = key_nothing(call);
	else if (work->job.rc == STORE_CONFLICT)
		rc = refuse(call, work);
	else
		rc = key_work_failed(call, work->job.rc);
	return (key_work_settle(call, work, rc));
}
