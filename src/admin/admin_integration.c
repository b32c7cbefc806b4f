/*
 * strongroom integration: what is stored, for the operator's eyes.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/admin_filter.h"
#include "admin/admin_json.h"
#include "admin/admin_rows.h"
#include "admin/admin_table.h"
#include "ground/log.h"

static const char *const list_head[] = { "ID", "TYPE", "NAME", "IDENTIFIER",
    "STATUS", "ACTIVE", "OWNER", "CREATED" };
enum {
	LIST_COLUMNS = sizeof list_head / sizeof list_head[0],
	NUMBER_LEN = 20
};

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
	return (json_list_put(cookie, row_json(row)));
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
	return (table_print_much(cookie));
}

/* Print those of a query. */
static int
list_rows(const struct admin *admin, struct store *store,
    const struct store_query *query)
{
	struct json_list list = { 0 };
	struct table table;
	int rc;

	if (admin->is_json)
		return (admin_rows(store, *query, list_json, &list) ==
		    STORE_OK ? json_list_end(&list, NULL) : -1);
	table_init(&table, list_head, LIST_COLUMNS);
	rc = admin_rows(store, *query, list_table, &table) == STORE_OK ?
	    table_print(&table) : -1;
	table_fini(&table);
	return (rc);
}

enum admin_rc
admin_integration_list(const struct admin *admin)
{
	struct store *store = NULL;
	struct admin_filter filter;
	enum admin_rc result;

	result = admin_filter_init(&filter, admin);
	if (result == ADMIN_DONE)
		result = admin_open(admin, STORE_READ, &store, NULL);
	if (result == ADMIN_DONE && list_rows(admin, store,
	    &(struct store_query){ .created_by = admin->user,
	    .filter = &filter.filter,
	    .columns = admin->tag != NULL ? STORE_DATA : 0 }) == -1)
		result = ADMIN_FAILED;
	admin_filter_fini(&filter);
	store_close(store);
	return (result);
}

/* Read the integration admin->id into arena, and what is known of its use. */
static enum admin_rc
find(const struct admin *admin, struct arena *arena, struct integration *row,
    struct store_use *use)
{
	struct store *store = NULL;
	enum admin_rc opened;
	enum store_rc rc;

	opened = admin_open(admin, STORE_READ, &store, NULL);
	if (opened != ADMIN_DONE)
		return (opened);
	rc = store_operator_find(store, admin->id, STORE_DATA, arena, row);
	if (rc == STORE_OK)
		rc = store_use(store, row->integration_id, use);
	store_close(store);
	if (rc == STORE_NOT_FOUND) {
		log_error("there is no integration %s", admin->id);
		return (ADMIN_NOT_FOUND);
	}
	return (rc == STORE_OK ? ADMIN_DONE : ADMIN_FAILED);
}

/* A text, or NULL where it is empty. */
static const char *
or_none(const char *text)
{
	return (*text != '\0' ? text : NULL);
}

static int
show_json(const struct integration *row, const struct store_use *use)
{
	struct json_out *item = row_json(row);
	int rc;

	json_out_number(item, "revision", (long)row->revision);
	json_out_text(item, "expires_at", row->expires_at);
	json_out_text(item, "last_revealed_at",
	    or_none(use->last_revealed_at));
	json_out_number(item, "reveal_count", (long)use->reveal_count);
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
show_table(const struct integration *row, const struct store_use *use)
{
	char revision[NUMBER_LEN + 1], count[NUMBER_LEN + 1];
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
		{ "revision", revision },
		{ "expires_at", row->expires_at },
		{ "last_revealed_at", or_none(use->last_revealed_at) },
		{ "reveal_count", count },
		{ "scope_data", row->scope_data },
		{ "metadata", row->metadata },
	};
	const char *head[] = { "integration_id", row->integration_id };
	struct table table;
	size_t i;
	int rc;

	snprintf(revision, sizeof revision, "%" PRId64, row->revision);
	snprintf(count, sizeof count, "%" PRId64, use->reveal_count);
	table_init(&table, head, 2);
	for (i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		table_add(&table, lines[i].name);
		table_add(&table, lines[i].value);
	}
	rc = table_print(&table);
	table_fini(&table);
	return (rc);
}

enum admin_rc
admin_integration_show(const struct admin *admin)
{
	struct arena arena = { 0 };
	struct integration row;
	struct store_use use;
	enum admin_rc result;
	int rc;

	result = find(admin, &arena, &row, &use);
	if (result == ADMIN_DONE) {
		rc = admin->is_json ? show_json(&row, &use) :
		    show_table(&row, &use);
		result = rc == 0 ? ADMIN_DONE : ADMIN_FAILED;
	}
	arena_fini(&arena);
	return (result);
}
