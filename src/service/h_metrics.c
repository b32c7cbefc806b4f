/*
 * What is counted, as Prometheus reads it. Refuses to know who asks: no id,
 * user or identifier is among the labels.
 */
#include "config.h"

#include "service/census.h"
#include "service/h_metrics.h"
#include "service/metrics.h"
#include "store/store_upkeep.h"

static const char media_type[] = "text/plain; version=0.0.4; charset=utf-8";

enum call_rc
h_metrics(struct call *call)
{
	const struct app *app = call->app;
	struct buf *out = &call->reply.body;

	if (app->metrics == NULL) {
		reply_detail(&call->reply, 404, "Not Found");
		return (CALL_ANSWERED);
	}
	reply_text(&call->reply, media_type, "");
	metrics_write(app->metrics, out);
	census_put(app->census, out);
	metrics_put(out, "strongroom_log_bytes", "gauge",
	    "The write-ahead log, as this process's last commit left it.");
	metrics_put_value(out, "strongroom_log_bytes", "",
	    store_log_size(writer_store(app->writer)));
	return (CALL_ANSWERED);
}
