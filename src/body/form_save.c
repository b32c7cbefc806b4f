/*
 * The body of POST /api/v2/integrations/save: the table of its fields, and
 * what a checked body says. Knows nothing of keys, boxes or rows.
 */
#include "config.h"


#include "body/field.h"
#include "body/form_save.h"
#include "ground/integration.h"
#include "body/json.h"

#define BODY SAVE_FIELDS	/* the parent of the outermost members */

/* A member is judged by check or, where it has choices, by them. */
struct field {
	const char *name;
	enum save_field parent;
	enum fault_kind (*check)(const struct json_doc *, uint32_t);
	const char *const *choices;
	bool is_required;
	bool is_nullable;
};

static const struct field fields[SAVE_FIELDS] = {
	[SAVE_NAME] = { "name", BODY, field_name, .is_required = true },
	[SAVE_INTEGRATION_TYPE] = { "integration_type", BODY,
	    .choices = integration_types, .is_required = true },
	[SAVE_STATUS] = { "status", BODY, .choices = integration_statuses },
	[SAVE_ACTIVE] = { "active", BODY, field_bool },
	[SAVE_AUTH_DATA] = { "auth_data", BODY, field_object,
	    .is_nullable = true },
	[SAVE_ACCESS_TOKEN] = { "access_token", SAVE_AUTH_DATA, field_string,
	    .is_nullable = true },
	[SAVE_REFRESH_TOKEN] = { "refresh_token", SAVE_AUTH_DATA,
	    field_string, .is_nullable = true },
	[SAVE_TOKEN_TYPE] = { "token_type", SAVE_AUTH_DATA, field_string,
	    .is_nullable = true },
	[SAVE_EXPIRES_AT] = { "expires_at", SAVE_AUTH_DATA, field_moment,
	    .is_nullable = true },
	[SAVE_SCOPE] = { "scope", SAVE_AUTH_DATA, field_string,
	    .is_nullable = true },
	[SAVE_CODE] = { "code", SAVE_AUTH_DATA, field_string,
	    .is_nullable = true },
	[SAVE_SCOPE_DATA] = { "scope_data", BODY, field_object,
	    .is_nullable = true },
	[SAVE_ORG_SLUG] = { "org_slug", SAVE_SCOPE_DATA, field_string,
	    .is_nullable = true },
	[SAVE_INSTALLATION_ID] = { "installation_id", SAVE_SCOPE_DATA,
	    field_string, .is_nullable = true },
	[SAVE_WORKSPACE_ID] = { "workspace_id", SAVE_SCOPE_DATA, field_string,
	    .is_nullable = true },
	[SAVE_PROJECT_ID] = { "project_id", SAVE_SCOPE_DATA, field_string,
	    .is_nullable = true },
	[SAVE_METADATA] = { "metadata", BODY, field_object,
	    .is_nullable = true },
	[SAVE_INSTANCE_NAME] = { "instance_name", SAVE_METADATA, field_string,
	    .is_nullable = true },
	[SAVE_CREATED_VIA] = { "created_via", SAVE_METADATA, field_string,
	    .is_nullable = true },
	[SAVE_VERSION] = { "version", SAVE_METADATA, field_string,
	    .is_nullable = true },
	[SAVE_DESCRIPTION] = { "description", SAVE_METADATA, field_string,
	    .is_nullable = true },
	[SAVE_TAGS] = { "tags", SAVE_METADATA, field_list,
	    .is_nullable = true },
	[SAVE_UNIQUE_IDENTIFIER] = { "unique_identifier", BODY,
	    field_identifier, .is_nullable = true },
};

/* Each item of tags. */
static const struct field tag_field = { .check = field_string };

static enum fault_kind
judge(const struct field *field, const struct json_doc *doc, uint32_t i)
{
	if (i == 0)
		return (field->is_required ? FAULT_MISSING : FAULT_NONE);
	if (doc->node[i].type == JSON_NULL)
		return (field->is_nullable ? FAULT_NONE : FAULT_NULL);
	if (field->choices == NULL)
		return (field->check(doc, i));
	return (field_choice(doc, i, field->choices) != NULL ?
	    FAULT_NONE : FAULT_CHOICE);
}

static const char *
parent_name(const struct field *field)
{
	return (field->parent == BODY ? NULL : fields[field->parent].name);
}

/* The node that field is a member of; false where there is no such object. */
static bool
parent_node(const struct save_form *form, const struct field *field,
    uint32_t *parent)
{
	*parent = field->parent == BODY ? 0 : form->at[field->parent];
	return (field->parent == BODY || (*parent != 0 &&
	    form->doc->node[*parent].type == JSON_OBJECT));
}

