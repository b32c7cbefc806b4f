/*
 * The body of a save out of a row and a patch. Refuses to know what becomes of
 * it.
 */
#include "config.h"

#include <string.h>

#include "body/json.h"
#include "body/json_member.h"
#include "body/merge.h"
#include "body/merged.h"
#include "ground/log.h"
#include "secrets/vault.h"

enum {
	TEXT_ROOM = 16384,	/* beyond objects and patch: names and texts */
	DEFAULTS = 5,		/* members that metadata has always ... */
	DEFAULTS_ROOM = 96,	/* ... and bytes of theirs, but for the name */
	NO_LIMIT = 1 << 24	/* of what is stored, it is in memory */
};

void
merged_init(struct merged *m)
{
	const struct integration *was = m->was;

	m->target = m->doc = (struct json_doc){ .more_values = NO_LIMIT,
	    .more_members = NO_LIMIT };
	buf_init(&m->opened, was->auth_data_len);
	buf_init(&m->text, was->auth_data_len + strlen(was->metadata) +
	    (was->scope_data != NULL ? strlen(was->scope_data) : 0) +
	    m->patch->doc->len + TEXT_ROOM);
}

void
merged_fini(struct merged *m)
{
	json_doc_fini(&m->target);
	json_doc_fini(&m->doc);
	buf_fini(&m->opened);
	buf_fini(&m->text);
}

static enum json_type
type_in_patch(const struct merged *m, enum save_field field)
{
	return (m->patch->doc->node[m->patch->at[field]].type);
}

static void
put_name(struct merged *m, const char *before, enum save_field field)
{
	buf_puts(&m->text, before);
	buf_putc(&m->text, '"');
	buf_puts(&m->text, form_save_spec.fields[field].name);
	buf_puts(&m->text, "\":");
}

/* A member whose value is the patch's, or else what is stored, as JSON. */
static void
put_simple(struct merged *m, const char *before, enum save_field field,
    const char *stored)
{
	const struct form *patch = m->patch;
	const struct json_span *span;

	put_name(m, before, field);
	if (form_has(patch, field)) {
		span = &patch->doc->node[patch->at[field]].span;
		buf_put(&m->text, patch->doc->text + span->start,
		    span->end - span->start);
	} else if (field == SAVE_ACTIVE) {
		buf_puts(&m->text, stored);
	} else {
		json_put_string(&m->text, stored, strlen(stored));
	}
}

/* All that is no object. */
static void
put_texts(struct merged *m)
{
	const struct integration *was = m->was;
	size_t start;

	put_simple(m, "{", SAVE_INTEGRATION_TYPE, was->integration_type);
	put_simple(m, ",", SAVE_UNIQUE_IDENTIFIER, was->unique_identifier);
	put_simple(m, ",", SAVE_STATUS, was->status);
	put_simple(m, ",", SAVE_ACTIVE, was->active ? "true" : "false");
	start = m->text.len;
	put_simple(m, ",", SAVE_NAME, was->name);
	m->name_len = m->text.len - start;
}

/* Append what the patch makes of an object; NULL: there is none yet. */
static enum merged_rc
merge(struct merged *m, enum save_field field, const char *was, size_t len,
    bool *is_changed)
{
	const struct form *patch = m->patch;
	enum json_rc rc = JSON_OK;

	if (was != NULL)
		rc = json_check(&m->target, was, len);
	if (rc == JSON_OK) {
		*is_changed = merge_patch(was != NULL ? &m->target : NULL,
		    patch->doc, patch->at[field], &m->text);
		return (MERGED_OK);
	}
	if (rc == JSON_NOMEM)
		log_error("out of memory for a change");
	else
		log_error("the %s of integration %s is not what was saved; run "
		    "strongroom check", form_save_spec.fields[field].name,
		    m->was->integration_id);
	return (MERGED_FAILED);
}

/* How long an object may be, as text. */
static size_t
room_for(const struct merged *m, enum save_field field)
{
	return (m->max_body + (field == SAVE_METADATA ?
	    m->name_len + DEFAULTS_ROOM : 0));
}

/*
 * Put an object as it is to be, if the patch has it and that is not as it was;
 * NULL: there was none.
 */
static enum merged_rc
put_object(struct merged *m, enum save_field field, const char *was,
    size_t len)
{
	size_t before = m->text.len, start;
	enum merged_rc rc = MERGED_OK;
	bool is_changed = was != NULL;

	if (!form_has(m->patch, field))
		return (MERGED_OK);
	put_name(m, ",", field);
	start = m->text.len;
	switch (type_in_patch(m, field)) {
	case JSON_NULL:
		buf_puts(&m->text, "null");
		break;
	case JSON_ARRAY:
		buf_puts(&m->text, "{}");
		is_changed = was == NULL || len != strlen("{}");
		break;
	default:
		rc = merge(m, field, was, len, &is_changed);
		break;
	}
	if (rc == MERGED_OK && is_changed &&
	    m->text.len - start > room_for(m, field))
		rc = MERGED_TOO_LARGE;
	if (!is_changed)
		buf_cut(&m->text, before);
	m->changed[field] = is_changed;
	return (rc);
}

