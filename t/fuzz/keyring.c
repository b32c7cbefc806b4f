/*
 * Key files: the first byte of the input says whether the rest is a file, or
 * edits of a good one, without or with a new checksum. What is taken has the
 * magic, the size and the checksum; that is judged here a second time.
 */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include <sodium.h>

#include "fuzz.h"
#include "secrets/keyring.h"
#include "secrets/secret.h"

enum {
	MAGIC = 16, HEAD = 48, ENTRY = 36, SUM = 32,
	ROOM = HEAD + ENTRY * (KEYRING_MAX + 2) + SUM
};

static char path[64];
static int fd;
static uint8_t good[ROOM];

static void
remove_file(void)
{
	unlink(path);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	snprintf(path, sizeof path, "%s/strongroom-fuzz-%ld.key",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp",
	    (long)getpid());
	fuzz_must(secret_init() == 0 && keyring_create(path) == 0,
	    "a key file");
	atexit(remove_file);
	fd = open(path, O_RDWR | O_CLOEXEC);
	fuzz_must(pread(fd, good, HEAD + ENTRY + SUM, 0) ==
	    HEAD + ENTRY + SUM, "a whole key file");
	return (0);
}

static int
is_good(const uint8_t *file, size_t len)
{
	uint8_t sum[SUM];

	if (len < HEAD + ENTRY + SUM ||
	    len > HEAD + ENTRY * KEYRING_MAX + SUM ||
	    (len - HEAD - SUM) % ENTRY != 0)
		return (0);
	crypto_generichash(sum, SUM, file, len - SUM, NULL, 0);
	return (memcmp(file, "strongroom-key1\n", MAGIC) == 0 &&
	    memcmp(sum, file + len - SUM, SUM) == 0);
}

static void
use(const struct keyring *keyring, size_t len)
{
	struct keyring_print prints[KEYRING_MAX + 1];
	size_t count = keyring_prints(keyring, prints);

	fuzz_must(count == 1 + (len - HEAD - SUM) / ENTRY, "all its keys");
	fuzz_must(keyring_seal_key(keyring, keyring_active_id(keyring)) !=
	    NULL, "the key in use is there");
	fuzz_must(keyring_hash_key(keyring) != NULL, "a key for hashes");
}

static void
load(uint8_t *file, size_t len)
{
	struct keyring *keyring;
	int expected = is_good(file, len);

	if (FUZZ_IS_CONTROL && len > SUM)
		crypto_generichash(file + len - SUM, SUM, file, len - SUM,
		    NULL, 0);
	fuzz_must(ftruncate(fd, (off_t)len) == 0 &&
	    pwrite(fd, file, len, 0) == (ssize_t)len, "a file");
	keyring = keyring_load(path);
	fuzz_must((keyring != NULL) == expected,
	    "what is whole is taken, and nothing else");
	if (keyring != NULL)
		use(keyring, len);
	keyring_free(keyring);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t file[ROOM];
	size_t len = HEAD + ENTRY + SUM;

	if (size == 0)
		return (0);
	if (data[0] % 4 == 0) {
		len = size - 1 < sizeof file ? size - 1 : sizeof file;
		memcpy(file, data + 1, len);
	} else if (data[0] % 4 == 1) {
		memcpy(file, good, sizeof file);
		len = fuzz_edit(file, len, sizeof file, data + 1, size - 1);
	} else {
		/* Any content under a right sum. */
		memcpy(file, good, HEAD);
		len = size - 1 < ROOM - HEAD - SUM ? size - 1 :
		    ROOM - HEAD - SUM;
		memcpy(file + HEAD, data + 1, len);
		len += HEAD;
		crypto_generichash(file + len, SUM, file, len, NULL, 0);
		len += SUM;
	}
	load(file, len);
	return (0);
}
