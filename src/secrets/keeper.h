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
 * Lend the keyring as it is, for who needs no master key in particular. To be
 * given back soon, as whatever is lent here.
 */
const struct keyring *keeper_borrow(struct keeper *keeper);
void keeper_return(struct keeper *keeper);

/*
 * Lend the keyring with that master key in use, which is the one that the
 * database calls active; or with that master key in it, whichever is in use.
 * Where it is not there the key file is read again. Where that lacks it too it
 * is logged, and the keyring stays as it was; the file is looked at for the
 * same key again a second later.
 */
const struct keyring *keeper_borrow_to_seal(struct keeper *keeper,
    uint32_t key_id);
const struct keyring *keeper_borrow_to_open(struct keeper *keeper,
    uint32_t key_id);

/* Load the key file again; 0, or -1 with the reason logged. */
int keeper_reload(struct keeper *keeper) __attribute__((warn_unused_result));

#endif
