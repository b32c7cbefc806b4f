#ifndef H_KEYS_H
#define H_KEYS_H

#include "service/call.h"

/* GET /api/v2/api-keys/self. */
enum call_rc h_keys_self(struct call *call);

/* GET /api/v2/api-keys; begin and end as struct route has them. */
enum call_rc h_keys_list_begin(struct call *call);
enum call_rc h_keys_list_end(struct call *call);

#endif
