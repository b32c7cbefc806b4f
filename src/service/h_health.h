#ifndef H_HEALTH_H
#define H_HEALTH_H

#include "service/call.h"

/* GET /healthz: whether the database answers under the loaded key. */
enum call_rc h_health(struct call *call);

#endif
