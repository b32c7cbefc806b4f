/*
 * The straight line of a request: route, key, handler, answer. And what it
 * takes to stand on that line: key file, database, the paths to guard.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/app.h"
#include "service/auth.h"
#include "store/dbfile.h"
#include "ground/log.h"
#include "service/route.h"

struct store_conf
app_store_conf(const struct conf *conf)
{
	return ((struct store_conf){
	    .path = conf->database,
	    .busy_timeout_ms = (int)conf->busy_timeout_ms,
	    .journal_mode = (int)conf->journal_mode
	});
}

static enum store_rc
compare_keys(struct app *app)
{
	struct keyring_print prints[KEYRING_MAX + 1];
	size_t count;

	count = keyring_prints(keeper_borrow(app->keeper, 0), prints);
	keeper_return(app->keeper);
	return (store_keys_check(writer_store(app->writer), prints, count));
}

/*
 * The keys of the key file must be those that the database remembers. It is
 * read before the database is opened; should a key have come in between, it
 * is there the second time.
 */
static enum app_rc
check_keys(struct app *app)
{
	enum store_rc rc = compare_keys(app);

	if (rc == STORE_OTHER_KEY && keeper_reload(app->keeper) == 0)
		rc = compare_keys(app);
	switch (rc) {
	case STORE_OK:
		return (APP_OK);
	case STORE_OTHER_KEY:
		log_error("key file %s is not the one that database %s was "
		    "sealed with: put the right one in place",
		    app->conf.master_key_file, app->conf.database);
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
		return (check_keys(app));
	case STORE_NEWER:
	case STORE_OLDER:
		return (APP_MISMATCH);
	default:
		return (APP_DATABASE);
	}
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
	if ((rc = open_database(app)) != APP_OK)
		return (rc);
	if ((app->keycache = keycache_new()) == NULL)
		return (APP_DATABASE);
	app->guarded[0] = realpath(app->conf.master_key_file, NULL);
	app->guarded[1] = realpath(app->conf.database, NULL);
	if (app->guarded[0] == NULL || app->guarded[1] == NULL) {
		log_error("database %s has no real path; name it by its path",
		    app->conf.database);
		return (APP_DATABASE);
	}
	return (APP_OK);
}

void
app_close(struct app *app)
{
	writer_close(app->writer);
	keycache_free(app->keycache);
	keeper_close(app->keeper);
	free(app->guarded[0]);
	free(app->guarded[1]);
	conf_fini(&app->conf);
	*app = (struct app){ 0 };
}

/* Whether nothing of ours lies in a document root; if not, that is logged. */
static bool
is_safe_root(const struct app *app, const char *root)
{
	char *real = realpath(root, NULL);
	bool is_safe;
	size_t i;

	if (real == NULL && errno == ENOMEM) {
		log_error("out of memory for the document root");
		return (false);
	}
	/* A root that does not exist serves nothing. */
	if (real == NULL)
		return (true);
	is_safe = !dbfile_is_inside(app->conf.master_key_file, root) &&
	    !dbfile_is_inside(app->conf.database, root);
	for (i = 0; i < 2; i++)
		is_safe &= !dbfile_is_inside(app->guarded[i], real);
	free(real);
	if (!is_safe)
		log_error("the web server's document root contains the key "
		    "file or the database: move them out of it");
	return (is_safe);
}

/* Keys and database must not lie where the web server serves files from. */
static enum call_rc
check_document_root(struct call *call)
{
	const char *root = call->http.document_root;

	if (*root == '\0' || strcmp(root, call->safe_root) == 0)
		return (CALL_GOES_ON);
	if (!is_safe_root(call->app, root))
		return (CALL_FAILED);
	if (strlen(root) < sizeof call->safe_root)
		memcpy(call->safe_root, root, strlen(root) + 1);
	return (CALL_GOES_ON);
}

static enum call_rc
serve(struct call *call)
{
	const struct route *route;
	enum call_rc rc;

	if ((rc = check_document_root(call)) != CALL_GOES_ON)
		return (rc);
	if ((route = route_find(call)) == NULL)
		return (CALL_ANSWERED);
	if (route->needs_key && (rc = auth_check(call)) != CALL_GOES_ON)
		return (rc);
	return (route->handler(call));
}

/* An empty text is no value for the log. */
static const char *
or_none(const char *text)
{
	return (*text != '\0' ? text : NULL);
}

static void
log_request(const struct call *call, int64_t began_us)
{
	char status[16], duration[32];

	snprintf(status, sizeof status, "%d", call->reply.status);
	snprintf(duration, sizeof duration, "%lld",
	    (long long)(ident_now_us() - began_us));
	log_event(LOG_LEVEL_INFO, "request", "method", call->http.method,
	    "path", call->http.path, "status", status, "duration_us",
	    duration, "user", or_none(call->key.user), "key",
	    or_none(call->key.public_id), "reason", call->refusal, NULL);
}

void
app_serve(struct call *call)
{
	int64_t began_us = ident_now_us();
	enum call_rc rc = CALL_FAILED;

	if (ident_uuid7(call->request_id, began_us) == 0) {
		log_request_id(call->request_id);
		rc = serve(call);
	}
	if (rc == CALL_FAILED || call->reply.body.failed)
		reply_failure(&call->reply, 500, "Internal error");
	log_request(call, began_us);
	log_request_id(NULL);
}
