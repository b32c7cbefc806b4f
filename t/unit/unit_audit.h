#ifndef UNIT_AUDIT_H
#define UNIT_AUDIT_H

/* For tests of the audit: a database, its chain, and rows. */
#include <sqlite3.h>

#include "body/trail.h"
#include "secrets/chain.h"
#include "store/store_chain.h"
#include "unit/unit_store.h"

struct unit_audit {
	struct store *store;
	struct chain *chain;
	int count;			/* of rows that were added */
};

static inline void
unit_audit_begin(struct unit_audit *audit)
{
	struct keeper *keeper;

	*audit = (struct unit_audit){ .count = 0 };
	keyring_free(unit_create());
	keeper = keeper_open(unit_key_file);
	ck_assert_ptr_nonnull(keeper);
	audit->chain = chain_new(keeper);
	ck_assert_ptr_nonnull(audit->chain);
	keeper_close(keeper);
	audit->store = unit_open(STORE_WRITE);
}

static inline void
unit_audit_end(struct unit_audit *audit)
{
	store_close(audit->store);
	chain_free(audit->chain);
}

/* Add a row inside a transaction; at NULL: of now. */
static inline void
unit_audit_put(struct unit_audit *audit, const char *action, const char *user,
    const char *id, const char *at)
{
	char request_id[32];
	struct trail trail;

	snprintf(request_id, sizeof request_id, "request-%d", ++audit->count);
	trail_init(&trail, audit->chain, action, request_id,
	    &(struct trail_who){ .user = user });
	trail.entry.integration_id = id;
	if (at != NULL)
		trail.entry.at = at;
	ck_assert_int_eq(trail_end(&trail), 0);
	ck_assert_int_eq(store_audit_add(audit->store, &trail.entry),
	    STORE_OK);
	trail_fini(&trail);
}

static inline void
unit_audit_add(struct unit_audit *audit, const char *action, const char *user)
{
	ck_assert_int_eq(store_begin(audit->store, UNIT_WAIT_MS), STORE_OK);
	unit_audit_put(audit, action, user, "id", NULL);
	ck_assert_int_eq(store_commit(audit->store), STORE_OK);
}

#endif
