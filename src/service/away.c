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
away_has_key(const struct call *call)
{
	return ((call->route->traits & (ROUTE_KEY | ROUTE_STORE)) != 0 &&
	    conf_is_url(call->app->conf.database));
}

bool
away_is_due(const struct call *call)
{
	return (call->admitted == CALL_GOES_ON && call->route != NULL &&
	    (away_has_key(call) ||
	    (call->route->traits & ROUTE_ROW) != 0 ||
	    call->http.body.len > CALL_SMALL));
}

bool
away_is_due_again(const struct call *call)
{
	if (call->admitted != CALL_GOES_ON || call->route == NULL ||
	    call->job->rc == STORE_LACKS)
		return (false);
	/* What readers have read is answered, or quickly made an answer. */
	if (away_has_key(call) || call->http.body.len > CALL_SMALL ||
	    (!call->is_reading && call->room.taken > CALL_SMALL))
		return (true);
	/* The handler is to begin, or may have to read the row once more. */
	return ((call->route->traits & ROUTE_ROW) != 0 &&
	    (call->work == NULL || call->job->rc != STORE_OK));
}

/* Do the step with that store; NULL: there is none to be had. */
static enum store_rc
run(struct store *store, void *cookie)
{
	struct call *call = cookie;
	struct reader *own = call->reader, lent;

	reader_init(&lent, call->app, store);
	lent.is_lost = store == NULL;
	call->reader = &lent;
	call->job = call->away.was;
	log_request_id(call->request_id);
	call->away.rc = call->away.step(call);
	call->away.is_done = true;
	call->reader = own;
	reader_fini(&lent);
	return (lent.has_failed ? STORE_UNAVAILABLE : STORE_OK);
}

/* The same by a reader, whose store it is meanwhile. */
static enum store_rc
run_by_reader(struct store *store, void *cookie)
{
	enum store_rc rc = run(store, cookie);

	log_request_id(NULL);
	return (rc);
}

void
away_send(struct call *call, enum call_rc (*step)(struct call *call),
    bool is_owed)
{
	struct away *away = &call->away;

	*away = (struct away){ .is_out = true, .was = call->job, .step = step,
	    .job = { .run = run_by_reader, .cookie = call,
		.is_owed = is_owed } };
	call->job = &away->job;
}

enum call_rc
away_take(struct call *call)
{
	struct away *away = &call->away;

	away->is_out = false;
	if (!away->is_done && away->job.rc != STORE_BUSY)
		(void)run(NULL, call);
	if (away->is_done)
		return (away->rc);
	/* Nobody has come to it in time. */
	call->job = away->was;
	return (reply_store_failure(&call->reply, STORE_BUSY) ?
	    CALL_ANSWERED : CALL_FAILED);
}
