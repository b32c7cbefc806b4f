/*
 * The bytes of a key file, and their way to the disk and back. Refuses to
 * know what the keys are for.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "ground/be32.h"
#include "ground/log.h"
#include "ground/newfile.h"
#include "secrets/keyfile.h"

static const char magic[16] = "strongroom-key1\n";

enum {
	ENTRY_LEN = BE32_LEN + KEYFILE_KEY_LEN,
	HEAD_LEN = sizeof magic + KEYFILE_KEY_LEN,
	SUM_LEN = 32,
	FILE_MIN = HEAD_LEN + ENTRY_LEN + SUM_LEN
};

_Static_assert(KEYFILE_MAX == HEAD_LEN + KEYFILE_KEYS_MAX * ENTRY_LEN +
    SUM_LEN, "the layout of keyfile.h is this one");

static void
checksum(unsigned char sum[SUM_LEN], const unsigned char *bytes, size_t len)
{
	crypto_generichash(sum, SUM_LEN, bytes, len, NULL, 0);
}

/* Make the sum at the end fit what stands before it. */
static void
set_sum(struct keyfile *file)
{
	checksum(file->bytes + file->len - SUM_LEN, file->bytes,
	    file->len - SUM_LEN);
}

static unsigned char *
entry(struct keyfile *file, size_t i)
{
	return (file->bytes + HEAD_LEN + i * ENTRY_LEN);
}

void
keyfile_begin(struct keyfile *file)
{
	memcpy(file->bytes, magic, sizeof magic);
	randombytes_buf(file->bytes + sizeof magic, KEYFILE_KEY_LEN);
	file->len = HEAD_LEN + SUM_LEN;
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
	if (st->st_size < FILE_MIN || st->st_size > KEYFILE_MAX ||
	    (st->st_size - HEAD_LEN - SUM_LEN) % ENTRY_LEN != 0)
		return ("it has the wrong size: put the right key file in "
		    "place");
	return (NULL);
}

const char *
keyfile_read(struct keyfile *file, const char *path)
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
	n = read(fd, file->bytes, sizeof file->bytes);
	if (n != st.st_size) {
		wrong = "it cannot be read whole";
		goto done;
	}
	file->len = (size_t)n;
	checksum(sum, file->bytes, file->len - SUM_LEN);
	if (memcmp(file->bytes, magic, sizeof magic) != 0 ||
	    memcmp(sum, file->bytes + file->len - SUM_LEN, SUM_LEN) != 0)
		wrong = "it is damaged: put a good copy in place";
done:
	close(fd);
	return (wrong);
}

const unsigned char *
keyfile_root(const struct keyfile *file)
{
	return (file->bytes + sizeof magic);
}

size_t
keyfile_count(const struct keyfile *file)
{
	return ((file->len - HEAD_LEN - SUM_LEN) / ENTRY_LEN);
}

const unsigned char *
keyfile_key(const struct keyfile *file, size_t i, uint32_t *key_id)
{
	const unsigned char *p = file->bytes + HEAD_LEN + i * ENTRY_LEN;

	*key_id = be32_get(p);
	return (p + BE32_LEN);
}

/* Where the key of that id is; the number of keys: nowhere. */
static size_t
find(const struct keyfile *file, uint32_t key_id)
{
	size_t i, count = keyfile_count(file);
	uint32_t id;

	for (i = 0; i < count; i++) {
		(void)keyfile_key(file, i, &id);
		if (id == key_id)
			break;
	}
	return (i);
}

int
keyfile_add(struct keyfile *file, uint32_t *key_id)
{
	size_t count = keyfile_count(file);
	unsigned char *p = entry(file, count);

	if (count == KEYFILE_KEYS_MAX)
		return (-1);
	do {
		randombytes_buf(p, ENTRY_LEN);
		p[0] |= 0x80;		/* an id is never 0 */
		(void)keyfile_key(file, count, key_id);
	} while (find(file, *key_id) != count);
	file->len += ENTRY_LEN;
	return (0);
}

int
keyfile_drop(struct keyfile *file, uint32_t key_id)
{
	size_t i = find(file, key_id), count = keyfile_count(file);

	if (i == count || count == 1)
		return (-1);
	memmove(entry(file, i), entry(file, i + 1),
	    (count - i - 1) * ENTRY_LEN);
	file->len -= ENTRY_LEN;
	return (0);
}

static int
write_synced(int fd, const unsigned char *data, size_t len)
{
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n)
		if ((n = write(fd, data, len)) <= 0)
			return (-1);
	return (fsync(fd));
}

static int
make_file(const char *path)
{
	return (open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600));
}

int
keyfile_write(struct keyfile *file, const char *path)
{
	int fd = make_file(path), rc;

	if (fd == -1) {
		log_error("key file %s cannot be made: %s", path,
		    strerror(errno));
		return (-1);
	}
	set_sum(file);
	rc = write_synced(fd, file->bytes, file->len);
	if (rc == 0)
		rc = newfile_settle(path);
	if (rc == -1) {
		log_error("key file %s cannot be written: %s", path,
		    strerror(errno));
		(void)unlink(path);
	}
	close(fd);
	return (rc);
}

/* Write the file under its provisional name, as the one at path is owned. */
static int
write_beside(struct keyfile *file, const char *name, const char *path)
{
	struct stat st;
	int fd, rc = -1;

	/* What a kill has left there. */
	(void)unlink(name);
	if (lstat(path, &st) == -1 || (fd = make_file(name)) == -1)
		return (-1);
	/* A group that is not ours to give is no reason to fail. */
	if (fchown(fd, (uid_t)-1, st.st_gid) == -1)
		errno = 0;
	if (fchmod(fd, st.st_mode & 0700) == 0)
		rc = write_synced(fd, file->bytes, file->len);
	close(fd);
	return (rc);
}

int
keyfile_replace(struct keyfile *file, const char *path)
{
	size_t size = strlen(path) + sizeof ".new";
	char *name = malloc(size);
	int rc = -1;

	if (name == NULL) {
		log_error("out of memory while writing %s", path);
		return (-1);
	}
	snprintf(name, size, "%s.new", path);
	set_sum(file);
	rc = write_beside(file, name, path);
	if (rc == 0)
		rc = rename(name, path);
	if (rc == 0)
		rc = newfile_settle(path);
	if (rc == -1) {
		log_error("key file %s cannot be replaced: %s; its directory "
		    "must be writable for user %u", path, strerror(errno),
		    (unsigned)geteuid());
		(void)unlink(name);
	}
	free(name);
	return (rc);
}
