#ifndef ADMIN_AUDIT_H
#define ADMIN_AUDIT_H

#include "store/store_chain.h"

/* A row's place and hash, as SEQ:HASH. */
enum { AUDIT_HEAD_LEN = 20 + 1 + CHAIN_TEXT_LEN };
void admin_audit_show(char text[AUDIT_HEAD_LEN + 1], int64_t seq,
    const unsigned char hash[CHAIN_HASH_LEN]);

/*
 * Call each with every row behind after, oldest first, or with those of owner,
 * until it returns non-zero. Nothing is being read meanwhile.
 */
enum store_rc admin_audit_rows(struct store *store, int64_t after,
    int64_t owner, int (*each)(void *cookie,
    const struct store_audit_row *row), void *cookie)
    __attribute__((warn_unused_result));

#endif
