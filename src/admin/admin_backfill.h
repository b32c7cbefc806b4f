#ifndef ADMIN_BACKFILL_H
#define ADMIN_BACKFILL_H

#include "admin/admin.h"

/*
 * Compute what a migration has left to be computed from boxes, which takes the
 * key file; others may save meanwhile. ADMIN_DONE, also where nothing is left;
 * else the reason is logged, and who does it then.
 */
enum admin_rc admin_backfill(const struct admin *admin)
    __attribute__((warn_unused_result));

#endif
