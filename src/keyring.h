#ifndef KEYRING_H
#define KEYRING_H

#include <stddef.h>
#include <stdint.h>

/*
 * The key file: a root for the hashes of API keys, and the master keys that
 * auth_data is sealed with, the last of them in use. Layout, in bytes:
 * magic (16), root (32), master keys of id (4, big-endian) and key (32) each,
 * BLAKE2b-256 over all before it (32). What is derived from them
 * (crypto_kdf) stays in one locked block of memory.
 */
enum {
	KEYRING_MAX = 64,		/* master keys in a file */
	KEYRING_KEY_LEN = 32,
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
 * Load a key file: a regular file of ours, not a link, that no one else may
 * read, of the right size and undamaged. NULL: refused, the reason logged.
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

/* The id of the master key in use. */
uint32_t keyring_active_id(const struct keyring *keyring);

/* The sealing key under master key key_id, lent; NULL where there is none. */
const unsigned char *keyring_seal_key(const struct keyring *keyring,
    uint32_t key_id);

#endif
