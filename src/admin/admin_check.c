/*
 * strongroom check: whether all that is stored is whole.
 */
#include "config.h"

#include <stdio.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "admin/admin_rows.h"
#include "ground/log.h"
#include "secrets/vault.h"
#include "store/store_upkeep.h"

struct tally {
	struct keeper *keeper;
	bool is_json;
	struct json_list complaints;
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
	/* Should that fail, the end of the list does too. */
	(void)!json_list_put(&tally->complaints, item);
}

/* What the database itself complains of. */
static enum store_rc
check_database(struct store *store, struct tally *tally)
{
	struct store_complaint *complaint;
	struct arena arena = { 0 };
	enum store_rc rc = store_check(store, &arena, &complaint);

	for (; rc == STORE_OK && complaint != NULL;
	    complaint = complaint->next)
		complain(tally, complaint->text, NULL);
	arena_fini(&arena);
	return (rc);
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
	switch (vault_open_kept(tally->keeper, &owner, row->auth_data,
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
print_tally(struct tally *tally)
{
	struct json_out *rest;

	if (!tally->is_json) {
		return (printf("%ld integrations, %ld boxes, %ld faults\n",
		    tally->integrations, tally->boxes, tally->faults) < 0 ?
		    -1 : 0);
	}
	rest = json_out_object();
	json_out_number(rest, "integrations", tally->integrations);
	json_out_number(rest, "boxes", tally->boxes);
	json_out_number(rest, "faults", tally->faults);
	return (json_list_end(&tally->complaints, rest));
}

enum admin_rc
admin_check(const struct admin *admin)
{
	const struct store_query query = { .columns = STORE_BOX };
	struct tally tally = { .is_json = admin->is_json,
	    .complaints = { .name = "complaints" } };
	enum admin_rc result = ADMIN_FAILED;
	struct store *store = NULL;
	enum admin_rc opened;

	opened = admin_open(admin, STORE_READ, &store, &tally.keeper);
	if (opened != ADMIN_DONE)
		return (opened);
	if (check_database(store, &tally) == STORE_OK &&
	    admin_rows(store, query, check_row, &tally) == STORE_OK &&
	    print_tally(&tally) == 0 && tally.faults == 0)
		result = ADMIN_DONE;
	store_close(store);
	keeper_close(tally.keeper);
	return (result);
}
