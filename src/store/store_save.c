/*
 * A save: what it makes of the row that is there. Refuses to know
 * what a box holds.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ground/etag.h"
#include "ground/log.h"
#include "secrets/print.h"
#include "store/rows.h"

static enum store_rc
insert(struct db *db, const struct integration *row)
{
	struct db_query query = db_query(db, SAVE_INSERT);
	enum store_rc rc;

	db_bind_text(&query, row->integration_id);
	db_bind_text(&query, row->created_by);
	db_bind_text(&query, row->unique_identifier);
	db_bind_text(&query, row->name);
	db_bind_text(&query, row->integration_type);
	db_bind_text(&query, row->status);
	db_bind_int(&query, row->active);
	db_bind_int(&query, row->has_auth_data);
	db_bind_int(&query, row->has_scope_data);
	db_bind_text(&query, row->created_at);
	db_bind_text(&query, row->updated_at);
	db_bind_text(&query, row->metadata);
	db_bind_text(&query, row->expires_at);
	db_bind_text(&query, row->org_slug);
	db_bind_text(&query, row->workspace_id);
	db_bind_text(&query, row->scope_data);
	db_bind_blob(&query, row->auth_print, PRINT_LEN);
	db_bind_blob(&query, row->auth_data, row->auth_data_len);
	rc = db_put_off(&query);
	if (rc == STORE_CONFLICT) {
		log_error("a new integration's identifier is taken already");
		rc = STORE_ROW_FAILED;
	}
	return (rc);
}

struct db_query
rows_update(struct db *db, const struct store_save *save, int64_t id)
{
	const struct integration *row = &save->stored;
	struct db_query query = db_query(db, SAVE_UPDATE);

	db_bind_text(&query, row->name);
	db_bind_text(&query, row->status);
	db_bind_int(&query, row->active);
	db_bind_int(&query, row->has_auth_data);
	db_bind_int(&query, row->has_scope_data);
	db_bind_text(&query, row->updated_at);
	db_bind_text(&query, row->metadata);
	db_bind_text(&query, row->expires_at);
	db_bind_int(&query, row->revision);
	db_bind_int(&query, save->scope_data_given);
	db_bind_text(&query, row->org_slug);
	db_bind_text(&query, row->workspace_id);
	db_bind_text(&query, row->scope_data);
	db_bind_int(&query, save->auth_data_given);
	db_bind_blob(&query, row->auth_print, PRINT_LEN);
	db_bind_blob(&query, row->auth_data, row->auth_data_len);
	db_bind_int(&query, id);
	return (query);
}

/* It is the row that was found, so no other save has asked for it ahead. */
static enum store_rc
update(struct db *db, const struct store_save *save, int64_t id)
{
	struct db_query query = rows_update(db, save, id);
	enum store_rc rc = db_put_off(&query);

	if (rc == STORE_OK && save->auth_data_given)
		rc = rows_end_lease(db, id);
	return (rc);
}

enum store_rc
rows_keep(struct store_save *save, struct db_query *found)
{
	struct integration *row = &save->stored;
	const char *metadata = db_text(found, FOUND_METADATA);
	const char *status = db_text(found, FOUND_STATUS);

	if (rows_copy(save->kept_integration_id,
	    sizeof save->kept_integration_id,
	    db_text(found, FOUND_INTEGRATION_ID)) == -1 ||
	    rows_copy(save->kept_created_at, sizeof save->kept_created_at,
	    db_text(found, FOUND_CREATED_AT)) == -1 ||
	    rows_copy(save->kept_expires_at, sizeof save->kept_expires_at,
	    db_text(found, FOUND_EXPIRES_AT)) == -1 || metadata == NULL ||
	    status == NULL)
		goto strange;
	row->integration_id = save->kept_integration_id;
	row->created_at = save->kept_created_at;
	row->revision = db_int(found, FOUND_REVISION) + 1;
	if (!save->status_given)
		row->status = integration_word(integration_statuses, status);
	if (!save->active_given)
		row->active = db_int(found, FOUND_ACTIVE) != 0;
	if (!save->auth_data_given) {
		row->has_auth_data = db_int(found, FOUND_HAS_AUTH_DATA) != 0;
		row->expires_at = save->kept_expires_at[0] != '\0' ?
		    save->kept_expires_at : NULL;
	}
	if (!save->scope_data_given)
		row->has_scope_data = db_int(found, FOUND_HAS_SCOPE_DATA) != 0;
	if (!save->metadata_given) {
		if (!room_take(save->room, strlen(metadata)))
			return (STORE_LACKS);
		if ((save->kept_metadata = strdup(metadata)) == NULL) {
			log_error("out of memory while saving");
			return (STORE_ROW_FAILED);
		}
		row->metadata = save->kept_metadata;
	}
	if (row->status != NULL)
		return (STORE_OK);
strange:
	log_error("an integration's row does not make sense; run strongroom "
	    "check");
	return (STORE_ROW_FAILED);
}

