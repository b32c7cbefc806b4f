#ifndef VAULT_H
#define VAULT_H

#include <stddef.h>

#include "ground/buf.h"
#include "secrets/keeper.h"
#include "secrets/keyring.h"

/*
 * Boxes of auth_data at rest. XChaCha20-Poly1305-IETF (libsodium) under a key
 * derived from the master key in use, with a random nonce. In bytes: version
 * (1), key id (4, big-endian), nonce (24), ciphertext and tag. The plaintext
 * is padded first (ISO/IEC 7816-4), so that its length says little. The
 * additional data bind version, key id, owner and unique_identifier: a box
 * that is moved to another row or owner does not open.
 */

/* The row that a box belongs to. Texts are lent. */
struct vault_row {
	const char *created_by;
	const char *unique_identifier;
};

/*
 * Append to box the sealed plain. Returns 0, or -1 when memory is short or
 * box is full, which is logged.
 */
int vault_seal(const struct keyring *keyring, const struct vault_row *row,
    const void *plain, size_t plain_len, struct buf *box)
    __attribute__((warn_unused_result));

/*
 * The id of the master key of a box whose first len bytes are at box; 0 where
 * they are those of no box.
 */
uint32_t vault_key_id(const void *box, size_t len);

enum vault_rc { VAULT_OK, VAULT_REFUSED, VAULT_NOMEM };

/*
 * Append to plain what box holds. VAULT_REFUSED: it is no box of this row
 * under a key of this keyring, or was altered.
 */
enum vault_rc vault_open(const struct keyring *keyring,
    const struct vault_row *row, const void *box, size_t box_len,
    struct buf *plain) __attribute__((warn_unused_result));

/*
 * The same for who reads boxes while master keys are rotated, with whatever
 * keyring of the keeper's has the box's key.
 */
enum vault_rc vault_open_kept(struct keeper *keeper,
    const struct vault_row *row, const void *box, size_t box_len,
    struct buf *plain) __attribute__((warn_unused_result));

#endif
