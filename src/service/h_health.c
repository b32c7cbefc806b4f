/*
 * GET /healthz. Without a loaded key the process would not be here to ask.
 */
#include "config.h"

#include "service/h_health.h"

enum call_rc
h_health(struct call *call)
{
	struct store *reader = call_reader(call);

	if (reader != NULL && store_ping(reader) == STORE_OK) {
		reply_json(&call->reply, 200, "{\"status\":\"ok\"}");
	} else {
		call_drop_reader(call);
		reply_json(&call->reply, 503,
		    "{\"status\":\"unavailable\",\"reason\":\"database\"}");
	}
	return (CALL_ANSWERED);
}
