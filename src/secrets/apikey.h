#ifndef APIKEY_H
#define APIKEY_H

#include <stdbool.h>
#include <stddef.h>

#include "secrets/keyring.h"

/*
 * API keys: srk_, a public id (8 of 0-9a-z), _, a secret (32 random bytes in
 * base64url, 43 characters), a checksum (6 of 0-9A-Za-z over all before it).
 * A foreign key that was brought in is 16 to 512 printable ASCII characters
 * without space and comma, and does not begin with srk_.
 */
enum {
	APIKEY_LEN = 62,
	APIKEY_PUBLIC_ID_LEN = 8,
	APIKEY_HASH_LEN = 32,
	APIKEY_FOREIGN_MIN = 16,
	APIKEY_FOREIGN_MAX = 512
};

enum apikey_rc { APIKEY_OK, APIKEY_MALFORMED, APIKEY_CHECKSUM };

/* Write a fresh public id and a NUL. */
void apikey_make_public_id(char public_id[APIKEY_PUBLIC_ID_LEN + 1]);

/* Whether text begins with what may be one; no byte behind NUL is looked at. */
bool apikey_is_public_id(const char *text);

/* Write a fresh key under public_id and a NUL. */
void apikey_make(char key[APIKEY_LEN + 1], const char *public_id);

/*
 * Whether len bytes, behind which a text may go on, are a key of either kind;
 * without looking it up.
 */
enum apikey_rc apikey_check(const char *key, size_t len);

/* Whether key, which apikey_check has passed, is of our own making. */
bool apikey_is_ours(const char *key);

/* Copy the public id out of a key of our own making, with a NUL. */
void apikey_public_id(char public_id[APIKEY_PUBLIC_ID_LEN + 1],
    const char *key);

/* The keyed BLAKE2b-256 of the whole key, under which it is stored. */
void apikey_hash(unsigned char hash[APIKEY_HASH_LEN],
    const struct keyring *keyring, const char *key, size_t len);

#endif
