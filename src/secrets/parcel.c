/*
 * Exports sealed to a recipient. Refuses to know what is in them.
 */
#include "config.h"

#include <string.h>

#include <sodium.h>

#include "ground/log.h"
#include "secrets/parcel.h"
#include "secrets/secret.h"

static const char magic[PARCEL_MAGIC_LEN] = "strongroom-parcel1\n";

enum {
	KEY_LEN = crypto_secretstream_xchacha20poly1305_KEYBYTES,
	SEALED_LEN = KEY_LEN + crypto_box_SEALBYTES,
	HEADER_LEN = crypto_secretstream_xchacha20poly1305_HEADERBYTES,
	EXTRA_LEN = crypto_secretstream_xchacha20poly1305_ABYTES,
	PIECE_LEN = 65536
};

struct parcel_writer {
	crypto_secretstream_xchacha20poly1305_state state;
	FILE *to;
	bool failed;
	size_t len;
	unsigned char piece[PIECE_LEN];
	unsigned char message[PIECE_LEN + EXTRA_LEN];
};

struct parcel_reader {
	crypto_secretstream_xchacha20poly1305_state state;
	const struct input *from;
	bool is_over;
	unsigned char piece[PIECE_LEN];
	unsigned char message[PIECE_LEN + EXTRA_LEN];
};

static void
write_all(struct parcel_writer *parcel, const void *bytes, size_t len)
{
	if (!parcel->failed && fwrite(bytes, 1, len, parcel->to) != len)
		parcel->failed = true;
}

struct parcel_writer *
parcel_begin(FILE *to, const unsigned char public_key[RECIPIENT_KEY_LEN])
{
	unsigned char key[KEY_LEN], sealed[SEALED_LEN], header[HEADER_LEN];
	struct parcel_writer *parcel = secret_alloc(sizeof *parcel);

	if (parcel == NULL)
		return (NULL);
	parcel->to = to;
	parcel->failed = false;
	parcel->len = 0;
	crypto_secretstream_xchacha20poly1305_keygen(key);
	/* It refuses public keys of small order. */
	if (crypto_box_seal(sealed, key, sizeof key, public_key) == -1) {
		log_error("nothing can be sealed to that public key");
		secret_free(parcel);
		parcel = NULL;
		goto done;
	}
	crypto_secretstream_xchacha20poly1305_init_push(&parcel->state, header,
	    key);
	write_all(parcel, magic, sizeof magic);
	write_all(parcel, sealed, sizeof sealed);
	write_all(parcel, header, sizeof header);
done:
	secret_wipe(key, sizeof key);
	return (parcel);
}

static void
push(struct parcel_writer *parcel, unsigned char tag)
{
	crypto_secretstream_xchacha20poly1305_push(&parcel->state,
	    parcel->message, NULL, parcel->piece, parcel->len, NULL, 0, tag);
	write_all(parcel, parcel->message, parcel->len + EXTRA_LEN);
	parcel->len = 0;
}

void
parcel_put(struct parcel_writer *parcel, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	size_t n;

	for (; len > 0; p += n, len -= n) {
		/* The last message is known only at the end. */
		if (parcel->len == PIECE_LEN)
			push(parcel, 0);
		n = PIECE_LEN - parcel->len;
		if (n > len)
			n = len;
		memcpy(parcel->piece + parcel->len, p, n);
		parcel->len += n;
	}
}

int
parcel_end(struct parcel_writer *parcel)
{
	bool is_good;

	if (parcel == NULL)
		return (-1);
	push(parcel, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
	is_good = !parcel->failed && fflush(parcel->to) == 0;
	if (!is_good)
		log_error("the parcel cannot be written whole: make room, and "
		    "export again");
	secret_free(parcel);
	return (is_good ? 0 : -1);
}

bool
parcel_is(const void *bytes, size_t len)
{
	return (len >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0);
}

struct parcel_reader *
parcel_open(const struct input *from,
    const unsigned char secret_key[RECIPIENT_KEY_LEN])
{
	unsigned char public_key[RECIPIENT_KEY_LEN], key[KEY_LEN];
	unsigned char head[SEALED_LEN + HEADER_LEN];
	struct parcel_reader *parcel = secret_alloc(sizeof *parcel);
	ssize_t n;

	if (parcel == NULL)
		return (NULL);
	parcel->from = from;
	parcel->is_over = false;
	crypto_scalarmult_base(public_key, secret_key);
	if ((n = input_all(from, head, sizeof head)) < (ssize_t)sizeof head ||
	    crypto_box_seal_open(key, head, SEALED_LEN, public_key,
	    secret_key) == -1 ||
	    crypto_secretstream_xchacha20poly1305_init_pull(&parcel->state,
	    head + SEALED_LEN, key) == -1) {
		if (n != -1)
			log_error("the parcel does not open: it is sealed to "
			    "another recipient, or damaged");
		secret_free(parcel);
		parcel = NULL;
	}
	secret_wipe(key, sizeof key);
	/* crypto_box_seal_open leaves what it has opened there. */
	secret_wipe_stack();
	return (parcel);
}

long
parcel_next(struct parcel_reader *parcel, const char **bytes)
{
	unsigned long long len = 0;
	unsigned char tag = 0, more;
	ssize_t n;

	if (parcel->is_over)
		return (0);
	n = input_all(parcel->from, parcel->message, sizeof parcel->message);
	if (n == -1)
		return (-1);
	if (n < EXTRA_LEN ||
	    crypto_secretstream_xchacha20poly1305_pull(&parcel->state,
	    parcel->piece, &len, &tag, parcel->message,
	    (unsigned long long)n, NULL, 0) == -1) {
		log_error("the parcel is cut short or damaged from here on");
		return (-1);
	}
	parcel->is_over =
	    tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
	*bytes = (const char *)parcel->piece;
	/* A whole message without content is the end of an even parcel. */
	if (len == 0 && !parcel->is_over) {
		log_error("the parcel is damaged");
		return (-1);
	}
	if (!parcel->is_over)
		return ((long)len);
	if ((n = input_some(parcel->from, &more, 1)) > 0)
		log_error("something follows the parcel's end: it is not the "
		    "file that was exported");
	return (n == 0 ? (long)len : -1);
}

void
parcel_close(struct parcel_reader *parcel)
{
	secret_free(parcel);
}
