#ifndef AWAY_H
#define AWAY_H

#include "service/call.h"

/*
 * Where the database is a server's, every look into it may wait for another
 * machine. So no step of a request that has a look is done by the loop, which
 * serves all: it is sent to a thread that reads, as a job, and the loop goes on
 * when it comes back. Where the database is a file of ours a look takes no
 * longer than sending it, and nothing is sent away.
 */

/* Whether the steps of a request that was admitted are to be sent away. */
bool away_is_due(const struct call *call);

/*
 * Let call->job be a job for a reader that does a step; is_owed: it is to be
 * done however late it is, for something was committed before it.
 */
void away_send(struct call *call, enum call_rc (*step)(struct call *call),
    bool is_owed);

/* It has come back: what the step came to. */
enum call_rc away_take(struct call *call) __attribute__((warn_unused_result));

#endif
