#ifndef VAULTED_H
#define VAULTED_H

#include "ground/conf.h"
#include "secrets/keyring.h"
#include "store/store.h"

/* The database and the keys that a configuration names. */
struct vaulted {
	struct conf conf;
	struct keyring *keyring;
	struct store *store;
};

/* Open both. Returns 0, or -1 with the reason logged; then close it, too. */
int vaulted_open(struct vaulted *vaulted, const char *conf,
    enum store_mode mode);

void vaulted_close(struct vaulted *vaulted);

#endif
