#ifndef H_CHANGE_H
#define H_CHANGE_H

#include "service/call.h"

/*
 * PATCH /api/v2/integrations/{integration_id}: merge a patch into what is
 * stored, auth_data among it, which nobody sees for that.
 */
enum call_rc h_change_begin(struct call *call);
enum call_rc h_change_end(struct call *call);

/* Add the header that says what a PATCH takes. */
void h_change_accepts(struct reply *reply);

#endif
