/*
 * The body of a save: the table of its fields, and what a form that was read
 * by it says. Knows nothing of keys, boxes or rows.
 */
#include "config.h"

#include <string.h>

#include "body/field.h"
#include "body/form_save.h"
#include "body/json.h"
#include "body/json_member.h"
#include "ground/integration.h"
#include "ground/moment.h"

static const struct form_field fields[SAVE_FIELDS] = {
	[SAVE_NAME] = { "name", FORM_BODY, field_name, .is_required = true },
	[SAVE_INTEGRATION_TYPE] = { "integration_type", FORM_BODY,
	    .choices = integration_types, .is_required = true },
	[SAVE_STATUS] = { "status", FORM_BODY,
	    .choices = integration_statuses },
	[SAVE_ACTIVE] = { "active", FORM_BODY, field_bool },
	[SAVE_AUTH_DATA] = { "auth_data", FORM_BODY, field_object,
	    .is_nullable = true },
	[SAVE_ACCESS_TOKEN] = { "access_token", SAVE_AUTH_DATA, field_string,
	    .is_nullable = true },
	[SAVE_REFRESH_TOKEN] = { "refresh_token", SAVE_AUTH_DATA,
	    field_string, .is_nullable = true },
	[SAVE_TOKEN_TYPE] = { "token_type", SAVE_AUTH_DATA, field_string,
	    .is_nullable = true },
	[SAVE_EXPIRES_AT] = { "expires_at", SAVE_AUTH_DATA, field_moment,
	    .is_nullable = true },
	[SAVE_SCOPE] = { "scope", SAVE_AUTH_DATA, field_texts,
	    .is_nullable = true },
	[SAVE_CODE] = { "code", SAVE_AUTH_DATA, field_string,
	    .is_nullable = true },
	[SAVE_SCOPE_DATA] = { "scope_data", FORM_BODY, field_object,
	    .is_nullable = true },
	[SAVE_ORG_SLUG] = { "org_slug", SAVE_SCOPE_DATA, field_id,
	    .is_nullable = true },
	[SAVE_INSTALLATION_ID] = { "installation_id", SAVE_SCOPE_DATA,
	    field_id, .is_nullable = true },
	[SAVE_WORKSPACE_ID] = { "workspace_id", SAVE_SCOPE_DATA, field_id,
	    .is_nullable = true },
	[SAVE_PROJECT_ID] = { "project_id", SAVE_SCOPE_DATA, field_id,
	    .is_nullable = true },
	[SAVE_METADATA] = { "metadata", FORM_BODY, field_object,
	    .is_nullable = true },
	[SAVE_INSTANCE_NAME] = { "instance_name", SAVE_METADATA, field_string,
	    .is_nullable = true },
	[SAVE_CREATED_VIA] = { "created_via", SAVE_METADATA, field_string,
	    .is_nullable = true },
	[SAVE_VERSION] = { "version", SAVE_METADATA, field_string,
	    .is_nullable = true },
	[SAVE_DESCRIPTION] = { "description", SAVE_METADATA, field_string,
	    .is_nullable = true },
	[SAVE_TAGS] = { "tags", SAVE_METADATA, field_list, field_string,
	    .is_nullable = true },
	[SAVE_UNIQUE_IDENTIFIER] = { "unique_identifier", FORM_BODY,
	    field_identifier, .is_nullable = true },
};

const struct form_spec form_save_spec = {
	.fields = fields, .count = SAVE_FIELDS
};

const char *
form_save_type(const struct form *form)
{
	return (field_choice(form->doc, form->at[SAVE_INTEGRATION_TYPE],
	    integration_types));
}

const char *
form_save_status(const struct form *form)
{
	if (!form_has(form, SAVE_STATUS))
		return ("active");
	return (field_choice(form->doc, form->at[SAVE_STATUS],
	    integration_statuses));
}

bool
form_save_active(const struct form *form)
{
	return (!form_has(form, SAVE_ACTIVE) ||
	    form->doc->node[form->at[SAVE_ACTIVE]].type == JSON_TRUE);
}

/* Whether a member of scope_data says where: a text or a number. */
static bool
names_scope(const struct form *form, enum save_field field)
{
	return (form_has_text(form, field) || (form_is_set(form, field) &&
	    form->doc->node[form->at[field]].type == JSON_NUMBER));
}

