/*
 * Who asks, for the audit.
 */
#include "config.h"

#include "service/audit.h"

void
audit_begin(struct trail *trail, const struct call *call, const char *action)
{
	trail_init(trail, call->app->chain, action, call->request_id,
	    &(struct trail_who){ .user = call->key.user,
	    .key = call->key.public_id,
	    .address = call->http.remote_addr });
}
