/*
 * The keys derived from a key file. Refuses to know what is sealed or hashed
 * with them, and how the file is laid out.
 */
#include "config.h"

#include <string.h>

#include <sodium.h>

#include "ground/log.h"
#include "secrets/keyfile.h"
#include "secrets/keyring.h"
#include "secrets/secret.h"

/* One key that serves one purpose, and its fingerprint. */
struct derived {
	uint32_t id;
	unsigned char key[KEYRING_KEY_LEN];
	unsigned char fingerprint[KEYRING_PRINT_LEN];
};

struct keyring {
	struct keyfile file;		/* wiped once all is derived */
	struct derived hash;
	struct derived print;
	struct derived chain;
	struct derived seal[KEYRING_MAX];
	size_t seal_count;
	size_t active;			/* index in seal */
};

static struct keyfile *
read_file(const char *path)
{
	struct keyfile *file = secret_alloc(sizeof *file);
	const char *wrong;

	if (file == NULL || (wrong = keyfile_read(file, path)) == NULL)
		return (file);
	log_error("key file %s refused: %s", path, wrong);
	secret_free(file);
	return (NULL);
}

int
keyring_create(const char *path)
{
	struct keyfile *file = secret_alloc(sizeof *file);
	uint32_t key_id;
	int rc = -1;

	if (file == NULL)
		return (-1);
	keyfile_begin(file);
	if (keyfile_add(file, &key_id) == 0)
		rc = keyfile_write(file, path);
	secret_free(file);
	return (rc);
}

int
keyring_append(const char *path)
{
	struct keyfile *file = read_file(path);
	uint32_t key_id;
	int rc = -1;

	if (file == NULL)
		return (-1);
	if (keyfile_add(file, &key_id) == 0)
		rc = keyfile_replace(file, path);
	else
		log_error("key file %s is full with %d master keys: retire "
		    "old ones", path, KEYRING_MAX);
	secret_free(file);
	return (rc);
}

int
keyring_remove(const char *path, uint32_t key_id)
{
	struct keyfile *file = read_file(path);
	int rc = 0;

	if (file == NULL)
		return (-1);
	if (keyfile_drop(file, key_id) == 0)
		rc = keyfile_replace(file, path);
	secret_free(file);
	return (rc);
}

static void
derive(struct derived *to, uint32_t id, const char *purpose,
    const unsigned char *key)
{
	to->id = id;
	crypto_kdf_derive_from_key(to->key, sizeof to->key, 1, purpose, key);
	crypto_kdf_derive_from_key(to->fingerprint, sizeof to->fingerprint, 1,
	    "srprint_", key);
}

static void
derive_all(struct keyring *keyring)
{
	size_t i, count = keyfile_count(&keyring->file);
	const unsigned char *key;
	uint32_t id;

	derive(&keyring->hash, 0, "srapikey", keyfile_root(&keyring->file));
	derive(&keyring->print, 0, "srprints", keyfile_root(&keyring->file));
	derive(&keyring->chain, 0, "sraudit_", keyfile_root(&keyring->file));
	for (i = 0; i < count; i++) {
		key = keyfile_key(&keyring->file, i, &id);
		derive(&keyring->seal[i], id, "srvault_", key);
	}
	keyring->seal_count = count;
	keyring->active = count - 1;
}

struct keyring *
keyring_load(const char *path)
{
	struct keyring *keyring;
	const char *wrong;

	if ((keyring = secret_alloc(sizeof *keyring)) == NULL)
		return (NULL);
	memset(keyring, 0, sizeof *keyring);
	if ((wrong = keyfile_read(&keyring->file, path)) != NULL) {
		log_error("key file %s refused: %s", path, wrong);
		secret_free(keyring);
		return (NULL);
	}
	derive_all(keyring);
	secret_wipe(&keyring->file, sizeof keyring->file);
	secret_seal(keyring);
	return (keyring);
}

void
keyring_free(struct keyring *keyring)
{
	secret_free(keyring);
}

static void
print_of(struct keyring_print *print, const struct derived *key,
    const char *purpose)
{
	print->key_id = key->id;
	print->purpose = purpose;
	memcpy(print->fingerprint, key->fingerprint, KEYRING_PRINT_LEN);
}

size_t
keyring_prints(const struct keyring *keyring,
    struct keyring_print prints[KEYRING_MAX + 1])
{
	size_t i;

	print_of(&prints[0], &keyring->hash, "hash");
	for (i = 0; i < keyring->seal_count; i++)
		print_of(&prints[i + 1], &keyring->seal[i], "seal");
	return (i + 1);
}

const unsigned char *
keyring_hash_key(const struct keyring *keyring)
{
	return (keyring->hash.key);
}

const unsigned char *
keyring_print_key(const struct keyring *keyring)
{
	return (keyring->print.key);
}

const unsigned char *
keyring_chain_key(const struct keyring *keyring)
{
	return (keyring->chain.key);
}

uint32_t
keyring_active_id(const struct keyring *keyring)
{
	return (keyring->seal[keyring->active].id);
}

/* The index of a master key; seal_count: there is none. */
static size_t
find(const struct keyring *keyring, uint32_t key_id)
{
	size_t i;

	for (i = 0; i < keyring->seal_count; i++)
		if (keyring->seal[i].id == key_id)
			break;
	return (i);
}

int
keyring_activate(struct keyring *keyring, uint32_t key_id)
{
	size_t i = find(keyring, key_id);

	if (i == keyring->seal_count)
		return (-1);
	if (i != keyring->active) {
		secret_unseal(keyring);
		keyring->active = i;
		secret_seal(keyring);
	}
	return (0);
}

bool
keyring_is_kin(const struct keyring *one, const struct keyring *other)
{
	return (memcmp(one->hash.fingerprint, other->hash.fingerprint,
	    KEYRING_PRINT_LEN) == 0);
}

const unsigned char *
keyring_seal_key(const struct keyring *keyring, uint32_t key_id)
{
	size_t i = find(keyring, key_id);

	return (i == keyring->seal_count ? NULL : keyring->seal[i].key);
}
