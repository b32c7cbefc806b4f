#ifndef APP_H
#define APP_H

#include "service/call.h"

/* Why the service does not start; each is logged with its cure. */
enum app_rc {
	APP_OK,
	APP_KEY_FILE,		/* missing, or refused */
	APP_DATABASE,		/* missing, or cannot be opened */
	APP_MISMATCH		/* other key, or newer or older schema */
};

/*
 * Load the key file and open the database for serving. Takes conf over,
 * whatever comes back; app_close releases all, also after a failure.
 */
enum app_rc app_open(struct app *app, struct conf *conf)
    __attribute__((warn_unused_result));
void app_close(struct app *app);

/* What a store of this configuration is opened with. */
struct store_conf app_store_conf(const struct conf *conf);

/*
 * A request has three steps, so that nothing in it waits but its gateway.
 *
 * app_admit is for a request whose parameters have come: route and key. A body
 * that will not be read is counted from there on, and not kept.
 *
 * app_begin is for one whose body has come, as far as it will. True: reply is
 * what goes out, and request_id what it is known by; the request's log line is
 * written. False: call->job is to be committed, or, where call->is_reading, to
 * be run by a reader; and then app_end comes to the answer, or to one more job,
 * and returns the same. Or, where call->is_held, nothing was done, and what was
 * read has been let go of, for it had no room; when call->room.limit is
 * call->room.needs, app_begin is for it once more. Or app_give_up, which
 * answers that there was none in time.
 */
void app_admit(struct call *call);
bool app_begin(struct call *call) __attribute__((warn_unused_result));
bool app_end(struct call *call) __attribute__((warn_unused_result));
void app_give_up(struct call *call);

/* From app_begin to the answer, for whoever can wait. */
void app_serve(struct call *call);

#endif
