#ifndef H_KEY_REVOKE_H
#define H_KEY_REVOKE_H

#include "service/call.h"

/* DELETE /api/v2/api-keys/{public_id}; begin and end as struct route. */
enum call_rc h_key_revoke_begin(struct call *call);
enum call_rc h_key_revoke_end(struct call *call);

#endif
