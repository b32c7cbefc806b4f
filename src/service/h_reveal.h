#ifndef H_REVEAL_H
#define H_REVEAL_H

#include "service/call.h"

/*
 * GET /api/v2/integrations/{integration_id}/auth_data, all of it or a member,
 * and POST .../auth_data/sealed: open the box, and count and audit that; and
 * when that is on the disk the answer, which has what was in it.
 */
enum call_rc h_reveal_begin(struct call *call);
enum call_rc h_reveal_sealed_begin(struct call *call);
enum call_rc h_reveal_end(struct call *call);

#endif
