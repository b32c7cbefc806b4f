/*
 * Sealing texts to a public key that comes with a request, and opening them.
 * Refuses to know what they say.
 */
#include "config.h"

#include <string.h>

#include <sodium.h>

#include "ground/log.h"
#include "secrets/sealed.h"
#include "secrets/secret.h"

enum { BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

_Static_assert(crypto_box_PUBLICKEYBYTES == SEALED_KEY_LEN &&
    crypto_box_SECRETKEYBYTES == SEALED_KEY_LEN, "both keys are as long");
_Static_assert((SEALED_KEY_LEN * 4 + 2) / 3 == SEALED_KEY_TEXT_LEN,
    "the text is as long as its header says");

/* Whether the number is below 2^255 - 19, and its highest bit unused. */
static bool
is_canonical(const unsigned char key[SEALED_KEY_LEN])
{
	size_t i = SEALED_KEY_LEN - 1;

	if (key[i] < 0x7f)
		return (true);
	if (key[i] > 0x7f)
		return (false);
	while (--i > 0)
		if (key[i] != 0xff)
			return (true);
	return (key[0] < 0xed);
}

/*
 * Whether something comes of the key. Secret keys are multiples of the
 * cofactor, so a point of low order becomes zero with any of them (RFC 7748,
 * section 6.1), which libsodium refuses.
 */
static bool
has_order(const unsigned char key[SEALED_KEY_LEN])
{
	unsigned char any[crypto_scalarmult_SCALARBYTES] = { 8 };
	unsigned char shared[crypto_scalarmult_BYTES];

	return (crypto_scalarmult(shared, any, key) == 0);
}

bool
sealed_read_key(unsigned char key[SEALED_KEY_LEN], const char *text,
    size_t len)
{
	static const int variants[] = {
		sodium_base64_VARIANT_ORIGINAL,
		sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
		sodium_base64_VARIANT_URLSAFE,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING
	};
	size_t i, count = sizeof variants / sizeof variants[0], key_len;

	for (i = 0; i < count; i++)
		if (sodium_base642bin(key, SEALED_KEY_LEN, text, len, NULL,
		    &key_len, NULL, variants[i]) == 0 &&
		    key_len == SEALED_KEY_LEN)
			return (is_canonical(key) && has_order(key));
	return (false);
}

void
sealed_show_key(char text[SEALED_KEY_TEXT_LEN + 1],
    const unsigned char secret_key[SEALED_KEY_LEN])
{
	unsigned char key[SEALED_KEY_LEN];

	crypto_scalarmult_base(key, secret_key);
	sodium_bin2base64(text, SEALED_KEY_TEXT_LEN + 1, key, sizeof key,
	    BASE64);
}

static void
fill_up(struct buf *plain)
{
	size_t len = (SEALED_BLOCK - plain->len % SEALED_BLOCK) % SEALED_BLOCK;
	char *end = buf_grow(plain, len);

	if (end != NULL)
		memset(end, ' ', len);
}

int
sealed_make(const unsigned char key[SEALED_KEY_LEN], struct buf *plain,
    struct buf *out)
{
	size_t len, text_size;
	unsigned char *sealed;
	struct buf bytes;
	int rc = -1;
	char *text;

	fill_up(plain);
	len = plain->len + crypto_box_SEALBYTES;
	text_size = sodium_base64_encoded_len(len, BASE64);
	buf_init(&bytes, len);
	sealed = (unsigned char *)buf_grow(&bytes, len);
	text = buf_grow(out, text_size);
	if (plain->failed || sealed == NULL || text == NULL) {
		log_error("out of memory while sealing");
		goto done;
	}
	if (crypto_box_seal(sealed, (const unsigned char *)plain->data,
	    plain->len, key) == -1) {
		log_error("nothing can be sealed to that public key");
		goto done;
	}
	sodium_bin2base64(text, text_size, sealed, len, BASE64);
	out->len--;			/* its NUL */
	rc = 0;
done:
	buf_fini(&bytes);
	return (rc);
}

int
sealed_open(const unsigned char secret_key[SEALED_KEY_LEN], const char *text,
    size_t len, struct buf *plain)
{
	unsigned char public_key[SEALED_KEY_LEN], *bytes;
	size_t before = plain->len, sealed_len = 0;
	struct buf sealed;
	char *to = NULL;
	int rc = -1;

	buf_init(&sealed, len);
	bytes = (unsigned char *)buf_grow(&sealed, len);
	if (bytes != NULL && sodium_base642bin(bytes, len, text, len, NULL,
	    &sealed_len, NULL, BASE64) == 0 &&
	    sealed_len >= crypto_box_SEALBYTES)
		to = buf_grow(plain, sealed_len - crypto_box_SEALBYTES);
	crypto_scalarmult_base(public_key, secret_key);
	if (to != NULL && crypto_box_seal_open((unsigned char *)to, bytes,
	    sealed_len, public_key, secret_key) == 0) {
		rc = 0;
	} else {
		plain->len = before;
		log_error("it does not open: it is sealed to another key, or "
		    "damaged, or memory is short");
	}
	buf_fini(&sealed);
	/* crypto_box_seal_open leaves what it has opened there. */
	secret_wipe_stack();
	return (rc);
}
