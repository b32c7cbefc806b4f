/*
 * strongroom integration: what is stored, for the operator's eyes.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "admin/admin_table.h"
#include "ground/log.h"
#include "secrets/vault.h"

static const char *const list_head[] = { "ID", "TYPE", "NAME", "IDENTIFIER",
    "STATUS", "ACTIVE", "OWNER", "CREATED" };
enum { LIST_COLUMNS = sizeof list_head / sizeof list_head[0] };

static const char *
yes_or_no(bool value)
{
	return (value ? "yes" : "no");
}

static struct json_out *
row_json(const struct integration *row)
{
	struct json_out *item = json_out_object();

	json_out_text(item, "integration_id", row->integration_id);
	json_out_text(item, "name", row->name);
	json_out_text(item, "integration_type", row->integration_type);
	json_out_text(item, "status", row->status);
	json_out_bool(item, "active", row->active);
	json_out_text(item, "unique_identifier", row->unique_identifier);
	json_out_text(item, "created_by", row->created_by);
	json_out_text(item, "created_at", row->created_at);
	json_out_text(item, "updated_at", row->updated_at);
	json_out_bool(item, "has_auth_data", row->has_auth_data);
	json_out_bool(item, "has_scope_data", row->has_scope_data);
	return (item);
}

static int
list_json(void *cookie, const struct integration *row)
{
	json_out_append(cookie, row_json(row));
	return (0);
}

static int
list_table(void *cookie, const struct integration *row)
{
	table_add(cookie, row->integration_id);
	table_add(cookie, row->integration_type);
	table_add(cookie, row->name);
	table_add(cookie, row->unique_identifier);
	table_add(cookie, row->status);
	table_add(cookie, yes_or_no(row->active));
	table_add(cookie, row->created_by);
	table_add(cookie, row->created_at);
	return (0);
}

enum admin_rc
admin_integration_list(const struct admin *admin)
{
	enum admin_rc result = ADMIN_FAILED;
	struct json_out *array = NULL;
	struct store *store = NULL;
	enum admin_rc opened;
	struct table table;

	opened = admin_open(admin, STORE_READ, &store, NULL);
	if (opened != ADMIN_DONE)
		return (opened);
	table_init(&table, list_head, LIST_COLUMNS);
	if (admin->is_json) {
		array = json_out_array();
		if (store_integration_list(store, admin->user, list_json,
		    array) == STORE_OK && json_out_print(array) == 0)
			result = ADMIN_DONE;
	} else if (store_integration_list(store, admin->user, list_table,
	    &table) == STORE_OK && table_print(&table) == 0) {
		result = ADMIN_DONE;
	}
	json_out_free(array);
	table_fini(&table);
	store_close(store);
	return (result);
}

/* What is done with the one integration that was asked for. */
struct visit {
	const struct admin *admin;
	const struct keyring *keyring;
	enum admin_rc result;
};

/* Find admin->id and visit it. */
static enum admin_rc
visit_one(const struct admin *admin, bool wants_keyring,
    int (*each)(void *, const struct integration *))
{
	struct visit visit = { .admin = admin, .result = ADMIN_FAILED };
	struct keyring *keyring = NULL;
	struct store *store = NULL;
	enum admin_rc opened;
	enum store_rc rc;

	opened = admin_open(admin, STORE_READ, &store,
	    wants_keyring ? &keyring : NULL);
	if (opened != ADMIN_DONE)
		return (opened);
	visit.keyring = keyring;
	rc = store_integration_find(store, admin->id, each, &visit);
	store_close(store);
	keyring_free(keyring);
	if (rc == STORE_NOT_FOUND) {
		log_error("there is no integration %s", admin->id);
		return (ADMIN_NOT_FOUND);
	}
	return (rc == STORE_OK ? visit.result : ADMIN_FAILED);
}

static int
show_json(const struct integration *row)
{
	struct json_out *item = row_json(row);
	int rc;

	if (row->scope_data == NULL)
		json_out_text(item, "scope_data", NULL);
	else
		json_out_raw(item, "scope_data", row->scope_data,
		    strlen(row->scope_data));
	json_out_raw(item, "metadata", row->metadata, strlen(row->metadata));
	rc = json_out_print(item);
	json_out_free(item);
	return (rc);
}

static int
show_table(const struct integration *row)
{
	const struct {
		const char *name;
		const char *value;
	} lines[] = {
		{ "name", row->name },
		{ "integration_type", row->integration_type },
		{ "status", row->status },
		{ "active", yes_or_no(row->active) },
		{ "unique_identifier", row->unique_identifier },
		{ "created_by", row->created_by },
		{ "created_at", row->created_at },
		{ "updated_at", row->updated_at },
		{ "has_auth_data", yes_or_no(row->has_auth_data) },
		{ "has_scope_data", yes_or_no(row->has_scope_data) },
		{ "scope_data", row->scope_data },
		{ "metadata", row->metadata },
	};
	const char *head[] = { "integration_id", row->integration_id };
	struct table table;
	size_t i;
	int rc;

	table_init(&table, head, 2);
	for (i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		table_add(&table, lines[i].name);
		table_add(&table, lines[i].value);
	}
	rc = table_print(&table);
	table_fini(&table);
	return (rc);
}

static int
show(void *cookie, const struct integration *row)
{
	struct visit *visit = cookie;
	int rc = visit->admin->is_json ? show_json(row) : show_table(row);

	visit->result = rc == 0 ? ADMIN_DONE : ADMIN_FAILED;
	return (0);
}

enum admin_rc
admin_integration_show(const struct admin *admin)
{
	return (visit_one(admin, false, show));
}

/* The bytes alone; a line's end is added for a terminal only. */
static int
reveal_bytes(const char *text, size_t len)
{
	if (fwrite(text, 1, len, stdout) != len ||
	    (isatty(STDOUT_FILENO) && putchar('\n') == EOF))
		return (-1);
	return (fflush(stdout) == 0 ? 0 : -1);
}

static int
reveal_json(const struct integration *row, const char *text, size_t len)
{
	struct json_out *item = json_out_object();
	int rc;

	json_out_text(item, "integration_id", row->integration_id);
	json_out_raw(item, "auth_data", text, len);
	rc = json_out_print(item);
	json_out_free(item);
	return (rc);
}

static int
reveal(void *cookie, const struct integration *row)
{
	const struct vault_row owner = { row->created_by,
	    row->unique_identifier };
	struct visit *visit = cookie;
	struct buf plain;
	int rc = -1;

	buf_init(&plain, row->auth_data_len + sizeof "null");
	if (row->auth_data == NULL) {
		buf_puts(&plain, "null");
	} else if (vault_open(visit->keyring, &owner, row->auth_data,
	    row->auth_data_len, &plain) != VAULT_OK) {
		log_error("the box of integration %s does not open: it was "
		    "altered, or moved from another row",
		    row->integration_id);
		goto done;
	}
	if (plain.failed)
		goto done;
	rc = visit->admin->is_json ?
	    reveal_json(row, plain.data, plain.len) :
	    reveal_bytes(plain.data, plain.len);
done:
	visit->result = rc == 0 ? ADMIN_DONE : ADMIN_FAILED;
	buf_fini(&plain);
	return (0);
}

enum admin_rc
admin_integration_reveal(const struct admin *admin)
{
	return (visit_one(admin, true, reveal));
}
