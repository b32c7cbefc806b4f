/*
 * strongroom check: whether all that is stored is whole.
 */
#include "config.h"

#include <stdio.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "ground/log.h"
#include "secrets/vault.h"

struct tally {
	const struct keyring *keyring;
	bool is_json;
	struct json_out *complaints;
	long integrations;
	long boxes;
	long faults;
};

static void
complain(struct tally *tally, const char *what, const char *integration_id)
{
	struct json_out *item;

	tally->faults++;
	if (!tally->is_json) {
		printf("%s%s%s\n", integration_id != NULL ? integration_id :
		    "database", ": ", what);
		return;
	}
	item = json_out_object();
	json_out_text(item, "integration_id", integration_id);
	json_out_text(item, "complaint", what);
	json_out_append(tally->complaints, item);
}

static int
check_database(void *cookie, const char *complaint)
{
	complain(cookie, complaint, NULL);
	return (0);
}

static int
check_row(void *cookie, const struct integration *row)
{
	struct tally *tally = cookie;
	struct vault_row owner = { row->created_by, row->unique_identifier };
	struct buf plain;

	tally->integrations++;
	if (row->auth_data == NULL)
		return (0);
	tally->boxes++;
	buf_init(&plain, row->auth_data_len + 1);
	switch (vault_open(tally->keyring, &owner, row->auth_data,
	    row->auth_data_len, &plain)) {
	case VAULT_OK:
		break;
	case VAULT_REFUSED:
		complain(tally, "its box does not open", row->integration_id);
		break;
	case VAULT_NOMEM:
		complain(tally, "memory is too short for its box",
		    row->integration_id);
		break;
	}
	buf_fini(&plain);
	return (0);
}

static int
print_tally(const struct tally *tally, struct json_out *out)
{
	if (!tally->is_json) {
		printf("%ld integrations, %ld boxes, %ld faults\n",
		    tally->integrations, tally->boxes, tally->faults);
		return (fflush(stdout) == 0 && !ferror(stdout) ? 0 : -1);
	}
	json_out_number(out, "integrations", tally->integrations);
	json_out_number(out, "boxes", tally->boxes);
	json_out_number(out, "faults", tally->faults);
	return (json_out_print(out));
}

enum admin_rc
admin_check(const struct admin *admin)
{
	struct json_out *out = json_out_object();
	struct tally tally = { .is_json = admin->is_json };
	enum admin_rc result = ADMIN_FAILED;
	struct keyring *keyring = NULL;
	struct store *store = NULL;
	enum admin_rc opened;

	tally.complaints = json_out_array();
	json_out_member(out, "complaints", tally.complaints);
	opened = admin_open(admin, STORE_READ, &store, &keyring);
	if (opened != ADMIN_DONE) {
		result = opened;
		goto done;
	}
	tally.keyring = keyring;
	if (store_check(store, check_database, &tally) != STORE_OK ||
	    store_integration_list(store, NULL, check_row, &tally) !=
	    STORE_OK)
		goto done;
	if (print_tally(&tally, out) == 0 && tally.faults == 0)
		result = ADMIN_DONE;
done:
	json_out_free(out);
	store_close(store);
	keyring_free(keyring);
	return (result);
}
