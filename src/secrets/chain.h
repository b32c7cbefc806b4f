#ifndef CHAIN_H
#define CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "secrets/keeper.h"

/*
 * The keyed hashes by which the rows of the audit hang together, so that who
 * writes to the database without the key file can change, remove or add none.
 */
struct chain;

enum { CHAIN_HASH_LEN = 32, CHAIN_SALT_LEN = 16 };

/* With the key of a key file, in locked memory. NULL: logged. */
struct chain *chain_new(struct keeper *keeper)
    __attribute__((warn_unused_result));

/* Wipe and release; takes NULL. */
void chain_free(struct chain *chain);

/*
 * A fresh salt, from the system alone: once it is erased it is a secret, which
 * the copy of a machine must not have.
 */
void chain_salt(unsigned char salt[CHAIN_SALT_LEN]);

/*
 * What stands for a subject when that is erased: BLAKE2b of salt and text,
 * each with its length in front.
 */
void chain_digest(unsigned char digest[CHAIN_HASH_LEN],
    const unsigned char salt[CHAIN_SALT_LEN], const char *subject);

/* A row, but for its subject. integration_id NULL is hashed as none. */
struct chain_row {
	int64_t seq;
	const char *at;
	const char *action;
	const char *integration_id;
	const char *request_id;
	const unsigned char *digest;	/* CHAIN_HASH_LEN bytes */
};

/*
 * The hash of a row behind one whose hash is before; before the first row it
 * is all zero. Keyed BLAKE2b-256 of before, seq, at, action, integration_id,
 * request_id, digest, each with its length in 4 bytes in front, big-endian;
 * seq is 8 bytes, big-endian.
 */
void chain_hash(const struct chain *chain, unsigned char hash[CHAIN_HASH_LEN],
    const unsigned char before[CHAIN_HASH_LEN], const struct chain_row *row);

/*
 * By which a user's rows are found, never 0: SipHash-2-4 of the name under a
 * key of its own.
 */
int64_t chain_owner(const struct chain *chain, const char *user);

/*
 * Rows whose subject is emptied are covered by the exclusive or of keyed hashes
 * of each: of chain_id, seq and hash, as above. Add a row, or others' cover.
 * All zero covers nothing; who lacks the key finds no further row that a cover
 * would fit.
 */
void chain_cover(const struct chain *chain,
    unsigned char cover[CHAIN_HASH_LEN], int64_t chain_id, int64_t seq,
    const unsigned char hash[CHAIN_HASH_LEN]);
void chain_cover_add(unsigned char cover[CHAIN_HASH_LEN],
    const unsigned char other[CHAIN_HASH_LEN]);

/*
 * A row's place for a user's eyes, as text and a NUL: who lacks the key learns
 * nothing of it, for it would count what others do. The same place is the same
 * text. Back: false where it is none, or another user's.
 */
enum { CHAIN_PLACE_LEN = 34 };
void chain_place_write(const struct chain *chain, const char *user,
    int64_t seq, char text[CHAIN_PLACE_LEN + 1]);
bool chain_place_read(const struct chain *chain, const char *user,
    const char *text, size_t len, int64_t *seq)
    __attribute__((warn_unused_result));

/* A hash in hexadecimal digits and a NUL; and back. False: it is none. */
enum { CHAIN_TEXT_LEN = 2 * CHAIN_HASH_LEN };
void chain_show(char text[CHAIN_TEXT_LEN + 1],
    const unsigned char hash[CHAIN_HASH_LEN]);
bool chain_read(unsigned char hash[CHAIN_HASH_LEN], const char *text,
    size_t len) __attribute__((warn_unused_result));

#endif
