#ifndef H_METRICS_H
#define H_METRICS_H

#include "service/call.h"

/* GET /metrics, for Prometheus: figures of all users together. */
enum call_rc h_metrics(struct call *call);

#endif
