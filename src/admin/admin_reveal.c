/*
 * strongroom integration reveal: the operator sees what is sealed. That he did
 * is counted and audited before it is printed, as it is for everybody.
 */
#include "config.h"

#include <stdio.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "admin/admin_trail.h"
#include "ground/log.h"
#include "secrets/vault.h"
#include "store/store_reveal.h"

enum { TRIES = 3 };		/* where others change it meanwhile */

struct reveal {
	const struct admin *admin;
	struct store *store;
	struct keeper *keeper;
	struct chain *chain;
	struct arena arena;
	struct integration row;
	struct buf plain;
};

static enum admin_rc
find(struct reveal *reveal)
{
	const char *id = reveal->admin->id;
	enum store_rc rc = store_operator_find(reveal->store, id, STORE_BOX,
	    &reveal->arena, &reveal->row);

	if (rc == STORE_NOT_FOUND) {
		log_error("there is no integration %s", id);
		return (ADMIN_NOT_FOUND);
	}
	return (rc == STORE_OK ? ADMIN_DONE : ADMIN_FAILED);
}

static enum admin_rc
open_box(struct reveal *reveal)
{
	const struct integration *row = &reveal->row;
	const struct vault_row owner = { row->created_by,
	    row->unique_identifier };

	buf_fini(&reveal->plain);
	buf_init(&reveal->plain, row->auth_data_len + sizeof "null");
	if (row->auth_data == NULL) {
		buf_puts(&reveal->plain, "null");
	} else if (vault_open_kept(reveal->keeper, &owner, row->auth_data,
	    row->auth_data_len, &reveal->plain) != VAULT_OK) {
		log_error("the box of integration %s does not open: it was "
		    "altered, or moved from another row",
		    row->integration_id);
		return (ADMIN_FAILED);
	}
	return (reveal->plain.failed ? ADMIN_FAILED : ADMIN_DONE);
}

/* Count it, with its line in the audit, in one transaction. */
static enum store_rc
count(struct reveal *reveal, struct trail *trail)
{
	const struct store_reveal what = {
	    .integration_id = reveal->row.integration_id,
	    .revision = reveal->row.revision, .at = trail->at };
	enum store_rc rc;

	trail->entry.integration_id = reveal->row.integration_id;
	if (trail_end(trail) == -1)
		return (STORE_UNAVAILABLE);
	rc = admin_begin(reveal->admin, reveal->store);
	if (rc != STORE_OK)
		return (rc);
	rc = store_operator_reveal(reveal->store, &what);
	if (rc == STORE_OK)
		rc = store_audit_add(reveal->store, &trail->entry);
	if (rc == STORE_OK)
		return (store_commit(reveal->store));
	store_rollback(reveal->store);
	return (rc);
}

static enum store_rc
audit(struct reveal *reveal)
{
	char request_id[IDENT_UUID_LEN + 1];
	enum store_rc rc = STORE_UNAVAILABLE;
	struct trail trail;

	if (admin_trail(&trail, reveal->chain, "reveal", request_id,
	    reveal->row.created_by) == 0)
		rc = count(reveal, &trail);
	trail_fini(&trail);
	return (rc);
}

/* Come to what may be printed. */
static enum admin_rc
prepare(struct reveal *reveal)
{
	enum store_rc rc = STORE_MOVED;
	enum admin_rc result;
	int tries;

	for (tries = 0; rc == STORE_MOVED && tries < TRIES; tries++) {
		if ((result = find(reveal)) != ADMIN_DONE ||
		    (result = open_box(reveal)) != ADMIN_DONE)
			return (result);
		rc = audit(reveal);
	}
	if (rc == STORE_OK)
		return (ADMIN_DONE);
	if (rc == STORE_MOVED || rc == STORE_NOT_FOUND)
		log_error("integration %s is being changed: try again",
		    reveal->admin->id);
	return (ADMIN_FAILED);
}

static int
print_json(const struct reveal *reveal)
{
	struct json_out *item = json_out_object();
	int rc;

	json_out_text(item, "integration_id", reveal->row.integration_id);
	json_out_raw(item, "auth_data", reveal->plain.data,
	    reveal->plain.len);
	rc = json_out_print(item);
	json_out_free(item);
	return (rc);
}

static enum admin_rc
print(const struct reveal *reveal)
{
	int rc = reveal->admin->is_json ? print_json(reveal) :
	    admin_print_bytes(reveal->plain.data, reveal->plain.len);

	return (rc == 0 ? ADMIN_DONE : ADMIN_FAILED);
}

enum admin_rc
admin_integration_reveal(const struct admin *admin)
{
	struct reveal reveal = { .admin = admin };
	enum admin_rc result;

	result = admin_open(admin, STORE_WRITE, &reveal.store,
	    &reveal.keeper);
	if (result != ADMIN_DONE)
		return (result);
	if ((reveal.chain = chain_new(reveal.keeper)) == NULL)
		result = ADMIN_FAILED;
	if (result == ADMIN_DONE)
		result = prepare(&reveal);
	if (result == ADMIN_DONE)
		result = print(&reveal);
	buf_fini(&reveal.plain);
	arena_fini(&reveal.arena);
	chain_free(reveal.chain);
	store_close(reveal.store);
	keeper_close(reveal.keeper);
	return (result);
}
