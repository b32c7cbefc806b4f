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
 * Answer the request in call->http: afterwards call->reply is what goes out,
 * and call->request_id what it is known by. Writes the request's log line.
 */
void app_serve(struct call *call);

#endif
