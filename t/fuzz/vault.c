/*
 * Boxes: the first byte of the input says whether the rest is a box, or edits
 * of a real one, of its owner or of its identifier. Only the box that was
 * sealed opens, for the row it was sealed for.
 */
#include "config.h"

#include "fuzz.h"
#include "secrets/secret.h"
#include "secrets/vault.h"

#include <unistd.h>

enum { ROOM = 1 << 20, TEXT_ROOM = 255 * 4 };

static const char token[] = "{\"access_token\":\"fuzz\"}";
static const char owner[] = "user@example.com";
static const char identifier[] = "jira-1";
static struct keyring *keyring;
static struct buf box;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct vault_row row = { owner, identifier };
	char path[64];

	(void)argc;
	(void)argv;
	snprintf(path, sizeof path, "/tmp/strongroom-fuzz-%ld.key",
	    (long)getpid());
	buf_init(&box, ROOM);
	fuzz_must(secret_init() == 0 && keyring_create(path) == 0,
	    "a key file");
	keyring = keyring_load(path);
	unlink(path);
	fuzz_must(keyring != NULL, "a keyring");
	fuzz_must(vault_seal(keyring, &row, token, sizeof token - 1, &box) ==
	    0, "a box");
	return (0);
}

/* Whether it opens; then it gives what was sealed. */
static int
opens(const struct vault_row *row, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	struct buf plain;
	enum vault_rc rc;

	fuzz_must(copy != NULL, "memory");
	memcpy(copy, bytes, len);
	if (FUZZ_IS_CONTROL && len > 0)
		copy[0] = 1;
	buf_init(&plain, ROOM);
	rc = vault_open(keyring, row, copy, len, &plain);
	fuzz_must(rc != VAULT_NOMEM, "memory for a box");
	if (rc == VAULT_OK)
		fuzz_must(plain.len == sizeof token - 1 &&
		    memcmp(plain.data, token, plain.len) == 0,
		    "what opens is what was sealed");
	else
		fuzz_must(plain.len == 0, "nothing of a refused box is given");
	buf_fini(&plain);
	free(copy);
	return (rc == VAULT_OK);
}

/* A text with edits, made a C string. */
static const char *
edited(const char *text, char *to, const uint8_t *data, size_t size)
{
	size_t len = strlen(text);

	memcpy(to, text, len);
	len = fuzz_edit((uint8_t *)to, len, TEXT_ROOM, data, size);
	to[len] = '\0';
	return (to);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[2048];
	static char text[2][TEXT_ROOM + 1];
	struct vault_row row = { owner, identifier };
	size_t len = box.len;
	int is_same;

	if (size == 0)
		return (0);
	memcpy(bytes, box.data, len);
	switch (data[0] % 4) {
	case 0:
		is_same = size - 1 == box.len &&
		    memcmp(data + 1, box.data, box.len) == 0;
		fuzz_must(opens(&row, data + 1, size - 1) == is_same,
		    "only the sealed box opens");
		return (0);
	case 1:
		len = fuzz_edit(bytes, len, sizeof bytes, data + 1, size - 1);
		break;
	case 2:
		row.created_by = edited(owner, text[0], data + 1, size - 1);
		break;
	default:
		row.unique_identifier = edited(identifier, text[1], data + 1,
		    size - 1);
	}
	is_same = len == box.len && memcmp(bytes, box.data, len) == 0 &&
	    strcmp(row.created_by, owner) == 0 &&
	    strcmp(row.unique_identifier, identifier) == 0;
	fuzz_must(opens(&row, bytes, len) == is_same,
	    "only the sealed box opens, for its row");
	return (0);
}
