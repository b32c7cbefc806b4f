#ifndef DIGEST_H
#define DIGEST_H

#include <stddef.h>

/*
 * BLAKE2b (RFC 7693) without a key, of what comes piece by piece: for telling
 * whether two things are the same, where nothing of them is a secret or what is
 * is sealed already.
 */
enum { DIGEST_LEN = 32, DIGEST_STATE_LEN = 384 };

struct digest {
	_Alignas(64) unsigned char state[DIGEST_STATE_LEN];
};

void digest_init(struct digest *digest);

/* One more piece; its length, and whether it is NULL, count as well. */
void digest_add(struct digest *digest, const void *bytes, size_t len);

void digest_end(struct digest *digest, unsigned char out[DIGEST_LEN]);

#endif
