#ifndef H_LEASE_H
#define H_LEASE_H

#include "service/call.h"

/*
 * POST and DELETE /api/v2/integrations/{integration_id}/refresh-lease: who may
 * refresh a token now, and that he is done.
 */
enum call_rc h_lease_begin(struct call *call);
enum call_rc h_lease_end(struct call *call);
enum call_rc h_lease_release_begin(struct call *call);
enum call_rc h_lease_release_end(struct call *call);

#endif
