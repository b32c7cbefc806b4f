/*
 * The audit's keyed hashes. Refuses to know what is audited and where it is
 * kept.
 */
#include "config.h"

#include <string.h>

#include <sodium.h>

#include "secrets/chain.h"
#include "secrets/secret.h"

struct chain {
	unsigned char key[KEYRING_KEY_LEN];
	unsigned char owner_key[crypto_shorthash_KEYBYTES];
};

/* A place, hidden: its tag, and seq under what comes of the tag. */
enum { TAG_LEN = 16, SEQ_LEN = 8, PLACE_VERSION = 1 };

struct place {
	unsigned char version;
	unsigned char tag[TAG_LEN];
	unsigned char seq[SEQ_LEN];
};

/* What the key of owners is made from, with the chain's. */
#define OWNER "owner"

struct chain *
chain_new(struct keeper *keeper)
{
	struct chain *chain = secret_alloc(sizeof *chain);

	if (chain == NULL)
		return (NULL);
	memcpy(chain->key, keyring_chain_key(keeper_borrow(keeper)),
	    sizeof chain->key);
	keeper_return(keeper);
	crypto_generichash(chain->owner_key, sizeof chain->owner_key,
	    (const unsigned char *)OWNER, sizeof OWNER - 1, chain->key,
	    sizeof chain->key);
	return (chain);
}

void
chain_free(struct chain *chain)
{
	secret_free(chain);
}

void
chain_salt(unsigned char salt[CHAIN_SALT_LEN])
{
	randombytes_buf(salt, CHAIN_SALT_LEN);
}

/* bytes NULL: a length that no text has, and nothing. */
static void
add(crypto_generichash_state *state, const void *bytes, size_t len)
{
	uint32_t n = bytes == NULL ? UINT32_MAX : (uint32_t)len;
	const unsigned char head[4] = {
		(unsigned char)(n >> 24), (unsigned char)(n >> 16),
		(unsigned char)(n >> 8), (unsigned char)n
	};

	crypto_generichash_update(state, head, sizeof head);
	if (bytes != NULL)
		crypto_generichash_update(state, bytes, len);
}

static void
add_text(crypto_generichash_state *state, const char *text)
{
	add(state, text, text == NULL ? 0 : strlen(text));
}

void
chain_digest(unsigned char digest[CHAIN_HASH_LEN],
    const unsigned char salt[CHAIN_SALT_LEN], const char *subject)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, CHAIN_HASH_LEN);
	add(&state, salt, CHAIN_SALT_LEN);
	add_text(&state, subject);
	crypto_generichash_final(&state, digest, CHAIN_HASH_LEN);
}

/* 8 bytes, big-endian. */
static void
add_number(crypto_generichash_state *state, int64_t n)
{
	unsigned char bytes[8];
	int i;

	for (i = 0; i < 8; i++)
		bytes[i] = (unsigned char)((uint64_t)n >> (56 - 8 * i));
	add(state, bytes, sizeof bytes);
}

void
chain_hash(const struct chain *chain, unsigned char hash[CHAIN_HASH_LEN],
    const unsigned char before[CHAIN_HASH_LEN], const struct chain_row *row)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, chain->key, sizeof chain->key,
	    CHAIN_HASH_LEN);
	add(&state, before, CHAIN_HASH_LEN);
	add_number(&state, row->seq);
	add_text(&state, row->at);
	add_text(&state, row->action);
	add_text(&state, row->integration_id);
	add_text(&state, row->request_id);
	add(&state, row->digest, CHAIN_HASH_LEN);
	crypto_generichash_final(&state, hash, CHAIN_HASH_LEN);
	sodium_memzero(&state, sizeof state);
}

int64_t
chain_owner(const struct chain *chain, const char *user)
{
	unsigned char hash[crypto_shorthash_BYTES];
	uint64_t owner = 0;
	size_t i;

	crypto_shorthash(hash, (const unsigned char *)user, strlen(user),
	    chain->owner_key);
	for (i = 0; i < sizeof hash; i++)
		owner = owner << 8 | hash[i];
	return (owner != 0 ? (int64_t)owner : 1);
}