bool
form_save_has_scope(const struct form *form)
{
	return (names_scope(form, SAVE_ORG_SLUG) ||
	    names_scope(form, SAVE_WORKSPACE_ID));
}

bool
form_save_scope(const struct form *form, enum save_field field,
    struct buf *out)
{
	const struct json_node *node = &form->doc->node[form->at[field]];

	if (!names_scope(form, field))
		return (false);
	if (node->type == JSON_STRING) {
		if (json_measure(form->doc, form->at[field],
		    SIZE_MAX).has_null)
			return (false);
		json_decode(form->doc, form->at[field], out);
	} else {
		buf_put(out, form->doc->text + node->span.start,
		    node->span.end - node->span.start);
	}
	return (true);
}

bool
form_save_expires(const struct form *form, int64_t *at_us)
{
	return (form_is_set(form, SAVE_EXPIRES_AT) &&
	    field_read_moment(form->doc, form->at[SAVE_EXPIRES_AT], at_us) &&
	    moment_has_year(*at_us));
}

bool
form_save_auth_expires(const struct json_doc *auth_data, int64_t *at_us)
{
	uint32_t node = json_member(auth_data, 0,
	    fields[SAVE_EXPIRES_AT].name);

	return (node != 0 &&
	    field_read_moment(auth_data, node, at_us) &&
	    moment_has_year(*at_us));
}

const char *
form_save_object(const struct form *form, enum save_field field, size_t *len)
{
	const struct json_node *node = &form->doc->node[form->at[field]];
	static const char empty[] = "{}";

	if (node->type == JSON_ARRAY) {
		*len = strlen(empty);
		return (empty);
	}
	*len = node->span.end - node->span.start;
	return (form->doc->text + node->span.start);
}

/* "name":value, with the literal otherwise where there is no value. */
static void
put_member(const struct form *form, enum save_field field, bool is_given,
    const char *otherwise, struct buf *out)
{
	buf_putc(out, '"');
	buf_puts(out, fields[field].name);
	buf_puts(out, "\":");
	if (is_given)
		json_write(form->doc, form->at[field], out);
	else
		buf_puts(out, otherwise);
}

/* Whether node i is one of the five members that are always there. */
static bool
is_metadata_field(const struct form *form, uint32_t i)
{
	size_t field;

	for (field = SAVE_INSTANCE_NAME; field <= SAVE_TAGS; field++)
		if (form->at[field] == i)
			return (true);
	return (false);
}

static void
put_other_members(const struct form *form, struct buf *out)
{
	const struct json_node *node = form->doc->node;
	uint32_t member;

	for (member = json_first(form->doc, form->at[SAVE_METADATA]);
	    member != 0; member = node[member].next) {
		if (node[member].last == 0 ||
		    is_metadata_field(form, node[member].last))
			continue;
		buf_putc(out, ',');
		json_write_name(form->doc, member, out);
		json_write(form->doc, node[member].last, out);
	}
}

void
form_save_metadata(const struct form *form, struct buf *out)
{
	buf_putc(out, '{');
	if (form_has_text(form, SAVE_INSTANCE_NAME)) {
		put_member(form, SAVE_INSTANCE_NAME, true, NULL, out);
	} else {
		put_member(form, SAVE_INSTANCE_NAME, false, "", out);
		json_write(form->doc, form->at[SAVE_NAME], out);
	}
	buf_putc(out, ',');
	put_member(form, SAVE_CREATED_VIA,
	    form_has_text(form, SAVE_CREATED_VIA), "\"manual\"", out);
	buf_putc(out, ',');
	put_member(form, SAVE_VERSION, form_is_set(form, SAVE_VERSION),
	    "null", out);
	buf_putc(out, ',');
	put_member(form, SAVE_DESCRIPTION,
	    form_is_set(form, SAVE_DESCRIPTION), "null", out);
	buf_putc(out, ',');
	put_member(form, SAVE_TAGS, form_is_set(form, SAVE_TAGS), "[]",
	    out);
	if (form_is_set(form, SAVE_METADATA))
		put_other_members(form, out);
	buf_putc(out, '}');
}

void
form_save_trail(const struct form *form, struct trail *trail)
{
	size_t field;

	for (field = 0; field < SAVE_FIELDS; field++)
		if (fields[field].parent == FORM_BODY && form_has(form, field))
			trail_field(trail, fields[field].name);
}
