/*
 * A request's belongings, from the first to the last. Does nothing with them.
 */
#include "config.h"

#include "service/call.h"
#include "ground/log.h"

enum {
	REPLY_ROOM = 2 << 20,		/* beyond the size of a body */
	NODES_KEEP = 1024
};

void
call_init(struct call *call, const struct app *app, struct store *lent)
{
	*call = (struct call){
		.app = app, .reader = lent, .is_reader_lent = lent != NULL
	};
	http_init(&call->http, app->conf.max_body);
	reply_init(&call->reply, app->conf.max_body + REPLY_ROOM);
}

void
call_reset(struct call *call)
{
	http_reset(&call->http);
	reply_reset(&call->reply);
	if (call->doc.cap > NODES_KEEP)
		json_doc_fini(&call->doc);
	faults_fini(&call->faults);
	call->key = (struct store_found_key){ 0 };
	call->refusal = NULL;
	call->request_id[0] = '\0';
}

void
call_fini(struct call *call)
{
	http_fini(&call->http);
	reply_fini(&call->reply);
	json_doc_fini(&call->doc);
	faults_fini(&call->faults);
	if (!call->is_reader_lent)
		store_close(call->reader);
	call->reader = NULL;
}

struct store *
call_reader(struct call *call)
{
	if (call->reader != NULL)
		return (call->reader);
	if (store_open(&call->reader, &call->app->store, STORE_READ) !=
	    STORE_OK) {
		call->reader = NULL;
	} else if (!store_is_same(call->reader,
	    writer_store(call->app->writer))) {
		log_error("another database is in the place of %s: put it "
		    "back, or restart the service", call->app->store.path);
		call_drop_reader(call);
	}
	return (call->reader);
}

void
call_drop_reader(struct call *call)
{
	if (call->is_reader_lent)
		return;
	store_close(call->reader);
	call->reader = NULL;
}
