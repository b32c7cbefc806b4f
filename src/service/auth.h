#ifndef AUTH_H
#define AUTH_H

#include "ground/scope.h"
#include "service/call.h"

/*
 * See who asks: the key of x-api-key, which must have the shape of one; and
 * which must be known, not expired and not revoked at this moment. The second,
 * after the first, asks the database, and fills call->key. Each may answer 401,
 * or fail.
 */
enum call_rc auth_check_shape(struct call *call)
    __attribute__((warn_unused_result));
enum call_rc auth_check(struct call *call)
    __attribute__((warn_unused_result));

/* Answer 401 to a key that is known no longer; the log is told why. */
enum call_rc auth_refuse(struct call *call, const char *reason)
    __attribute__((warn_unused_result));

/*
 * See that the key is for that (0: for anything); GOES_ON, or 403 is answered.
 */
enum call_rc auth_check_scope(struct call *call, enum scope scope)
    __attribute__((warn_unused_result));

/* The same of an integration_type, and of a set of them. */
enum call_rc auth_check_type(struct call *call, const char *type)
    __attribute__((warn_unused_result));
enum call_rc auth_check_types(struct call *call, unsigned types)
    __attribute__((warn_unused_result));

/* The types that the key is for: WORDS_ALL, if they are all that there are. */
unsigned auth_types(const struct call *call);

#endif
