#ifndef KEYRING_H
#define KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "secrets/keyfile.h"

/*
 * The keys of a key file: a root for the hashes of API keys, and the master
 * keys that auth_data is sealed with, one of them in use. What is derived
 * from them (crypto_kdf) stays in one locked block of memory.
 */
enum {
	KEYRING_MAX = KEYFILE_KEYS_MAX,	/* master keys in a file */
	KEYRING_KEY_LEN = KEYFILE_KEY_LEN,
	KEYRING_PRINT_LEN = 32
};

struct keyring;

/* What a database remembers of a key: proof that it is there, no more. */
struct keyring_print {
	uint32_t key_id;		/* 0 for the root */
	const char *purpose;		/* "hash" or "seal", static */
	unsigned char fingerprint[KEYRING_PRINT_LEN];
};

/*
 * Make a key file with fresh keys, mode 0600, and sync it and its directory.
 * An existing file is an error. Returns 0, or -1 with the reason logged.
 */
int keyring_create(const char *path) __attribute__((warn_unused_result));

/*
 * Append a fresh master key to a key file, or take one out; as keyfile_replace
 * for what comes back. One that is not there need not be taken out, the only
 * one is not.
 */
int keyring_append(const char *path) __attribute__((warn_unused_result));
int keyring_remove(const char *path, uint32_t key_id)
    __attribute__((warn_unused_result));

/*
 * Load a key file that keyfile_read takes; its last master key is in use.
 * NULL: refused, the reason logged.
 */
struct keyring *keyring_load(const char *path)
    __attribute__((warn_unused_result));

/* Wipe and release; takes NULL. */
void keyring_free(struct keyring *keyring);

/* The fingerprints of all keys; returns how many. */
size_t keyring_prints(const struct keyring *keyring,
    struct keyring_print prints[KEYRING_MAX + 1]);

/* The key for the hashes of API keys, KEYRING_KEY_LEN bytes, lent. */
const unsigned char *keyring_hash_key(const struct keyring *keyring);

/*
 * The keys for the prints of what is sealed, and for the audit's chain, as
 * long; lent. They stay the same when master keys come and go.
 */
const unsigned char *keyring_print_key(const struct keyring *keyring);
const unsigned char *keyring_chain_key(const struct keyring *keyring);

/* The id of the master key in use. */
uint32_t keyring_active_id(const struct keyring *keyring);

/* Use another one; -1 where it is not there, and nothing is changed. */
int keyring_activate(struct keyring *keyring, uint32_t key_id)
    __attribute__((warn_unused_result));

/* Whether both have the same root: states of one key file. */
bool keyring_is_kin(const struct keyring *one, const struct keyring *other);

/* The sealing key under master key key_id, lent; NULL where there is none. */
const unsigned char *keyring_seal_key(const struct keyring *keyring,
    uint32_t key_id);

#endif
