/*
 * boxes CONFIG: all that is stored, opened, for the tests to compare with what
 * was sent. The command line reveals one row at a time, which is too slow for
 * the rows of a load.
 *
 * Prints for each row four texts, each behind its length in 4 bytes,
 * big-endian: unique_identifier, integration_id, how its box does ("open",
 * "none" or "refused"), and auth_data.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "secrets/vault.h"
#include "vaulted.h"

static int
print(const void *bytes, size_t len)
{
	const unsigned char head[] = { (unsigned char)(len >> 24),
	    (unsigned char)(len >> 16), (unsigned char)(len >> 8),
	    (unsigned char)len };

	return (fwrite(head, sizeof head, 1, stdout) == 1 &&
	    fwrite(bytes, 1, len, stdout) == len ? 0 : -1);
}

static int
print_text(const char *text)
{
	return (print(text, strlen(text)));
}

static int
print_row(void *cookie, const struct integration *row)
{
	const struct vault_row owner = { row->created_by,
	    row->unique_identifier };
	const char *how = "none";
	struct buf plain;
	int rc;

	buf_init(&plain, row->auth_data_len + 1);
	if (row->auth_data != NULL)
		how = vault_open(cookie, &owner, row->auth_data,
		    row->auth_data_len, &plain) == VAULT_OK ? "open" :
		    "refused";
	rc = print_text(row->unique_identifier) == 0 &&
	    print_text(row->integration_id) == 0 && print_text(how) == 0 &&
	    print(plain.len > 0 ? plain.data : "", plain.len) == 0 ? 0 : 1;
	buf_fini(&plain);
	return (rc);
}

int
main(int argc, char **argv)
{
	struct vaulted vaulted;
	int rc = EXIT_FAILURE;

	if (argc != 2)
		return (rc);
	if (vaulted_open(&vaulted, argv[1], STORE_READ) == 0 &&
	    store_integration_list(vaulted.store, NULL,
	    print_row, vaulted.keyring) == STORE_OK && fflush(stdout) == 0)
		rc = EXIT_SUCCESS;
	vaulted_close(&vaulted);
	return (rc);
}