/* Whether a row that is not there will do. */
static bool
may_create(const struct store_save *save)
{
	return (save->if_match.count == 0);
}

bool
rows_meets(const struct field_lines *if_match,
    const struct field_lines *if_none_match, int64_t revision,
    const char *updated_at)
{
	char tag[ETAG_LEN + 1];
	enum etag_match match;

	etag_write(tag, revision, updated_at != NULL ? updated_at : "");
	match = etag_match(if_match, tag);
	/* What cannot be told holds neither way: nothing is stored over. */
	return ((if_match->count == 0 || match == ETAG_THIS ||
	    match == ETAG_ANY) && (if_none_match->count == 0 ||
	    etag_match(if_none_match, tag) == ETAG_NONE));
}

bool
rows_found_meets(const struct store_save *save, struct db_query *found)
{
	return ((save->if_match.count == 0 &&
	    save->if_none_match.count == 0) ||
	    rows_meets(&save->if_match, &save->if_none_match,
	    db_int(found, FOUND_REVISION), db_text(found, FOUND_UPDATED_AT)));
}

/* What is to be done about the row of SAVE_FIND: STORE_OK, to update it. */
static enum store_rc
judge(struct store_save *save, struct db_query *found)
{
	const char *type = db_text(found, FOUND_INTEGRATION_TYPE);
	enum store_rc rc = STORE_OK;

	if (type != NULL)
		type = integration_word(integration_types, type);
	if (type == NULL || rows_copy(save->kept_integration_id,
	    sizeof save->kept_integration_id,
	    db_text(found, FOUND_INTEGRATION_ID)) == -1)
		return (STORE_ROW_FAILED);
	if (!rows_found_meets(save, found)) {
		rc = STORE_PRECONDITION;
	} else if (strcmp(type, save->row.integration_type) != 0) {
		rc = STORE_CONFLICT;
		save->stored.integration_type = type;
	} else {
		rc = save->only_new ? STORE_EXISTS :
		    rows_keep(save, found);
	}
	save->stored.integration_id = save->kept_integration_id;
	return (rc);
}

/*
 * Whether the id, which was made elsewhere, is new here: STORE_NOT_FOUND. One
 * of our own making is.
 */
static enum store_rc
find_id(struct db *db, const char *integration_id)
{
	struct db_query query = db_query(db, SAVE_ID_EXISTS);
	enum store_rc rc;

	db_bind_text(&query, integration_id);
	rc = db_step(&query);
	db_done(&query);
	return (rc);
}

static enum store_rc
create(struct store *store, const struct store_save *save)
{
	enum store_rc rc;

	if (!may_create(save))
		return (STORE_PRECONDITION);
	if (save->only_new && (rc = find_id(store->db,
	    save->row.integration_id)) != STORE_NOT_FOUND) {
		if (rc != STORE_OK)
			return (rc);
		log_error("a new integration's id is taken already");
		return (STORE_ROW_FAILED);
	}
	return (insert(store->db, &save->row));
}

void
rows_begin_save(struct store_save *save)
{
	free(save->kept_metadata);
	save->kept_metadata = NULL;
	save->stored = save->row;
	save->stored.revision = 1;
}

/* Whether it has to be looked for a row that is there. */
static bool
may_be_there(const struct store_save *save)
{
	return (!save->is_generated || save->only_new);
}

static struct db_query
find(struct db *db, const struct store_save *save)
{
	struct db_query found = db_query(db, SAVE_FIND);

	db_bind_text(&found, save->row.created_by);
	db_bind_text(&found, save->row.unique_identifier);
	return (found);
}

void
store_save_ask(struct store *store, const struct store_save *save)
{
	struct db_query query;

	if (may_be_there(save)) {
		query = find(store->db, save);
		db_ahead(&query);
	}
}

enum store_rc
store_save(struct store *store, struct store_save *save)
{
	struct db_query found;
	enum store_rc rc;
	int64_t id;

	rows_begin_save(save);
	if (!rows_takes(store, save))
		return (STORE_SEAL_AGAIN);
	if (!may_be_there(save))
		return (create(store, save));
	found = find(store->db, save);
	if ((rc = db_step(&found)) == STORE_OK)
		rc = judge(save, &found);
	id = rc == STORE_OK ? db_int(&found, FOUND_ID) : 0;
	db_done(&found);
	if (rc == STORE_NOT_FOUND)
		return (create(store, save));
	return (rc == STORE_OK ? update(store->db, save, id) : rc);
}
