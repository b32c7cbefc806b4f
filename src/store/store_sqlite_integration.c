/*
 * Integrations in SQLite: what a save makes of the row that is there, and
 * reading them. Refuses to know what a box holds.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ground/log.h"
#include "store/store_sqlite.h"
#include "secrets/vault.h"

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
	db_bind_text(&query, row->scope_data);
	db_bind_blob(&query, row->auth_data, row->auth_data_len);
	rc = store_sqlite_finish(&query);
	if (rc == STORE_CONFLICT) {
		log_error("a new integration's identifier is taken already");
		rc = STORE_ROW_FAILED;
	}
	return (rc);
}

static enum store_rc
update(struct db *db, const struct store_save *save, int64_t id)
{
	const struct integration *row = &save->row;
	struct db_query query = db_query(db, SAVE_UPDATE);

	db_bind_text(&query, row->name);
	db_bind_text(&query, row->status);
	db_bind_int(&query, row->active);
	db_bind_int(&query, row->has_auth_data);
	db_bind_int(&query, row->has_scope_data);
	db_bind_text(&query, row->updated_at);
	db_bind_text(&query, row->metadata);
	db_bind_int(&query, save->scope_data_given);
	db_bind_text(&query, row->scope_data);
	db_bind_int(&query, save->auth_data_given);
	db_bind_blob(&query, row->auth_data, row->auth_data_len);
	db_bind_int(&query, id);
	return (store_sqlite_finish(&query));
}

/*
 * Let what was not given be what the row of SAVE_FIND has, and keep the texts
 * beyond the row. STORE_ROW_FAILED: the row is none that we write.
 */
static enum store_rc
keep(struct store_save *save, struct db_query *found)
{
	struct integration *row = &save->row;
	const char *metadata = db_text(found, 8), *status = db_text(found, 3);

	if (store_sqlite_copy(save->kept_integration_id,
	    sizeof save->kept_integration_id, db_text(found, 1)) == -1 ||
	    store_sqlite_copy(save->kept_created_at,
	    sizeof save->kept_created_at, db_text(found, 7)) == -1 ||
	    metadata == NULL || status == NULL)
		goto strange;
	row->integration_id = save->kept_integration_id;
	row->created_at = save->kept_created_at;
	if (!save->status_given)
		row->status = integration_word(integration_statuses, status);
	if (!save->active_given)
		row->active = db_int(found, 4) != 0;
	if (!save->auth_data_given)
		row->has_auth_data = db_int(found, 5) != 0;
	if (!save->scope_data_given)
		row->has_scope_data = db_int(found, 6) != 0;
	if (!save->metadata_given) {
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

enum store_rc
store_sqlite_save(struct store *store, struct store_save *save)
{
	struct integration *row = &save->row;
	const char *type;
	struct db_query found;
	enum store_rc rc;
	int64_t id = 0;

	if (!store_sqlite_takes(store, save))
		return (STORE_SEAL_AGAIN);
	if (save->is_generated && !save->only_new)
		return (insert(store_sqlite_db(store), row));
	found = db_query(store_sqlite_db(store), SAVE_FIND);
	db_bind_text(&found, row->created_by);
	db_bind_text(&found, row->unique_identifier);
	rc = db_step(&found);
	if (rc == STORE_OK) {
		id = db_int(&found, 0);
		type = db_text(&found, 2) == NULL ? NULL :
		    integration_word(integration_types, db_text(&found, 2));
		if (save->only_new) {
			rc = STORE_EXISTS;
		} else if (type != NULL &&
		    strcmp(type, row->integration_type) == 0) {
			rc = keep(save, &found);
		} else {
			rc = type == NULL ? STORE_ROW_FAILED :
			    STORE_CONFLICT;
			row->integration_type = type;
		}
	}
	db_done(&found);
	if (rc == STORE_NOT_FOUND)
		return (insert(store_sqlite_db(store), row));
	return (rc == STORE_OK ? update(store_sqlite_db(store), save, id) : rc);
}

static void
read_row(struct db_query *query, struct integration *row)
{
	row->integration_id = db_text(query, 0);
	row->created_by = db_text(query, 1);
	row->unique_identifier = db_text(query, 2);
	row->name = db_text(query, 3);
	row->integration_type = db_text(query, 4);
	row->status = db_text(query, 5);
	row->active = db_int(query, 6) != 0;
	row->has_auth_data = db_int(query, 7) != 0;
	row->has_scope_data = db_int(query, 8) != 0;
	row->created_at = db_text(query, 9);
	row->updated_at = db_text(query, 10);
	row->metadata = db_text(query, 11);
	row->scope_data = db_text(query, 12);
	row->auth_data = db_blob(query, 13, &row->auth_data_len);
}

enum store_rc
store_sqlite_integration_list(struct store *store, const char *user,
    int (*each)(void *, const struct integration *), void *cookie)
{
	struct db_query query = db_query(store_sqlite_db(store),
	    user == NULL ? LIST_ALL : LIST_OF_USER);
	struct integration row;
	enum store_rc rc;

	if (user != NULL)
		db_bind_text(&query, user);
	while ((rc = db_step(&query)) == STORE_OK) {
		read_row(&query, &row);
		if (each(cookie, &row) != 0)
			break;
	}
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : store_sqlite_as_read(rc));
}

enum store_rc
store_sqlite_integration_find(struct store *store, const char *integration_id,
    int (*each)(void *, const struct integration *), void *cookie)
{
	struct db_query query = db_query(store_sqlite_db(store), FIND_ONE);
	struct integration row;
	enum store_rc rc;

	db_bind_text(&query, integration_id);
	if ((rc = db_step(&query)) == STORE_OK) {
		read_row(&query, &row);
		(void)each(cookie, &row);
	}
	db_done(&query);
	return (store_sqlite_as_read(rc));
}

enum store_rc
store_sqlite_box_count(struct store *store,
    int (*each)(void *, uint32_t, int64_t), void *cookie)
{
	struct db_query query = db_query(store_sqlite_db(store), BOX_COUNT);
	const void *head;
	enum store_rc rc;
	size_t len;

	while ((rc = db_step(&query)) == STORE_OK) {
		head = db_blob(&query, 0, &len);
		if (each(cookie, vault_key_id(head, len),
		    db_int(&query, 1)) != 0)
			break;
	}
	db_done(&query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : store_sqlite_as_read(rc));
}
