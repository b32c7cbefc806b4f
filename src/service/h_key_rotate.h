#ifndef H_KEY_ROTATE_H
#define H_KEY_ROTATE_H

#include "service/call.h"

/* POST /api/v2/api-keys/{public_id}/rotate; begin and end as struct route. */
enum call_rc h_key_rotate_begin(struct call *call);
enum call_rc h_key_rotate_end(struct call *call);

#endif