/* auth_data as it was. What is taken away as a whole need not open. */
static enum merged_rc
open_box(struct merged *m)
{
	const struct integration *was = m->was;
	const struct vault_row row = { was->created_by,
	    was->unique_identifier };

	if (was->auth_data == NULL ||
	    type_in_patch(m, SAVE_AUTH_DATA) == JSON_NULL)
		return (MERGED_OK);
	switch (vault_open_kept(m->keeper, &row, was->auth_data,
	    was->auth_data_len, &m->opened)) {
	case VAULT_OK:
		return (MERGED_OK);
	case VAULT_REFUSED:
		log_error("the box of integration %s does not open: it was "
		    "altered, or moved from another row; see strongroom check",
		    was->integration_id);
		break;
	case VAULT_NOMEM:
		log_error("out of memory while opening a box");
		break;
	}
	return (MERGED_FAILED);
}

static enum merged_rc
put_auth_data(struct merged *m)
{
	enum merged_rc rc;

	if (!form_has(m->patch, SAVE_AUTH_DATA))
		return (MERGED_OK);
	if ((rc = open_box(m)) != MERGED_OK)
		return (rc);
	/* An empty text says no more than that there is a box. */
	return (put_object(m, SAVE_AUTH_DATA, m->was->auth_data == NULL ?
	    NULL : m->opened.data != NULL ? m->opened.data : "",
	    m->opened.len));
}

/* The body of a save that would make the row what it is to be. */
static enum merged_rc
put_whole(struct merged *m)
{
	const struct integration *was = m->was;
	enum merged_rc rc;

	put_texts(m);
	if ((rc = put_auth_data(m)) != MERGED_OK ||
	    (rc = put_object(m, SAVE_SCOPE_DATA, was->scope_data,
	    was->scope_data == NULL ? 0 : strlen(was->scope_data))) !=
	    MERGED_OK ||
	    (rc = put_object(m, SAVE_METADATA, was->metadata,
	    strlen(was->metadata))) != MERGED_OK)
		return (rc);
	buf_putc(&m->text, '}');
	return (MERGED_OK);
}

/* Whether node i and all in it are within the limits of a body's. */
static bool
is_within(const struct json_doc *doc, uint32_t i, size_t more)
{
	const struct json_node *node = doc->node;
	uint32_t end = i, at, member;
	size_t members;

	while (end < doc->count && node[end].span.start < node[i].span.end)
		end++;
	if (end - i > JSON_MAX_VALUES - 1 + more)
		return (false);
	for (at = i; at < end; at++) {
		if (node[at].type != JSON_OBJECT)
			continue;
		members = 0;
		for (member = json_first(doc, at); member != 0;
		    member = node[member].next)
			members++;
		if (members > JSON_MAX_MEMBERS + (at == i ? more : 0))
			return (false);
	}
	return (true);
}

static void
check_limits(const struct merged *m, struct faults *faults)
{
	static const enum save_field objects[] = {
		SAVE_AUTH_DATA, SAVE_SCOPE_DATA, SAVE_METADATA
	};
	const char *name;
	uint32_t at;
	size_t i;

	for (i = 0; i < sizeof objects / sizeof objects[0]; i++) {
		name = form_save_spec.fields[objects[i]].name;
		at = json_member(&m->doc, 0, name);
		if (at != 0 && !is_within(&m->doc, at,
		    objects[i] == SAVE_METADATA ? DEFAULTS : 0))
			faults_add(faults, (struct fault){
			    .kind = FAULT_LIMIT, .member = name,
			    .index = -1 });
	}
}

/* Read the whole as the body of a save. */
static enum merged_rc
read_whole(struct merged *m, struct form *form, struct faults *faults)
{
	if (m->text.failed || m->opened.failed ||
	    json_check(&m->doc, m->text.data, m->text.len) != JSON_OK) {
		log_error("out of memory for a change");
		return (MERGED_FAILED);
	}
	check_limits(m, faults);
	if (faults->count == 0)
		form_read(form, &form_save_spec, &m->doc, faults);
	if (faults->failed) {
		log_error("out of memory for the faults of a change");
		return (MERGED_FAILED);
	}
	return (faults->count > 0 ? MERGED_REFUSED : MERGED_OK);
}

enum merged_rc
merged_make(struct merged *m, struct form *form, struct faults *faults)
{
	enum merged_rc rc = put_whole(m);

	return (rc == MERGED_OK ? read_whole(m, form, faults) : rc);
}
