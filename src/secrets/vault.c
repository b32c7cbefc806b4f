/*
 * Sealing and opening of boxes; the only caller of the AEAD. Refuses to know
 * what is inside.
 */
#include "config.h"

#include <string.h>

#include <sodium.h>

#include "ground/be32.h"
#include "ground/log.h"
#include "secrets/vault.h"

enum {
	BOX_VERSION = 1,
	NONCE_LEN = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_LEN = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	HEAD_LEN = 1 + BE32_LEN,
	PAD_MIN = 256
};

_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == KEYRING_KEY_LEN,
    "the keyring's keys are the AEAD's");

/*
 * The block that len bytes are padded to: a power of two between a sixteenth
 * and an eighth of len, so that padding costs little and leaves few lengths.
 */
static size_t
pad_block(size_t len)
{
	size_t block = PAD_MIN;

	while (block < len / 16)
		block *= 2;
	return (block);
}

static void
put_sized(struct buf *out, const char *text)
{
	unsigned char len[BE32_LEN];

	be32_put(len, (uint32_t)strlen(text));
	buf_put(out, len, sizeof len);
	buf_puts(out, text);
}

/* What the box is bound to: its own head, then each text after its length. */
static void
put_additional_data(struct buf *out, const unsigned char head[HEAD_LEN],
    const struct vault_row *row)
{
	buf_put(out, head, HEAD_LEN);
	put_sized(out, row->created_by);
	put_sized(out, row->unique_identifier);
}

int
vault_seal(const struct keyring *keyring, const struct vault_row *row,
    const void *plain, size_t plain_len, struct buf *box)
{
	size_t block = pad_block(plain_len), padded_len;
	unsigned char head[HEAD_LEN] = { BOX_VERSION };
	unsigned char *nonce, *text;
	struct buf ad;
	int rc = -1;

	buf_init(&ad, 8192);
	padded_len = (plain_len / block + 1) * block;
	be32_put(head + 1, keyring_active_id(keyring));
	put_additional_data(&ad, head, row);
	buf_put(box, head, sizeof head);
	nonce = (unsigned char *)buf_grow(box, NONCE_LEN + padded_len +
	    TAG_LEN);
	if (nonce == NULL || ad.failed) {
		log_error("out of memory while sealing");
		goto done;
	}
	randombytes_buf(nonce, NONCE_LEN);
	text = nonce + NONCE_LEN;
	memcpy(text, plain, plain_len);
	/* As sodium_pad, which goes over the block as if len were secret. */
	memset(text + plain_len, 0, padded_len - plain_len);
	text[plain_len] = 0x80;
	rc = crypto_aead_xchacha20poly1305_ietf_encrypt(text, NULL, text,
	    padded_len, (const unsigned char *)ad.data, ad.len, NULL, nonce,
	    keyring_seal_key(keyring, keyring_active_id(keyring)));
done:
	buf_fini(&ad);
	return (rc);
}

uint32_t
vault_key_id(const void *box, size_t len)
{
	const unsigned char *head = box;

	if (head == NULL || len < HEAD_LEN || head[0] != BOX_VERSION)
		return (0);
	return (be32_get(head + 1));
}

enum vault_rc
vault_open(const struct keyring *keyring, const struct vault_row *row,
    const void *box, size_t box_len, struct buf *plain)
{
	const unsigned char *head = box, *key;
	unsigned char *text;
	size_t padded_len, plain_len, before = plain->len;
	enum vault_rc rc = VAULT_REFUSED;
	struct buf ad;

	buf_init(&ad, 8192);
	if (box_len < HEAD_LEN + NONCE_LEN + PAD_MIN + TAG_LEN ||
	    head[0] != BOX_VERSION)
		goto done;
	if ((key = keyring_seal_key(keyring, be32_get(head + 1))) == NULL)
		goto done;
	padded_len = box_len - HEAD_LEN - NONCE_LEN - TAG_LEN;
	put_additional_data(&ad, head, row);
	text = (unsigned char *)buf_grow(plain, padded_len);
	if (text == NULL || ad.failed) {
		rc = VAULT_NOMEM;
		goto done;
	}
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(text, NULL, NULL,
	    head + HEAD_LEN + NONCE_LEN, padded_len + TAG_LEN,
	    (const unsigned char *)ad.data, ad.len, head + HEAD_LEN,
	    key) == -1 || sodium_unpad(&plain_len, text, padded_len,
	    pad_block(padded_len)) == -1) {
		plain->len = before;
		goto done;
	}
	plain->len = before + plain_len;
	rc = VAULT_OK;
done:
	buf_fini(&ad);
	return (rc);
}

enum vault_rc
vault_open_kept(struct keeper *keeper, const struct vault_row *row,
    const void *box, size_t box_len, struct buf *plain)
{
	uint32_t key_id = vault_key_id(box, box_len);
	enum vault_rc rc = VAULT_REFUSED;

	if (key_id != 0) {
		rc = vault_open(keeper_borrow_to_open(keeper, key_id), row,
		    box, box_len, plain);
		keeper_return(keeper);
	}
	return (rc);
}
