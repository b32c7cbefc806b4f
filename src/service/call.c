/*
 * A request's belongings, from the first to the last. Does nothing with them.
 */
#include "config.h"

#include <stdint.h>

#include "service/call.h"

enum {
	REPLY_MAX = (2 << 20) + 2 * CONF_MAX_BODY_MAX,
	NODES_KEEP = 1024,
	PARTS = 5	/* of a row: metadata, auth_data sealed, scope_data, and
			   what lists look for in that */
};

/* Room without an end. */
static struct room
any_room(const struct app *app)
{
	return ((struct room){ .limit = SIZE_MAX, .small = CALL_SMALL,
	    .growth = PARTS * app->conf.max_body + CALL_SMALL });
}

void
call_init(struct call *call, const struct app *app, struct reader *reader)
{
	*call = (struct call){ .app = app, .reader = reader,
	    .room = any_room(app) };
	http_init(&call->http, app->conf.max_body);
	/*
	 * metadata and scope_data may have come in bodies of their own, when
	 * max_body was what it is no more.
	 */
	reply_init(&call->reply, REPLY_MAX);
}

void
call_end(struct call *call)
{
	reply_reset(&call->reply);
	if (call->doc.cap > NODES_KEEP)
		json_doc_fini(&call->doc);
	faults_fini(&call->faults);
}

void
call_reset(struct call *call)
{
	call_end(call);
	http_reset(&call->http);
	call->key = (struct store_found_key){ 0 };
	call->first_use = (struct first_use){ 0 };
	call->away = (struct away){ 0 };
	call->refusal = NULL;
	call->request_id[0] = '\0';
	call->route = NULL;
	call->param = NULL;
	call->param_len = 0;
	call->job = NULL;
	call->is_reading = call->is_held = false;
	call->room = any_room(call->app);
	call->work = NULL;
}

void
call_fini(struct call *call)
{
	http_fini(&call->http);
	reply_fini(&call->reply);
	json_doc_fini(&call->doc);
	faults_fini(&call->faults);
}
