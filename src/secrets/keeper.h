#ifndef KEEPER_H
#define KEEPER_H

#include "secrets/keyring.h"

/*
 * The keyring of a process that serves while master keys come and go: it is
 * swapped whole for what the key file has become. Any thread.
 */
struct keeper;

/* Load the key file; NULL: refused, the reason logged. */
struct keeper *keeper_open(const char *path)
    __attribute__((warn_unused_result));

/* Wipe and release; takes NULL. No keyring is lent. */
void keeper_close(struct keeper *keeper);

/*
 * Lend the keyring, to be given back soon. key_id is the master key that the
 * database calls active, 0 for whoever does not care: if it is not in use the
 * keyring is brought up to date first. Where the key file lacks it that is
 * logged, and the keyring stays as it was; the file is looked at again a
 * second later.
 */
const struct keyring *keeper_borrow(struct keeper *keeper, uint32_t key_id);
void keeper_return(struct keeper *keeper);

/* Load the key file again; 0, or -1 with the reason logged. */
int keeper_reload(struct keeper *keeper) __attribute__((warn_unused_result));

#endif
