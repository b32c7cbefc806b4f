#ifndef ADMIN_RESEAL_H
#define ADMIN_RESEAL_H

#include <stdint.h>

#include "admin/admin.h"

/* What became of the boxes. */
struct reseal {
	int64_t done;		/* sealed anew */
	int64_t unopened;	/* that do not open, and stay as they are */
};

/*
 * Seal every box that is under another key with that of key_id, which must be
 * the active one of the database, until there is none left but those that do
 * not open. Works while others save: a box that was replaced
 * meanwhile is left alone. Counts into reseal. Returns false with the reason
 * logged; what is done by then stays done.
 */
bool reseal_all(const struct admin *admin, struct store *store,
    struct keeper *keeper, uint32_t key_id, struct reseal *reseal)
    __attribute__((warn_unused_result));

#endif
