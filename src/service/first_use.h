#ifndef FIRST_USE_H
#define FIRST_USE_H

#include "service/call.h"

/*
 * A key that has taken another's place is on the disk as used before its first
 * request is answered, whatever the answer is: for as long as it is not used
 * the other may be rotated once more, which revokes it.
 *
 * GOES_ON: auth_check has found no such key. WAITS: call->job is to be
 * committed, and then first_use_end is GOES_ON, or has answered: the key was
 * revoked before, or the commit has failed.
 */
enum call_rc first_use_begin(struct call *call)
    __attribute__((warn_unused_result));
enum call_rc first_use_end(struct call *call)
    __attribute__((warn_unused_result));

#endif
