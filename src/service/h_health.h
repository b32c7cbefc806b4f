#ifndef H_HEALTH_H
#define H_HEALTH_H

#include "service/call.h"

/* GET /healthz: whether the database answers under the loaded key. */
enum call_rc h_health(struct call *call);

/* Answer 503: what is not there, "database" or "key". */
void h_health_lacks(struct reply *reply, const char *what);

#endif
