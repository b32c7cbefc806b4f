#ifndef ADMIN_KEY_H
#define ADMIN_KEY_H

#include <stdint.h>

#include "admin/admin.h"
#include "body/rotation.h"

/* What the commands for API keys have in common. */

enum { KEY_DRAWS_MAX = 8 };		/* of public ids, of which are 36^8 */

/* A change to a key: what it is in the audit, and how it is made. */
struct key_change {
	const char *action;
	enum store_rc (*run)(struct store *, struct key_change *,
	    const char *now);
	const struct store_key *key;	/* that is changed, or made */
	const unsigned char *hash;	/* of a new one */
	struct rotation *rotation;	/* for one that takes its place */
};

/* Make it and tell the audit, in one transaction. */
enum store_rc admin_key_change(const struct admin *admin, struct store *store,
    struct keeper *keeper, struct key_change *change)
    __attribute__((warn_unused_result));

/* Revoke the key of that public id, and what has taken its place. */
enum store_rc admin_key_revoke_id(const struct admin *admin,
    struct store *store, struct keeper *keeper, const char *public_id)
    __attribute__((warn_unused_result));

/*
 * Print a key that is stored. One that nobody has seen is not to be good: it
 * is revoked, and the reason logged.
 */
enum admin_rc admin_key_show(const struct admin *admin, struct store *store,
    struct keeper *keeper, const char *text, const char *public_id)
    __attribute__((warn_unused_result));

/*
 * Until it ends, let a signal break off what this process waits for, and not
 * the process: a key that is made is to be shown or revoked.
 */
void admin_key_outlive_signals(void);

/* Read a time, a number and s, m, h or d, of low to high seconds. */
bool admin_key_seconds(const char *text, uint64_t low, uint64_t high,
    uint64_t *seconds) __attribute__((warn_unused_result));

#endif