void
chain_cover(const struct chain *chain, unsigned char cover[CHAIN_HASH_LEN],
    int64_t chain_id, int64_t seq, const unsigned char hash[CHAIN_HASH_LEN])
{
	crypto_generichash_state state;
	unsigned char one[CHAIN_HASH_LEN];

	crypto_generichash_init(&state, chain->key, sizeof chain->key,
	    sizeof one);
	add_text(&state, "cover");
	add_number(&state, chain_id);
	add_number(&state, seq);
	add(&state, hash, CHAIN_HASH_LEN);
	crypto_generichash_final(&state, one, sizeof one);
	sodium_memzero(&state, sizeof state);
	chain_cover_add(cover, one);
}

void
chain_cover_add(unsigned char cover[CHAIN_HASH_LEN],
    const unsigned char other[CHAIN_HASH_LEN])
{
	int i;

	for (i = 0; i < CHAIN_HASH_LEN; i++)
		cover[i] ^= other[i];
}

void
chain_show(char text[CHAIN_TEXT_LEN + 1],
    const unsigned char hash[CHAIN_HASH_LEN])
{
	sodium_bin2hex(text, CHAIN_TEXT_LEN + 1, hash, CHAIN_HASH_LEN);
}

bool
chain_read(unsigned char hash[CHAIN_HASH_LEN], const char *text, size_t len)
{
	size_t got;

	return (len == CHAIN_TEXT_LEN && sodium_hex2bin(hash, CHAIN_HASH_LEN,
	    text, len, NULL, &got, NULL) == 0 && got == CHAIN_HASH_LEN);
}

static void
make_tag(const struct chain *chain, const char *user, int64_t seq,
    unsigned char tag[TAG_LEN])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, chain->key, sizeof chain->key,
	    TAG_LEN);
	add_text(&state, "place");
	add_text(&state, user);
	add_number(&state, seq);
	crypto_generichash_final(&state, tag, TAG_LEN);
	sodium_memzero(&state, sizeof state);
}

/* Put seq under what comes of the tag, or out of it. */
static void
cover_seq(const struct chain *chain, struct place *place)
{
	crypto_generichash_state state;
	unsigned char pad[TAG_LEN];
	int i;

	crypto_generichash_init(&state, chain->key, sizeof chain->key,
	    sizeof pad);
	add_text(&state, "pad");
	add(&state, place->tag, TAG_LEN);
	crypto_generichash_final(&state, pad, sizeof pad);
	sodium_memzero(&state, sizeof state);
	for (i = 0; i < SEQ_LEN; i++)
		place->seq[i] ^= pad[i];
}

void
chain_place_write(const struct chain *chain, const char *user, int64_t seq,
    char text[CHAIN_PLACE_LEN + 1])
{
	struct place place = { .version = PLACE_VERSION };
	int i;

	make_tag(chain, user, seq, place.tag);
	for (i = 0; i < SEQ_LEN; i++)
		place.seq[i] = (unsigned char)((uint64_t)seq >> (56 - 8 * i));
	cover_seq(chain, &place);
	sodium_bin2base64(text, CHAIN_PLACE_LEN + 1,
	    (const unsigned char *)&place, sizeof place,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool
chain_place_read(const struct chain *chain, const char *user,
    const char *text, size_t len, int64_t *seq)
{
	unsigned char tag[TAG_LEN];
	struct place place;
	uint64_t n = 0;
	size_t got;
	int i;

	if (len != CHAIN_PLACE_LEN ||
	    sodium_base642bin((unsigned char *)&place, sizeof place, text,
	    len, NULL, &got, NULL,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    got != sizeof place || place.version != PLACE_VERSION)
		return (false);
	cover_seq(chain, &place);
	for (i = 0; i < SEQ_LEN; i++)
		n = n << 8 | place.seq[i];
	make_tag(chain, user, (int64_t)n, tag);
	*seq = (int64_t)n;
	return (sodium_memcmp(tag, place.tag, sizeof tag) == 0);
}
