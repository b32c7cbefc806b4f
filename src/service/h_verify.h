#ifndef H_VERIFY_H
#define H_VERIFY_H

#include "service/call.h"

/*
 * POST /api/v2/integrations/{integration_id}/verify: whether members of
 * auth_data are what somebody takes them for. That they are not is answered
 * when it is on the disk, in the audit.
 */
enum call_rc h_verify_begin(struct call *call);
enum call_rc h_verify_end(struct call *call);

#endif
