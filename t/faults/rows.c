/*
 * rows CONFIG COUNT [BYTES]: that many integrations with boxes, under the
 * identifiers row-0, row-1 and so on; {"access_token":"row-N"} is in the box,
 * and with BYTES a refresh_token of that length besides, and a note of the
 * same in metadata. Saving them one by one would sync for each.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/ident.h"
#include "secrets/vault.h"
#include "store/store_upkeep.h"
#include "vaulted.h"

enum { BATCH = 1000, WAIT_MS = 10000, MORE_MAX = 4096 };

/* What is the same in all rows. */
struct more {
	char auth[MORE_MAX + 32];	/* behind the access token */
	char metadata[MORE_MAX + 32];
};

static int
make_more(struct more *more, const char *bytes)
{
	long len = bytes == NULL ? 0 : atol(bytes);
	char text[MORE_MAX + 1];

	if (len < 0 || len > MORE_MAX)
		return (-1);
	memset(text, 'x', (size_t)len);
	text[len] = '\0';
	snprintf(more->auth, sizeof more->auth, len == 0 ? "%s" :
	    ",\"refresh_token\":\"%s\"", text);
	snprintf(more->metadata, sizeof more->metadata, len == 0 ? "{}%s" :
	    "{\"note\":\"%s\"}", text);
	return (0);
}

/* Save row number n inside the transaction. */
static int
put_row(struct store *store, const struct keyring *keyring,
    const struct more *more, long n)
{
	char name[32], auth[sizeof more->auth + 64], id[IDENT_UUID_LEN + 1];
	char now[IDENT_TIME_LEN + 1];
	const struct vault_row owner = { "rows", name };
	struct store_save save = { .row = {
	    .integration_id = id, .created_by = "rows",
	    .unique_identifier = name, .name = name,
	    .integration_type = integration_types[0],
	    .status = integration_statuses[0], .active = true,
	    .has_auth_data = true, .created_at = now, .updated_at = now,
	    .metadata = more->metadata }, .auth_data_given = true };
	struct buf box;
	int rc = -1;

	snprintf(name, sizeof name, "row-%ld", n);
	snprintf(auth, sizeof auth, "{\"access_token\":\"%s\"%s}", name,
	    more->auth);
	ident_time(now, ident_now_us());
	buf_init(&box, 2 * sizeof auth);
	if (ident_uuid7(id, ident_now_us()) == 0 && vault_seal(keyring,
	    &owner, auth, strlen(auth), &box) == 0) {
		save.row.auth_data = box.data;
		save.row.auth_data_len = box.len;
		rc = store_save(store, &save) == STORE_OK ? 0 : -1;
	}
	buf_fini(&box);
	return (rc);
}

static int
put_rows(struct store *store, const struct keyring *keyring,
    const struct more *more, long count)
{
	long n;

	for (n = 0; n < count; n++) {
		if (n % BATCH == 0 && store_begin(store, WAIT_MS) != STORE_OK)
			return (-1);
		if (put_row(store, keyring, more, n) == -1)
			return (-1);
		if ((n % BATCH == BATCH - 1 || n == count - 1) &&
		    store_commit(store) != STORE_OK)
			return (-1);
	}
	store_checkpoint(store, 0, STORE_LOG_TRUNCATE);
	return (0);
}

int
main(int argc, char **argv)
{
	struct vaulted vaulted;
	int rc = EXIT_FAILURE;
	struct more more;

	if (argc < 3 || argc > 4 || make_more(&more, argv[3]) == -1)
		return (rc);
	if (vaulted_open(&vaulted, argv[1], STORE_WRITE) == 0 &&
	    put_rows(vaulted.store, vaulted.keyring, &more, atol(argv[2])) == 0)
		rc = EXIT_SUCCESS;
	vaulted_close(&vaulted);
	return (rc);
}
