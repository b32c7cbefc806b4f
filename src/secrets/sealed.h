#ifndef SEALED_H
#define SEALED_H

#include <stdbool.h>
#include <stddef.h>

#include "ground/buf.h"

/*
 * Texts for whoever has one secret key, through whatever lies between:
 * crypto_box_seal of libsodium (an X25519 pair that is made for the text,
 * XSalsa20-Poly1305), written in base64url without padding (RFC 4648, section
 * 5). It does not say who has sealed it.
 */
enum { SEALED_KEY_LEN = 32 };

/*
 * Read a public key: its 32 bytes in base64 or base64url, with padding or
 * without. False: it is none that a secret key belongs to; what was sealed to
 * it could be opened by nobody, or by everybody.
 */
bool sealed_read_key(unsigned char key[SEALED_KEY_LEN], const char *text,
    size_t len) __attribute__((warn_unused_result));

/* The public key of a secret one, as that reads it: base64url, unpadded. */
enum { SEALED_KEY_TEXT_LEN = 43 };
void sealed_show_key(char text[SEALED_KEY_TEXT_LEN + 1],
    const unsigned char secret_key[SEALED_KEY_LEN]);

/*
 * Append plain to out, sealed. plain is filled up with spaces first, to a
 * multiple of SEALED_BLOCK, so that its length says little. Returns 0, or -1
 * with the reason logged.
 */
enum { SEALED_BLOCK = 256 };
int sealed_make(const unsigned char key[SEALED_KEY_LEN], struct buf *plain,
    struct buf *out) __attribute__((warn_unused_result));

/*
 * Append what a sealed text holds to plain. Returns 0, or -1: it is not sealed
 * to that key, or damaged, or memory is short; the reason is logged.
 */
int sealed_open(const unsigned char secret_key[SEALED_KEY_LEN],
    const char *text, size_t len, struct buf *plain)
    __attribute__((warn_unused_result));

#endif
