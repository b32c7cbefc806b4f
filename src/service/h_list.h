#ifndef H_LIST_H
#define H_LIST_H

#include "service/call.h"

/* GET /api/v2/integrations. */
enum call_rc h_list_begin(struct call *call);
enum call_rc h_list_end(struct call *call);

#endif
