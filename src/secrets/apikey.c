/*
 * The making and the shape of API keys. Refuses to know whose they are.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include <sodium.h>

#include "secrets/apikey.h"

enum { SECRET_LEN = 32, CHECKSUM_LEN = 6, CHECKSUM_AT = APIKEY_LEN - 6 };

static const char prefix[] = "srk_";
static const char id_digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const char sum_digits[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

void
apikey_make_public_id(char public_id[APIKEY_PUBLIC_ID_LEN + 1])
{
	size_t i;

	for (i = 0; i < APIKEY_PUBLIC_ID_LEN; i++)
		public_id[i] = id_digits[randombytes_uniform(
		    sizeof id_digits - 1)];
	public_id[i] = '\0';
}

/* It tells a mistyped key from a wrong one; it is no secret. */
static void
checksum(char sum[CHECKSUM_LEN], const char *key, size_t len)
{
	unsigned char hash[crypto_generichash_BYTES];
	uint64_t n = 0;
	size_t i;

	crypto_generichash(hash, sizeof hash, (const unsigned char *)key, len,
	    NULL, 0);
	for (i = 0; i < sizeof n; i++)
		n = n << 8 | hash[i];
	for (i = 0; i < CHECKSUM_LEN; i++, n /= sizeof sum_digits - 1)
		sum[i] = sum_digits[n % (sizeof sum_digits - 1)];
	sodium_memzero(hash, sizeof hash);
}

void
apikey_make(char key[APIKEY_LEN + 1], const char *public_id)
{
	unsigned char secret[SECRET_LEN];
	char *p = key;

	memcpy(p, prefix, strlen(prefix));
	p += strlen(prefix);
	memcpy(p, public_id, APIKEY_PUBLIC_ID_LEN);
	p += APIKEY_PUBLIC_ID_LEN;
	*p++ = '_';
	randombytes_buf(secret, sizeof secret);
	sodium_bin2base64(p, (size_t)(key + APIKEY_LEN + 1 - p), secret,
	    sizeof secret, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	checksum(key + CHECKSUM_AT, key, CHECKSUM_AT);
	key[APIKEY_LEN] = '\0';
	sodium_memzero(secret, sizeof secret);
}

bool
apikey_is_ours(const char *key)
{
	return (strncmp(key, prefix, strlen(prefix)) == 0);
}

static bool
is_base64url(char c)
{
	return (c == '-' || c == '_' || (c != '\0' &&
	    strchr(sum_digits, c) != NULL));
}

bool
apikey_is_public_id(const char *text)
{
	size_t i;

	for (i = 0; i < APIKEY_PUBLIC_ID_LEN; i++)
		if (text[i] == '\0' || strchr(id_digits, text[i]) == NULL)
			return (false);
	return (true);
}

static bool
has_our_shape(const char *key, size_t len)
{
	size_t i = strlen(prefix) + APIKEY_PUBLIC_ID_LEN;

	if (len != APIKEY_LEN || !apikey_is_public_id(key + strlen(prefix)))
		return (false);
	if (key[i++] != '_')
		return (false);
	for (; i < CHECKSUM_AT; i++)
		if (!is_base64url(key[i]))
			return (false);
	return (true);
}

static bool
has_foreign_shape(const char *key, size_t len)
{
	size_t i;

	if (len < APIKEY_FOREIGN_MIN || len > APIKEY_FOREIGN_MAX)
		return (false);
	for (i = 0; i < len; i++)
		if (key[i] <= ' ' || key[i] > '~' || key[i] == ',')
			return (false);
	return (true);
}

enum apikey_rc
apikey_check(const char *key, size_t len)
{
	char sum[CHECKSUM_LEN];

	if (!apikey_is_ours(key))
		return (has_foreign_shape(key, len) ? APIKEY_OK :
		    APIKEY_MALFORMED);
	if (!has_our_shape(key, len))
		return (APIKEY_MALFORMED);
	checksum(sum, key, CHECKSUM_AT);
	return (memcmp(sum, key + CHECKSUM_AT, sizeof sum) == 0 ? APIKEY_OK :
	    APIKEY_CHECKSUM);
}

void
apikey_public_id(char public_id[APIKEY_PUBLIC_ID_LEN + 1], const char *key)
{
	memcpy(public_id, key + strlen(prefix), APIKEY_PUBLIC_ID_LEN);
	public_id[APIKEY_PUBLIC_ID_LEN] = '\0';
}

void
apikey_hash(unsigned char hash[APIKEY_HASH_LEN],
    const struct keyring *keyring, const char *key, size_t len)
{
	crypto_generichash(hash, APIKEY_HASH_LEN, (const unsigned char *)key,
	    len, keyring_hash_key(keyring), KEYRING_KEY_LEN);
}
