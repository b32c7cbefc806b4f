/*
 * Hashes without a key, of pieces.
 */
#include "config.h"

#include <sodium.h>

#include "secrets/digest.h"

_Static_assert(sizeof(crypto_generichash_state) <= DIGEST_STATE_LEN,
    "the state has to fit");

static crypto_generichash_state *
state_of(struct digest *digest)
{
	return ((void *)digest);
}

void
digest_init(struct digest *digest)
{
	(void)crypto_generichash_init(state_of(digest), NULL, 0, DIGEST_LEN);
}

void
digest_add(struct digest *digest, const void *bytes, size_t len)
{
	const struct head {
		size_t len;
		size_t is_null;
	} head = { len, bytes == NULL };

	(void)crypto_generichash_update(state_of(digest), (const void *)&head,
	    sizeof head);
	if (len > 0)
		(void)crypto_generichash_update(state_of(digest), bytes, len);
}

void
digest_end(struct digest *digest, unsigned char out[DIGEST_LEN])
{
	(void)crypto_generichash_final(state_of(digest), out, DIGEST_LEN);
}
