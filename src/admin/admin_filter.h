#ifndef ADMIN_FILTER_H
#define ADMIN_FILTER_H

#include "admin/admin.h"
#include "ground/buf.h"

/* The filter that the options ask for, and what it borrows from. */
struct admin_filter {
	struct store_filter filter;
	struct buf tag;
};

/*
 * Read it. ADMIN_USAGE, logged: an option is none of what it can be. With
 * admin_filter_fini in any case.
 */
enum admin_rc admin_filter_init(struct admin_filter *to,
    const struct admin *admin) __attribute__((warn_unused_result));
void admin_filter_fini(struct admin_filter *filter);

#endif
