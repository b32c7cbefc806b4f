/*
 * Steps of requests that threads other than the loop do. Refuses to know what
 * is done in them.
 */
#include "config.h"

#include "ground/conf.h"
#include "ground/log.h"
#include "service/away.h"
#include "service/reply.h"
#include "service/route.h"

bool
away_is_due(const struct call *call)
{
	return (call->route != NULL && call->admitted == CALL_GOES_ON &&
	    (call->route->traits & (ROUTE_KEY | ROUTE_STORE)) != 0 &&
	    conf_is_url(call->app->conf.database));
}

/* By a reader, whose store it is meanwhile. */
static enum store_rc
run(struct store *store, void *cookie)
{
	struct call *call = cookie;
	struct reader *own = call->reader, lent;

	reader_init(&lent, call->app, store);
	call->reader = &lent;
	call->job = call->away.was;
	log_request_id(call->request_id);
	call->away.rc = call->away.step(call);
	log_request_id(NULL);
	call->reader = own;
	reader_fini(&lent);
	return (STORE_OK);
}

void
away_send(struct call *call, enum call_rc (*step)(struct call *call),
    bool is_owed)
{
	struct away *away = &call->away;

	*away = (struct away){ .is_out = true, .was = call->job, .step = step,
	    .job = { .run = run, .cookie = call, .is_owed = is_owed } };
	call->job = &away->job;
}

enum call_rc
away_take(struct call *call)
{
	struct away *away = &call->away;

	away->is_out = false;
	if (away->job.rc == STORE_OK)
		return (away->rc);
	/* Nobody has come to it in time, or there was no way to the server. */
	call->job = away->was;
	if (away->job.rc != STORE_BUSY) {
		reply_failure(&call->reply, 500, "Database connection failed");
		return (CALL_ANSWERED);
	}
	return (reply_store_failure(&call->reply, STORE_BUSY) ?
	    CALL_ANSWERED : CALL_FAILED);
}
