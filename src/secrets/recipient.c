/*
 * The key pair of an export's recipient, as text and as a file. Refuses to
 * know what is sealed with it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "ground/log.h"
#include "ground/newfile.h"
#include "secrets/recipient.h"
#include "secrets/secret.h"

enum {
	PREFIX_LEN = 6,
	SUM_LEN = 4,
	BYTES_LEN = RECIPIENT_KEY_LEN + SUM_LEN,
	BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING
};

_Static_assert(PREFIX_LEN + (BYTES_LEN * 4 + 2) / 3 == RECIPIENT_TEXT_LEN,
    "the text is as long as its header says");
_Static_assert(crypto_box_PUBLICKEYBYTES == RECIPIENT_KEY_LEN &&
    crypto_box_SECRETKEYBYTES == RECIPIENT_KEY_LEN, "both keys are as long");

static void
put_sum(unsigned char sum[SUM_LEN], const unsigned char *key)
{
	unsigned char hash[32];

	crypto_generichash(hash, sizeof hash, key, RECIPIENT_KEY_LEN, NULL, 0);
	memcpy(sum, hash, SUM_LEN);
	secret_wipe(hash, sizeof hash);
}

/* bytes begins with the key and has room for its checksum. */
static void
to_text(char text[RECIPIENT_TEXT_LEN + 1], const char *prefix,
    unsigned char bytes[BYTES_LEN])
{
	memcpy(text, prefix, PREFIX_LEN);
	put_sum(bytes + RECIPIENT_KEY_LEN, bytes);
	sodium_bin2base64(text + PREFIX_LEN,
	    RECIPIENT_TEXT_LEN - PREFIX_LEN + 1, bytes, BYTES_LEN, BASE64);
}

/* Returns 0, or -1: text is no such key. */
static int
from_text(unsigned char bytes[BYTES_LEN], const char *prefix,
    const char *text)
{
	unsigned char sum[SUM_LEN];
	size_t len;

	if (strlen(text) != RECIPIENT_TEXT_LEN ||
	    strncmp(text, prefix, PREFIX_LEN) != 0 ||
	    sodium_base642bin(bytes, BYTES_LEN, text + PREFIX_LEN,
	    RECIPIENT_TEXT_LEN - PREFIX_LEN, NULL, &len, NULL, BASE64) == -1 ||
	    len != BYTES_LEN)
		return (-1);
	put_sum(sum, bytes);
	return (secret_equal(sum, bytes + RECIPIENT_KEY_LEN, SUM_LEN) ? 0 :
	    -1);
}

/* Write one line to a new file and see it on the disk. */
static int
write_line(const char *path, const char *text, size_t len)
{
	struct newfile file = { 0 };
	int fd, rc = -1;

	if (newfile_begin(&file, path) == -1)
		return (-1);
	fd = open(file.name, O_WRONLY | O_CLOEXEC);
	if (fd != -1 && write(fd, text, len) == (ssize_t)len)
		rc = newfile_finish(&file);
	else
		log_error("%s cannot be written: %s", path, strerror(errno));
	if (fd != -1)
		close(fd);
	newfile_fini(&file);
	return (rc);
}

int
recipient_create(const char *path, char public_text[RECIPIENT_TEXT_LEN + 1])
{
	unsigned char open_bytes[BYTES_LEN], bytes[BYTES_LEN];
	char text[RECIPIENT_TEXT_LEN + 1];
	int rc;

	crypto_box_keypair(open_bytes, bytes);
	to_text(public_text, "srpub_", open_bytes);
	to_text(text, "srsec_", bytes);
	text[RECIPIENT_TEXT_LEN] = '\n';
	rc = write_line(path, text, sizeof text);
	secret_wipe(bytes, sizeof bytes);
	secret_wipe(text, sizeof text);
	return (rc);
}

int
recipient_read(const char *text, unsigned char public_key[RECIPIENT_KEY_LEN])
{
	unsigned char bytes[BYTES_LEN];

	if (from_text(bytes, "srpub_", text) == -1) {
		log_error("that is no recipient's public key: it is the line "
		    "that \"strongroom recipient create\" printed, srpub_ and "
		    "48 characters");
		return (-1);
	}
	memcpy(public_key, bytes, RECIPIENT_KEY_LEN);
	return (0);
}

/* Read the file's line; NULL, or what is wrong with it. */
static const char *
read_line(const char *path, char text[RECIPIENT_TEXT_LEN + 2])
{
	const char *wrong = NULL;
	struct stat st;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return (strerror(errno));
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		wrong = "it is not a regular file";
	else if ((st.st_mode & 077) != 0)
		wrong = "others may read or change it: chmod it to 0600";
	else if ((n = read(fd, text, RECIPIENT_TEXT_LEN + 2)) <
	    RECIPIENT_TEXT_LEN || n > RECIPIENT_TEXT_LEN + 1 ||
	    (n > RECIPIENT_TEXT_LEN && text[RECIPIENT_TEXT_LEN] != '\n'))
		wrong = "it is not one line with a recipient's secret key";
	close(fd);
	text[RECIPIENT_TEXT_LEN] = '\0';
	return (wrong);
}

unsigned char *
recipient_load(const char *path)
{
	char text[RECIPIENT_TEXT_LEN + 2];
	unsigned char *bytes;
	const char *wrong;

	if ((bytes = secret_alloc(BYTES_LEN)) == NULL)
		return (NULL);
	wrong = read_line(path, text);
	if (wrong == NULL && from_text(bytes, "srsec_", text) == -1)
		wrong = "it is not one line with a recipient's secret key";
	secret_wipe(text, sizeof text);
	if (wrong == NULL) {
		secret_seal(bytes);
		return (bytes);
	}
	log_error("%s refused: %s", path, wrong);
	secret_free(bytes);
	return (NULL);
}
