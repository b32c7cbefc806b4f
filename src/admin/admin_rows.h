#ifndef ADMIN_ROWS_H
#define ADMIN_ROWS_H

#include "store/store.h"

/*
 * Call each with every integration that query asks for (its limit and where it
 * begins are set here), or with every API key, oldest first, until it returns
 * non-zero. Nothing is being read meanwhile: each may take its time.
 */
enum store_rc admin_rows(struct store *store, struct store_query query,
    int (*each)(void *cookie, const struct integration *row), void *cookie)
    __attribute__((warn_unused_result));
enum store_rc admin_rows_of_keys(struct store *store,
    int (*each)(void *cookie, const struct store_key *key), void *cookie)
    __attribute__((warn_unused_result));

#endif
