#ifndef ADMIN_TRAIL_H
#define ADMIN_TRAIL_H

#include "body/trail.h"

/*
 * What the operator does, for the audit: begin the trail of a change to what
 * is user's, under a fresh request_id, which is to last as long as the trail.
 * Returns 0, or -1 with the reason logged; trail_fini takes it in either case.
 */
int admin_trail(struct trail *trail, const struct chain *chain,
    const char *action, char request_id[IDENT_UUID_LEN + 1],
    const char *user) __attribute__((warn_unused_result));

/*
 * Inside a transaction: the row of a change to a master key, which is nobody's:
 * the state that it is in now.
 */
enum store_rc admin_trail_master_key(struct store *store,
    const struct chain *chain, const char *action, uint32_t key_id,
    const char *state) __attribute__((warn_unused_result));

#endif
