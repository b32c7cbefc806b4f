/*
 * The straight line of a request: route, key, handler, answer. And what it
 * takes to stand on that line: key file, database, the directories to guard.
 */
#include "config.h"

#include <assert.h>
#include <stdio.h>

#include "ground/log.h"
#include "service/app.h"
#include "service/auth.h"
#include "service/away.h"
#include "service/first_use.h"
#include "service/guard.h"
#include "service/census.h"
#include "service/metrics.h"
#include "service/route.h"
#include "store/keyfit.h"

struct store_conf
app_store_conf(const struct conf *conf)
{
	return ((struct store_conf){
	    .path = conf->database,
	    .busy_timeout_ms = (int)conf->busy_timeout_ms,
	    .journal_mode = (int)conf->journal_mode
	});
}

/* The key file was read before the database is opened. */
static enum app_rc
check_keys(struct app *app)
{
	switch (keyfit_check(writer_store(app->writer), app->keeper,
	    app->conf.master_key_file, app->conf.database)) {
	case STORE_OK:
		return (APP_OK);
	case STORE_OTHER_KEY:
		return (APP_MISMATCH);
	default:
		return (APP_DATABASE);
	}
}

static enum app_rc
open_database(struct app *app)
{
	app->store = app_store_conf(&app->conf);
	switch (writer_open(&app->writer, &app->store)) {
	case STORE_OK:
		writer_take_uses(app->writer, app->uses);
		return (check_keys(app));
	case STORE_NEWER:
	case STORE_OLDER:
		return (APP_MISMATCH);
	default:
		return (APP_DATABASE);
	}
}

static bool
open_metrics(struct app *app)
{
	struct metrics_routes routes;

	route_names(&routes);
	app->metrics = metrics_open(conf_home(&app->conf), &routes);
	app->census = census_new();
	return (app->metrics != NULL && app->census != NULL);
}

enum app_rc
app_open(struct app *app, struct conf *conf)
{
	enum app_rc rc;

	*app = (struct app){ .conf = *conf };
	*conf = (struct conf){ 0 };
	app->keeper = keeper_open(app->conf.master_key_file);
	if (app->keeper == NULL)
		return (APP_KEY_FILE);
	if ((app->chain = chain_new(app->keeper)) == NULL)
		return (APP_KEY_FILE);
	if ((app->uses = keyuse_new()) == NULL)
		return (APP_DATABASE);
	if ((rc = open_database(app)) != APP_OK)
		return (rc);
	if (app->conf.metrics == CONF_METRICS_ON && !open_metrics(app))
		return (APP_DATABASE);
	if ((app->keycache = keycache_new()) == NULL)
		return (APP_DATABASE);
	app->guard = guard_new(app->conf.master_key_file,
	    conf_home(&app->conf));
	return (app->guard != NULL ? APP_OK : APP_DATABASE);
}

void
app_close(struct app *app)
{
	writer_close(app->writer);
	keycache_free(app->keycache);
	keyuse_free(app->uses);
	chain_free(app->chain);
	keeper_close(app->keeper);
	guard_free(app->guard);
	metrics_close(app->metrics);
	census_free(app->census);
	conf_fini(&app->conf);
	*app = (struct app){ 0 };
}

/* Keys and database must not lie where the web server serves files from. */
static enum call_rc
check_document_root(const struct call *call)
{
	const char *root = call->http.document_root;

	if (*root == '\0' || guard_permits(call->app->guard, root,
	    &call->reader->root))
		return (CALL_GOES_ON);
	log_error("the web server's document root contains the key file or "
	    "the database: move them out of it");
	return (CALL_FAILED);
}

/* Who asks for what, and whether he may. */
static enum call_rc
admit(struct call *call)
{
	struct route_match match;
	enum call_rc rc;

	if (ident_uuid7(call->request_id, ident_now_us()) == -1)
		return (CALL_FAILED);
	log_request_id(call->request_id);
	route_find(&match, &call->http, &call->reply);
	if ((call->route = match.route) == NULL)
		return (CALL_ANSWERED);
	call->param = match.param;
	call->param_len = match.param_len;
	if ((rc = check_document_root(call)) != CALL_GOES_ON ||
	    (call->route->traits & ROUTE_KEY) == 0)
		return (rc);
	if (call->route->traits & ROUTE_BEARER)
		http_take_bearer(&call->http);
	return (auth_check_shape(call));
}

/* The rest of it, which asks the database. */
static enum call_rc
authenticate(struct call *call)
{
	enum call_rc rc;

	if ((call->route->traits & ROUTE_KEY) == 0)
		return (CALL_GOES_ON);
	if ((rc = auth_check(call)) != CALL_GOES_ON)
		return (rc);
	return (auth_check_scope(call, call->route->scope));
}

