#ifndef STORE_CHANGE_H
#define STORE_CHANGE_H

#include "store/store.h"

/*
 * What is done to an integration that is there, for its owner, each inside a
 * transaction. An id that is unknown, another user's or of another type is
 * STORE_NOT_FOUND, by the same work. That, STORE_PRECONDITION, STORE_MOVED,
 * STORE_HELD, STORE_LOST, STORE_SEAL_AGAIN and STORE_LACKS have changed
 * nothing; they and STORE_OK leave the transaction good. What is asked for
 * stays as it is, so that it can be asked for again.
 */

/*
 * One change. save is what the row is to become, of which the members that
 * are not *_given stay as they are; name counts as given. It was made from the
 * row as it was at revision.
 */
struct store_change {
	struct store_asker asker;
	const char *integration_id;
	int64_t revision;
	const struct integration *was;	/* the row at that revision */
	bool is_same;			/* it is to stay as it is */
	const char *lease_id;		/* that must hold now; NULL: none */
	bool ends_lease;
	struct store_save *save;	/* its conditions count, too */
	struct store_use use;		/* as it is afterwards */
};

/*
 * Store it. STORE_PRECONDITION: the row is not one of those that are asked
 * for. STORE_LOST: lease_id is no lease that holds on it. STORE_MOVED: it has
 * another revision. STORE_SEAL_AGAIN: as of store_save. They are looked for in
 * this order. On STORE_OK save->stored reads as the row that is stored,
 * auth_data left out. A change of auth_data ends the lease, asked for or not.
 */
enum store_rc store_change(struct store *store, struct store_change *change)
    __attribute__((warn_unused_result));

/* One deletion. Texts of row lie in arena, which is the caller's to empty. */
struct store_deletion {
	struct store_asker asker;
	const char *integration_id;
	struct field_lines if_match;
	struct field_lines if_none_match;
	struct room *room;		/* for the row; lent, or NULL */
	struct arena arena;
	struct integration row;		/* what was deleted, without its box */
	struct store_use use;
};

/*
 * Delete a row, its box, and what is known of its use. STORE_PRECONDITION as of
 * store_change. STORE_LACKS: room has none for the row.
 */
enum store_rc store_delete(struct store *store,
    struct store_deletion *deletion) __attribute__((warn_unused_result));

/*
 * A lease: while it holds, from granted_at up to, and not including,
 * expires_at, nobody else gets one. The clock is the store's.
 */
struct store_lease {
	struct store_asker asker;
	const char *integration_id;
	const char *lease_id;		/* to be granted, or given back */
	int seconds;
	/* What has come of it. */
	char expires_at[IDENT_TIME_LEN + 1];	/* of the one that holds */
	int64_t retry_after;		/* whole seconds until then, or a bit
					   more */
	int64_t revision;		/* of the row */
};

/* Grant it. STORE_HELD: another one holds. */
enum store_rc store_lease_grant(struct store *store,
    struct store_lease *lease) __attribute__((warn_unused_result));

/* End it. STORE_LOST: it does not hold. */
enum store_rc store_lease_release(struct store *store,
    struct store_lease *lease) __attribute__((warn_unused_result));

#endif
