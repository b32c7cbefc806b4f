#ifndef AUTH_H
#define AUTH_H

#include "service/call.h"

/*
 * See who asks: the key of x-api-key, which must be known, not expired and
 * not revoked at this moment. Fills call->key, or answers 401, or fails.
 */
enum call_rc auth_check(struct call *call)
    __attribute__((warn_unused_result));

#endif