/* An empty text is no value for the log. */
static const char *
or_none(const char *text)
{
	return (*text != '\0' ? text : NULL);
}

static void
log_request(const struct call *call)
{
	int64_t duration_us = ident_monotonic_us() - call->began_us;
	char status[16], duration[32];

	metrics_request(call->app->metrics, route_index(call->route),
	    call->reply.status, duration_us);
	metrics_commits(call->app->metrics, writer_counts(call->app->writer));
	snprintf(status, sizeof status, "%d", call->reply.status);
	snprintf(duration, sizeof duration, "%lld", (long long)duration_us);
	log_event(LOG_LEVEL_INFO, "request", "method", call->http.method,
	    "path", call->http.path, "status", status, "duration_us",
	    duration, "address", or_none(call->http.remote_addr), "user",
	    or_none(call->key.user), "key", or_none(call->key.public_id),
	    "reason", call->refusal, NULL);
}

/* A step is over; whether the answer is there. */
static bool
settle(struct call *call, enum call_rc rc)
{
	bool is_answered = rc == CALL_ANSWERED || rc == CALL_FAILED;

	call->is_reading = rc == CALL_READS;
	call->is_held = rc == CALL_HELD;
	if (call->is_held) {
		/* It begins anew, as if it never had. */
		faults_fini(&call->faults);
		call->work = call->job = NULL;
		call->room.is_again = true;
	}
	if (is_answered) {
		if (rc == CALL_FAILED || call->reply.body.failed)
			reply_failure(&call->reply, 500, "Internal error");
		log_request(call);
	} else if (!call->is_held && !call->away.is_out) {
		metrics_jobs(call->app->metrics, 1);
	}
	log_request_id(NULL);
	return (is_answered);
}

void
app_admit(struct call *call)
{
	call->began_us = ident_monotonic_us();
	call->admitted_turn = call->reader->turn;
	call->admitted = admit(call);
	if (call->admitted == CALL_GOES_ON && !away_has_key(call))
		call->admitted = authenticate(call);
	log_request_id(NULL);
	if (call->admitted != CALL_GOES_ON ||
	    (call->route->traits & ROUTE_BODY) == 0)
		http_refuse_body(&call->http);
}

/* What the request comes to, now that the key's use is known. */
static enum call_rc
go_on(struct call *call, enum call_rc rc)
{
	if (rc == CALL_GOES_ON)
		rc = call->admitted;
	return (rc == CALL_GOES_ON ? call->route->begin(call) : rc);
}

/* From the body's end to a job, or to the answer. */
static enum call_rc
begin(struct call *call)
{
	return (go_on(call, first_use_begin(call)));
}

/* A body may take its time: the key that it came with may be revoked by now. */
static enum call_rc
begin_here(struct call *call)
{
	if (call->admitted == CALL_GOES_ON &&
	    call->admitted_turn != call->reader->turn)
		call->admitted = authenticate(call);
	return (begin(call));
}

static enum call_rc
begin_away(struct call *call)
{
	call->admitted = authenticate(call);
	return (begin(call));
}

/* From what has come of a job; one without room leaves nothing but that. */
static enum call_rc
end(struct call *call)
{
	bool is_held = call->job->rc == STORE_LACKS;
	enum call_rc rc = call->job == &call->first_use.job ?
	    go_on(call, first_use_end(call)) : call->route->end(call);

	return (is_held ? CALL_HELD : rc);
}

/* A step is to be done elsewhere. */
static bool
send_away(struct call *call, enum call_rc (*step)(struct call *),
    bool is_owed)
{
	away_send(call, step, is_owed);
	return (settle(call, CALL_READS));
}

bool
app_begin(struct call *call)
{
	log_request_id(call->request_id);
	if (away_is_due(call))
		return (send_away(call, begin_away, false));
	return (settle(call, begin_here(call)));
}

void
app_give_up(struct call *call)
{
	enum call_rc rc = reply_store_failure(&call->reply, STORE_BUSY) ?
	    CALL_ANSWERED : CALL_FAILED;

	log_request_id(call->request_id);
	(void)settle(call, rc);
}

bool
app_end(struct call *call)
{
	log_request_id(call->request_id);
	if (call->away.is_out)
		return (settle(call, away_take(call)));
	metrics_jobs(call->app->metrics, -1);
	if (away_is_due_again(call))
		return (send_away(call, end, true));
	return (settle(call, end(call)));
}

void
app_serve(struct call *call)
{
	bool is_answered = app_begin(call);

	while (!is_answered) {
		/* It is not held: there is room without an end. */
		assert(call->job != NULL);
		if (call->is_reading)
			reader_run(call->reader, call->job);
		else
			writer_commit(call->app->writer, call->job);
		is_answered = app_end(call);
	}
}
