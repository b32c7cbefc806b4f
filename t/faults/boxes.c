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

#include "ground/be32.h"
#include "secrets/vault.h"
#include "vaulted.h"

enum { PAGE_ROWS = 1000 };

static int
print(const void *bytes, size_t len)
{
	unsigned char head[BE32_LEN];

	be32_put(head, (uint32_t)len);
	return (fwrite(head, sizeof head, 1, stdout) == 1 &&
	    fwrite(bytes, 1, len, stdout) == len ? 0 : -1);
}

static int
print_text(const char *text)
{
	return (print(text, strlen(text)));
}

static int
print_row(const struct keyring *keyring, const struct integration *row)
{
	const struct vault_row owner = { row->created_by,
	    row->unique_identifier };
	const char *how = "none";
	struct buf plain;
	int rc;

	buf_init(&plain, row->auth_data_len + 1);
	if (row->auth_data != NULL)
		how = vault_open(keyring, &owner, row->auth_data,
		    row->auth_data_len, &plain) == VAULT_OK ? "open" :
		    "refused";
	rc = print_text(row->unique_identifier) == 0 &&
	    print_text(row->integration_id) == 0 && print_text(how) == 0 &&
	    print(plain.len > 0 ? plain.data : "", plain.len) == 0 ? 0 : 1;
	buf_fini(&plain);
	return (rc);
}

static int
print_rows(const struct vaulted *vaulted)
{
	struct store_query query = { .columns = STORE_BOX,
	    .limit = PAGE_ROWS };
	struct arena arena = { 0 };
	struct store_page page;
	int rc = 0;
	size_t i;

	do {
		if (store_operator_page(vaulted->store, &query, &arena,
		    &page) != STORE_OK)
			rc = -1;
		for (i = 0; rc == 0 && i < page.count; i++)
			rc = print_row(vaulted->keyring, &page.rows[i]);
		query.after = page.next;
	} while (rc == 0 && !page.is_last);
	arena_fini(&arena);
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
	    print_rows(&vaulted) == 0 && fflush(stdout) == 0)
		rc = EXIT_SUCCESS;
	vaulted_close(&vaulted);
	return (rc);
}
