#ifndef H_KEY_CREATE_H
#define H_KEY_CREATE_H

#include "service/call.h"

/* POST /api/v2/api-keys; begin and end as struct route has them. */
enum call_rc h_key_create_begin(struct call *call);
enum call_rc h_key_create_end(struct call *call);

#endif
