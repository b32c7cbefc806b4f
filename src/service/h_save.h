#ifndef H_SAVE_H
#define H_SAVE_H

#include "service/call.h"

/*
 * POST /api/v2/integrations/save: check the body, seal its auth_data, store
 * the integration. A 200 means that the row is on the disk.
 */
enum call_rc h_save(struct call *call);

#endif
