/*
 * What has to be random is so in each of its bytes: in some of them it would
 * differ from the next too, and be guessed.
 */
#include "config.h"

#include <sodium.h>

#include "secrets/apikey.h"
#include "secrets/parcel.h"
#include "secrets/recipient.h"
#include "secrets/vault.h"
#include "unit/unit_store.h"

/* A place is alike in all of them by chance once in 16^SAMPLES. */
enum { SAMPLES = 20, LEN_MAX = 256 };

struct samples {
	unsigned char bytes[SAMPLES][LEN_MAX];
	size_t len;
};

/* Assert that what is at each place differs from sample to sample. */
static void
vary(const struct samples *samples, size_t from, size_t to, const char *what)
{
	size_t at, i;

	ck_assert_uint_le(to, samples->len);
	for (at = from; at < to; at++) {
		for (i = 1; i < SAMPLES && samples->bytes[i][at] ==
		    samples->bytes[0][at]; i++)
			;
		ck_assert_msg(i < SAMPLES, "%s: byte %zu is always %02x", what,
		    at - from, samples->bytes[0][at]);
	}
}

/* One more sample, the bytes of a file from at on; the file is removed. */
static void
take_file(struct samples *samples, size_t i, const char *path, long at)
{
	FILE *file = fopen(path, "r");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fseek(file, at, SEEK_SET), 0);
	samples->len = fread(samples->bytes[i], 1, LEN_MAX, file);
	fclose(file);
	ck_assert_int_eq(unlink(path), 0);
}

START_TEST(nonce_of_a_box_is_random)
{
	struct keyring *keyring = unit_keyring(unit_key_file);
	const struct vault_row row = { "user", "a" };
	struct samples samples;
	struct buf box;
	size_t i;

	buf_init(&box, 4096);
	for (i = 0; i < SAMPLES; i++) {
		buf_reset(&box, 4096);
		ck_assert_int_eq(vault_seal(keyring, &row, "{}", 2, &box), 0);
		samples.len = LEN_MAX;
		memcpy(samples.bytes[i], box.data, LEN_MAX);
	}
	vary(&samples, 5, 5 + 24, "nonce");
	buf_fini(&box);
	keyring_free(keyring);
}
END_TEST

START_TEST(api_key_is_random)
{
	struct samples samples = { .len = APIKEY_LEN };
	char id[APIKEY_PUBLIC_ID_LEN + 1], key[APIKEY_LEN + 1];
	size_t i;

	ck_assert_int_eq(secret_init(), 0);
	for (i = 0; i < SAMPLES; i++) {
		apikey_make_public_id(id);
		apikey_make(key, id);
		memcpy(samples.bytes[i], key, APIKEY_LEN);
	}
	vary(&samples, 4, 4 + APIKEY_PUBLIC_ID_LEN, "public id");
	vary(&samples, 4 + APIKEY_PUBLIC_ID_LEN + 1, APIKEY_LEN, "secret");
}
END_TEST

START_TEST(keys_of_a_key_file_are_random)
{
	struct samples samples;
	size_t i;

	ck_assert_int_eq(secret_init(), 0);
	for (i = 0; i < SAMPLES; i++) {
		ck_assert_int_eq(keyring_create(unit_key_file), 0);
		ck_assert_int_eq(keyring_append(unit_key_file), 0);
		take_file(&samples, i, unit_key_file, 0);
	}
	vary(&samples, 16, 48, "root");
	vary(&samples, 48, 52, "id of the first master key");
	vary(&samples, 52, 84, "first master key");
	vary(&samples, 84, 88, "id of one that was appended");
	vary(&samples, 88, 120, "one that was appended");
}
END_TEST

/* The key of the parcel, which the recipient alone can see. */
static void
take_parcel_key(struct samples *samples, size_t i, const char *path,
    const unsigned char *public_key, const unsigned char *secret_key)
{
	struct samples sealed;

	take_file(&sealed, 0, path, PARCEL_MAGIC_LEN);
	samples->len = 32;
	ck_assert_int_eq(crypto_box_seal_open(samples->bytes[i],
	    sealed.bytes[0], 32 + crypto_box_SEALBYTES, public_key,
	    secret_key), 0);
}

START_TEST(keys_of_recipients_and_parcels_are_random)
{
	unsigned char public_key[RECIPIENT_KEY_LEN], *secret_key;
	struct samples lines, keys;
	char text[RECIPIENT_TEXT_LEN + 1];
	FILE *file;
	size_t i;

	ck_assert_int_eq(secret_init(), 0);
	for (i = 0; i < SAMPLES; i++) {
		ck_assert_int_eq(recipient_create("key", text), 0);
		ck_assert_int_eq(recipient_read(text, public_key), 0);
		secret_key = recipient_load("key");
		ck_assert_ptr_nonnull(secret_key);
		file = fopen("parcel", "w");
		ck_assert_int_eq(parcel_end(parcel_begin(file, public_key)),
		    0);
		fclose(file);
		take_parcel_key(&keys, i, "parcel", public_key, secret_key);
		take_file(&lines, i, "key", 6);
		secret_free(secret_key);
	}
	vary(&lines, 0, 42, "a recipient's secret key");
	vary(&keys, 0, 32, "a parcel's key");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		nonce_of_a_box_is_random,
		api_key_is_random,
		keys_of_a_key_file_are_random,
		keys_of_recipients_and_parcels_are_random,
	};

	return (unit_main("chance", tests, sizeof tests / sizeof tests[0]));
}
