#ifndef AWAY_H
#define AWAY_H

#include "service/call.h"

/*
 * What may take long is not done by the loop, which serves all: such a step of
 * a request is sent to a thread that reads, as a job, and the loop goes on when
 * it comes back. Where the database is a server's, every look into it may wait
 * for another machine. Where it is a file of ours, the look for a key takes no
 * longer than sending it; but an integration, or a body, may be large, and the
 * disk slow.
 */

/* Whether even the key of a request is looked for elsewhere. */
bool away_has_key(const struct call *call);

/*
 * Whether the first step of a request that was admitted is to be sent away; and
 * whether one behind a job is.
 */
bool away_is_due(const struct call *call);
bool away_is_due_again(const struct call *call);

/*
 * Let call->job be a job for a reader that does a step; is_owed: it is to be
 * done however late it is, for something was committed before it.
 */
void away_send(struct call *call, enum call_rc (*step)(struct call *call),
    bool is_owed);

/* It has come back: what the step came to. */
enum call_rc away_take(struct call *call) __attribute__((warn_unused_result));

#endif
