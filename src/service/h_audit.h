#ifndef H_AUDIT_H
#define H_AUDIT_H

#include "service/call.h"

/* GET /api/v2/audit; begin and end as struct route has them. */
enum call_rc h_audit_begin(struct call *call);
enum call_rc h_audit_end(struct call *call);

#endif
