#ifndef H_DELETE_H
#define H_DELETE_H

#include "service/call.h"

/* DELETE /api/v2/integrations/{integration_id}. */
enum call_rc h_delete_begin(struct call *call);
enum call_rc h_delete_end(struct call *call);

#endif
