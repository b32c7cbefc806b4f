/*
 * Making an API key. It is in the answer, this one time, and nowhere else.
 */
#include "config.h"

#include <string.h>

#include "body/form_key.h"
#include "ground/log.h"
#include "ground/moment.h"
#include "ground/words.h"
#include "service/auth.h"
#include "service/h_key_create.h"
#include "service/key_work.h"
#include "service/read_form.h"
#include "service/reply_key.h"

enum { US_PER_S = 1000000 };

static enum store_rc
run(struct store *store, void *cookie)
{
	struct key_work *work = cookie;
	enum store_rc rc = key_work_check(work, store);

	if (rc == STORE_OK)
		rc = store_key_add(store, work->hash, &work->new_key);
	if (rc == STORE_OK)
		rc = store_audit_add(store, &work->trail.entry);
	return (rc == STORE_OK ? key_work_read(work, store, work->new_id) :
	    rc);
}

static enum call_rc
read_body(struct call *call, struct key_work *work)
{
	return (read_form(call, &form_key_spec, &work->form));
}

static enum call_rc
check_types(struct call *call, struct key_work *work)
{
	return (auth_check_types(call, form_key_types(&work->form)));
}

static enum call_rc
fill(struct call *call, struct key_work *work)
{
	unsigned types = form_key_types(&work->form);

	work->new_key = (struct store_key){
		.public_id = work->new_id, .user = call->key.user,
		.scopes = form_key_scopes(&work->form),
		.types = types == WORDS_ALL ? call->key.types : types
	};
	if (!form_key_name(&work->form, &work->name))
		return (CALL_GOES_ON);
	work->new_key.name = buf_text(&work->name);
	if (work->new_key.name != NULL)
		return (CALL_GOES_ON);
	log_error("out of memory for the name of a key");
	return (CALL_FAILED);
}

/* The key's moments, by that of its line in the audit. */
static void
set_times(struct key_work *work)
{
	int64_t seconds = form_key_expires_in(&work->form), at_us;
	const char *at = work->trail.at;

	work->new_key.created_at = at;
	if (seconds == 0 || !moment_read(at, strlen(at), &at_us))
		return;
	ident_time(work->ends_at, at_us + seconds * US_PER_S);
	work->new_key.expires_at = work->ends_at;
}

static enum call_rc
draw(struct call *call, struct key_work *work)
{
	(void)call;
	if (key_work_draw(work, "key_create") == -1)
		return (CALL_FAILED);
	set_times(work);
	form_key_trail(&work->form, &form_key_spec, &work->trail);
	trail_text(&work->trail, "api_key", work->new_id);
	return (trail_end(&work->trail) == 0 ? CALL_WAITS : CALL_FAILED);
}

enum call_rc
h_key_create_begin(struct call *call)
{
	static enum call_rc (*const steps[])(struct call *,
	    struct key_work *) = { read_body, check_types, fill, draw };
	struct key_work *work = key_work_new(call, run);
	enum call_rc rc = work != NULL ? CALL_GOES_ON : CALL_FAILED;
	size_t i;

	for (i = 0; rc == CALL_GOES_ON; i++)
		rc = steps[i](call, work);
	return (key_work_settle(call, work, rc));
}

enum call_rc
h_key_create_end(struct call *call)
{
	struct key_work *work = call->work;
	enum call_rc rc = CALL_ANSWERED;

	if (work->job.rc == STORE_CONFLICT)
		rc = draw(call, work);
	else if (work->job.rc == STORE_OK)
		reply_key(&call->reply, &work->key, work->text);
	else
		rc = key_work_failed(call, work->job.rc);
	return (key_work_settle(call, work, rc));
}
