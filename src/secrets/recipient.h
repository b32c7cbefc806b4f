#ifndef RECIPIENT_H
#define RECIPIENT_H

/*
 * Whoever is to read an export: an X25519 key pair (crypto_box of libsodium).
 * A key is written srpub_ or srsec_ and 48 characters: base64url without
 * padding (RFC 4648, section 5) of the key's 32 bytes and the first 4 of
 * their BLAKE2b-256, so that a typing error is told from a key.
 */
enum {
	RECIPIENT_KEY_LEN = 32,
	RECIPIENT_TEXT_LEN = 54
};

/*
 * Make a key pair: the secret key in a new file of mode 0600, one line; its
 * public key in public_text. Returns 0, or -1 with the reason logged.
 */
int recipient_create(const char *path,
    char public_text[RECIPIENT_TEXT_LEN + 1])
    __attribute__((warn_unused_result));

/* Read a public key. Returns 0, or -1 with the reason logged. */
int recipient_read(const char *text,
    unsigned char public_key[RECIPIENT_KEY_LEN])
    __attribute__((warn_unused_result));

/*
 * Load the secret key of a file that no one else may read. The caller's to
 * secret_free; NULL with the reason logged.
 */
unsigned char *recipient_load(const char *path)
    __attribute__((warn_unused_result));

#endif
