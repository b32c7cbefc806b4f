#ifndef AUDIT_H
#define AUDIT_H

#include "body/trail.h"
#include "service/call.h"

/* Begin the trail of what a request does; trail borrows from call. */
void audit_begin(struct trail *trail, const struct call *call,
    const char *action);

#endif
