#ifndef H_SAVE_H
#define H_SAVE_H

#include "service/call.h"

/*
 * POST /api/v2/integrations/save, and v1: check the body and seal its
 * auth_data; and when the integration is stored, or is not, the answer. A 200
 * means that the row is on the disk.
 */
enum call_rc h_save_begin(struct call *call);
enum call_rc h_save_end(struct call *call);

#endif