/* Each tag must be a string. */
static void
judge_tags(const struct save_form *form, struct faults *faults)
{
	const struct json_doc *doc = form->doc;
	uint32_t tags = form->at[SAVE_TAGS], tag;
	long index = 0;

	if (tags == 0 || doc->node[tags].type != JSON_ARRAY)
		return;
	for (tag = json_first(doc, tags); tag != 0;
	    tag = doc->node[tag].next, index++) {
		if (doc->node[tag].type == JSON_STRING)
			continue;
		faults_add(faults, (struct fault){
		    .kind = judge(&tag_field, doc, tag),
		    .parent = fields[SAVE_METADATA].name,
		    .member = fields[SAVE_TAGS].name, .index = index });
	}
}

void
form_save_read(struct save_form *form, const struct json_doc *doc,
    struct faults *faults)
{
	const struct field *field;
	enum fault_kind kind;
	uint32_t parent;
	size_t i;

	*form = (struct save_form){ .doc = doc };
	for (i = 0; i < SAVE_FIELDS; i++) {
		field = &fields[i];
		if (!parent_node(form, field, &parent))
			continue;
		form->at[i] = json_member(doc, parent, field->name);
		kind = judge(field, doc, form->at[i]);
		if (kind != FAULT_NONE)
			faults_add(faults, (struct fault){ .kind = kind,
			    .parent = parent_name(field),
			    .member = field->name, .index = -1 });
		if (i == SAVE_TAGS)
			judge_tags(form, faults);
	}
}

bool
form_save_has(const struct save_form *form, enum save_field field)
{
	return (form->at[field] != 0);
}

bool
form_save_is_set(const struct save_form *form, enum save_field field)
{
	return (form->at[field] != 0 &&
	    form->doc->node[form->at[field]].type != JSON_NULL);
}

bool
form_save_has_text(const struct save_form *form, enum save_field field)
{
	return (form_save_is_set(form, field) &&
	    !json_equals(form->doc, form->at[field], ""));
}

const char *
form_save_type(const struct save_form *form)
{
	return (field_choice(form->doc, form->at[SAVE_INTEGRATION_TYPE],
	    integration_types));
}

const char *
form_save_status(const struct save_form *form)
{
	if (!form_save_has(form, SAVE_STATUS))
		return ("active");
	return (field_choice(form->doc, form->at[SAVE_STATUS],
	    integration_statuses));
}

bool
form_save_active(const struct save_form *form)
{
	return (!form_save_has(form, SAVE_ACTIVE) ||
	    form->doc->node[form->at[SAVE_ACTIVE]].type == JSON_TRUE);
}

/* "name":value, with the literal otherwise where there is no value. */
static void
put_member(const struct save_form *form, enum save_field field, bool is_given,
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

static bool
is_metadata_field(const struct save_form *form, uint32_t member)
{
	size_t i;

	for (i = SAVE_INSTANCE_NAME; i <= SAVE_TAGS; i++)
		if (json_name_equals(form->doc, member, fields[i].name))
			return (true);
	return (false);
}

static void
put_other_members(const struct save_form *form, struct buf *out)
{
	const struct json_doc *doc = form->doc;
	uint32_t metadata = form->at[SAVE_METADATA], member, last = 0;

	for (member = json_first(doc, metadata); member != 0;
	    member = doc->node[member].next) {
		if (is_metadata_field(form, member) ||
		    json_is_repeated(doc, metadata, member, &last))
			continue;
		buf_putc(out, ',');
		json_write_name(doc, member, out);
		json_write(doc, last, out);
	}
}

void
form_save_metadata(const struct save_form *form, struct buf *out)
{
	buf_putc(out, '{');
	if (form_save_has_text(form, SAVE_INSTANCE_NAME)) {
		put_member(form, SAVE_INSTANCE_NAME, true, NULL, out);
	} else {
		put_member(form, SAVE_INSTANCE_NAME, false, "", out);
		json_write(form->doc, form->at[SAVE_NAME], out);
	}
	buf_putc(out, ',');
	put_member(form, SAVE_CREATED_VIA,
	    form_save_has_text(form, SAVE_CREATED_VIA), "\"manual\"", out);
	buf_putc(out, ',');
	put_member(form, SAVE_VERSION, form_save_is_set(form, SAVE_VERSION),
	    "null", out);
	buf_putc(out, ',');
	put_member(form, SAVE_DESCRIPTION,
	    form_save_is_set(form, SAVE_DESCRIPTION), "null", out);
	buf_putc(out, ',');
	put_member(form, SAVE_TAGS, form_save_is_set(form, SAVE_TAGS), "[]",
	    out);
	if (form_save_is_set(form, SAVE_METADATA))
		put_other_members(form, out);
	buf_putc(out, '}');
}
