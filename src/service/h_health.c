/*
 * GET /healthz. A process that is here to be asked has a key; only CGI starts
 * one for the question.
 */
#include "config.h"

#include "service/h_health.h"

void
h_health_lacks(struct reply *reply, const char *what)
{
	reply_json(reply, 503, "{\"status\":\"unavailable\",\"reason\":\"");
	buf_puts(&reply->body, what);
	buf_puts(&reply->body, "\"}");
}

enum call_rc
h_health(struct call *call)
{
	struct store *store = reader_store(call->reader);

	if (store != NULL && store_ping(store) == STORE_OK) {
		reply_json(&call->reply, 200, "{\"status\":\"ok\"}");
	} else {
		reader_drop(call->reader);
		h_health_lacks(&call->reply, "database");
	}
	return (CALL_ANSWERED);
}
