#ifndef PRINT_H
#define PRINT_H

#include <stddef.h>

#include "secrets/keyring.h"
#include "secrets/vault.h"

/*
 * Keyed hashes (BLAKE2b) by which one can tell whether two secrets are the
 * same, and nothing else without the key file.
 */
enum { PRINT_LEN = 16, PRINT_TEXT_LEN = 16 };

/*
 * What is kept beside a box: the hash of what it holds, and of the row that it
 * belongs to, as of vault_seal.
 */
void print_make(unsigned char print[PRINT_LEN], const struct keyring *keyring,
    const struct vault_row *row, const void *plain, size_t len);

/*
 * What is answered of it: 16 hexadecimal digits and a NUL, other ones for each
 * integration_id.
 */
void print_show(char text[PRINT_TEXT_LEN + 1], const struct keyring *keyring,
    const char *integration_id, const unsigned char print[PRINT_LEN]);

/*
 * The hash of any pieces of text under a purpose, where what is compared is
 * not to be kept.
 */
struct print_piece {
	const void *bytes;
	size_t len;
};
void print_pieces(unsigned char print[PRINT_LEN],
    const struct keyring *keyring, const char *purpose,
    const struct print_piece *pieces, size_t count);

#endif
