#ifndef KEYFIT_H
#define KEYFIT_H

#include "secrets/keeper.h"
#include "store/store.h"

/*
 * See that a keeper has all keys that a database was sealed with, but those
 * that are retired. STORE_OTHER_KEY: it has not, nor has its key file by now,
 * and that is logged.
 */
enum store_rc keyfit_check(struct store *store, struct keeper *keeper,
    const char *key_file, const char *database)
    __attribute__((warn_unused_result));

/* Say that a key file is another one; what: "database" or "backup". */
void keyfit_complain(const char *key_file, const char *what,
    const char *path);

#endif
