/*
 * The key file and the keys derived from it. Refuses to know what is sealed
 * or hashed with them.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "keyring.h"
#include "log.h"
#include "secret.h"

static const char magic[16] = "strongroom-key1\n";

enum {
	ID_LEN = 4,
	ENTRY_LEN = ID_LEN + KEYRING_KEY_LEN,
	HEAD_LEN = sizeof magic + KEYRING_KEY_LEN,
	SUM_LEN = 32,
	FILE_MIN = HEAD_LEN + ENTRY_LEN + SUM_LEN,
	FILE_MAX = HEAD_LEN + KEYRING_MAX * ENTRY_LEN + SUM_LEN
};

/* One key that serves one purpose, and its fingerprint. */
struct derived {
	uint32_t id;
	unsigned char key[KEYRING_KEY_LEN];
	unsigned char fingerprint[KEYRING_PRINT_LEN];
};

struct keyring {
	unsigned char file[FILE_MAX];	/* wiped once all is derived */
	size_t file_len;
	struct derived hash;
	struct derived seal[KEYRING_MAX];
	size_t seal_count;
};

static void
checksum(unsigned char sum[SUM_LEN], const unsigned char *file, size_t len)
{
	crypto_generichash(sum, SUM_LEN, file, len, NULL, 0);
}

/* Write all of data and see that it and its name are on the disk. */
static int
write_synced(int fd, const unsigned char *data, size_t len, const char *path)
{
	char *copy = NULL;
	ssize_t n;
	int dir = -1, rc = -1;

	for (; len > 0; data += n, len -= (size_t)n)
		if ((n = write(fd, data, len)) <= 0)
			goto done;
	if (fsync(fd) == -1 || (copy = strdup(path)) == NULL)
		goto done;
	dir = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1 || fsync(dir) == -1)
		goto done;
	rc = 0;
done:
	if (dir != -1)
		close(dir);
	free(copy);
	return (rc);
}

int
keyring_create(const char *path)
{
	unsigned char *file;
	size_t len = FILE_MIN - SUM_LEN;
	int fd = -1, rc = -1;

	if ((file = secret_alloc(FILE_MIN)) == NULL)
		return (-1);
	memcpy(file, magic, sizeof magic);
	randombytes_buf(file + sizeof magic, len - sizeof magic);
	file[HEAD_LEN] |= 0x80;		/* an id is never 0 */
	checksum(file + len, file, len);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd == -1) {
		log_error("key file %s cannot be made: %s", path,
		    strerror(errno));
		goto done;
	}
	if (write_synced(fd, file, FILE_MIN, path) == -1) {
		log_error("key file %s cannot be written: %s", path,
		    strerror(errno));
		unlink(path);
		goto done;
	}
	rc = 0;
done:
	if (fd != -1)
		close(fd);
	secret_free(file);
	return (rc);
}

/* What is wrong with the key file that fd is open on; NULL: nothing. */
static const char *
judge_file(int fd, struct stat *st)
{
	if (fstat(fd, st) == -1)
		return (strerror(errno));
	if (!S_ISREG(st->st_mode))
		return ("it is not a regular file");
	if (st->st_uid != geteuid())
		return ("it belongs to another user: chown it to the user that "
		    "the service runs as");
	if ((st->st_mode & 077) != 0)
		return ("others may read or change it: chmod it to 0600, and "
		    "consider its keys known");
	if (st->st_size < FILE_MIN || st->st_size > FILE_MAX ||
	    (st->st_size - HEAD_LEN - SUM_LEN) % ENTRY_LEN != 0)
		return ("it has the wrong size: put the right key file in "
		    "place");
	return (NULL);
}

/* Read the file into the keyring; NULL, or what is wrong. */
static const char *
read_file(struct keyring *keyring, const char *path)
{
	unsigned char sum[SUM_LEN];
	const char *wrong;
	struct stat st;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 && errno == ELOOP)
		return ("it is a symbolic link: name the file itself");
	if (fd == -1 && errno == ENOENT)
		return ("it is missing: put it in place, or run strongroom "
		    "init for a new service");
	if (fd == -1)
		return (strerror(errno));
	if ((wrong = judge_file(fd, &st)) != NULL)
		goto done;
	n = read(fd, keyring->file, sizeof keyring->file);
	if (n != st.st_size) {
		wrong = "it cannot be read whole";
		goto done;
	}
	keyring->file_len = (size_t)n;
	checksum(sum, keyring->file, keyring->file_len - SUM_LEN);
	if (memcmp(keyring->file, magic, sizeof magic) != 0 ||
	    memcmp(sum, keyring->file + keyring->file_len - SUM_LEN,
	    SUM_LEN) != 0)
		wrong = "it is damaged: put a good copy in place";
done:
	close(fd);
	return (wrong);
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
	const unsigned char *p = keyring->file + HEAD_LEN;
	const unsigned char *end = keyring->file + keyring->file_len - SUM_LEN;
	uint32_t id;

	derive(&keyring->hash, 0, "srapikey", keyring->file + sizeof magic);
	for (; p < end; p += ENTRY_LEN) {
		id = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		    (uint32_t)p[2] << 8 | p[3];
		derive(&keyring->seal[keyring->seal_count++], id, "srvault_",
		    p + ID_LEN);
	}
}

struct keyring *
keyring_load(const char *path)
{
	struct keyring *keyring;
	const char *wrong;

	if ((keyring = secret_alloc(sizeof *keyring)) == NULL)
		return (NULL);
	memset(keyring, 0, sizeof *keyring);
	if ((wrong = read_file(keyring, path)) != NULL) {
		log_error("key file %s refused: %s", path, wrong);
		secret_free(keyring);
		return (NULL);
	}
	derive_all(keyring);
	secret_wipe(keyring->file, sizeof keyring->file);
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

uint32_t
keyring_active_id(const struct keyring *keyring)
{
	return (keyring->seal[keyring->seal_count - 1].id);
}

const unsigned char *
keyring_seal_key(const struct keyring *keyring, uint32_t key_id)
{
	size_t i;

	for (i = 0; i < keyring->seal_count; i++)
		if (keyring->seal[i].id == key_id)
			return (keyring->seal[i].key);
	return (NULL);
}
