/*
 * From a line of an import to a row that is to be saved. Refuses to know
 * where lines come from and whether the row is there already.
 */
#include "config.h"

#include <string.h>

#include "body/field.h"
#include "body/import_row.h"
#include "body/json.h"
#include "body/json_member.h"
#include "ground/log.h"
#include "ground/moment.h"

enum { OWNER_ROOM = 8192 };

void
import_row_init(struct import_row *row, size_t max_line)
{
	*row = (struct import_row){ 0 };
	row->doc.more_values = (size_t)2 * JSON_MAX_VALUES;
	draft_init(&row->draft, max_line);
	buf_init(&row->owner, OWNER_ROOM);
}

void
import_row_fini(struct import_row *row)
{
	draft_fini(&row->draft);
	buf_fini(&row->owner);
	faults_fini(&row->faults);
	json_doc_fini(&row->doc);
}

static void
complain(struct import_row *row, enum fault_kind kind, const char *member)
{
	faults_add(&row->faults, (struct fault){ .kind = kind,
	    .member = member, .index = -1 });
}

/*
 * Other systems call metadata integration_metadata. Where that alone is there,
 * the name in the text becomes the shorter one, and white space.
 */
static enum json_rc
rename_metadata(struct import_row *row, struct buf *line)
{
	static const char name[] = "\"metadata\"";
	uint32_t at = json_member(&row->doc, 0, "integration_metadata");
	struct json_span span;
	size_t len = sizeof name - 1;

	if (at == 0 || json_member(&row->doc, 0, "metadata") != 0)
		return (JSON_OK);
	span = row->doc.node[at].name;
	memset(line->data + span.start, ' ', span.end - span.start);
	memcpy(line->data + span.start, name, len);
	return (json_check(&row->doc, line->data, line->len));
}

/* The text of a member that is a string, or NULL where it has no value. */
static const char *
take_text(struct import_row *row, const char *member, struct buf *out,
    enum fault_kind (*check)(const struct json_doc *, uint32_t))
{
	uint32_t at = json_member(&row->doc, 0, member);
	enum fault_kind kind;

	buf_reset(out, out->cap);
	if (at == 0 || row->doc.node[at].type == JSON_NULL)
		return (NULL);
	kind = field_string(&row->doc, at);
	if (kind == FAULT_NONE)
		kind = check(&row->doc, at);
	if (kind != FAULT_NONE) {
		complain(row, kind, member);
		return (NULL);
	}
	json_decode(&row->doc, at, out);
	return (buf_text(out));
}

static void
take_time(struct import_row *row, const char *member,
    char to[IDENT_TIME_LEN + 1], struct buf *text)
{
	const char *given = take_text(row, member, text, field_string);
	int64_t at_us;

	to[0] = '\0';
	if (given == NULL)
		return;
	/* A zone may carry it out of the years that are written. */
	if (!moment_read(given, text->len, &at_us) ||
	    !moment_has_year(at_us))
		complain(row, FAULT_MOMENT, member);
	else
		ident_time(to, at_us);
}

/* The owner's name, as key create takes it: nothing that moves a cursor. */
static void
take_owner(struct import_row *row)
{
	const char *text = take_text(row, "created_by", &row->owner,
	    field_name);
	const unsigned char *p = (const unsigned char *)text;

	if (text == NULL) {
		if (row->faults.count == 0)
			complain(row, FAULT_MISSING, "created_by");
		return;
	}
	for (; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7f ||
		    (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)) {
			complain(row, FAULT_CONTROL, "created_by");
			return;
		}
	}
}

/* What a line has beside the members of a save. */
static void
read_others(struct import_row *row, const char *owner)
{
	const struct form *form = &row->draft.form;
	const char *id;
	struct buf text;

	buf_init(&text, OWNER_ROOM);
	id = take_text(row, "integration_id", &text, field_identifier);
	row->id[0] = '\0';
	if (id != NULL && !ident_read_uuid(row->id, id, text.len))
		complain(row, FAULT_UUID, "integration_id");
	take_time(row, "created_at", row->created_at, &text);
	take_time(row, "updated_at", row->updated_at, &text);
	if (owner == NULL)
		take_owner(row);
	/* Without either, a second import would not know it again. */
	if (row->faults.count == 0 && id == NULL &&
	    !form_has_text(form, SAVE_UNIQUE_IDENTIFIER))
		complain(row, FAULT_MISSING, "unique_identifier");
	row->faults.failed |= text.failed || row->owner.failed;
	buf_fini(&text);
}

static void
read_line(struct import_row *row, struct buf *line, const char *owner)
{
	enum json_rc rc = json_check(&row->doc, line->data, line->len);

	if (rc == JSON_OK && row->doc.node[0].type == JSON_OBJECT)
		rc = rename_metadata(row, line);
	if (rc == JSON_NOMEM) {
		row->faults.failed = true;
	} else if (rc == JSON_FAULT) {
		faults_add(&row->faults, (struct fault){ .kind = FAULT_JSON,
		    .index = (long)row->doc.fault_at,
		    .expected = row->doc.expected });
	} else if (row->doc.node[0].type != JSON_OBJECT) {
		complain(row, FAULT_OBJECT, NULL);
	} else {
		form_read(&row->draft.form, &form_save_spec, &row->doc,
		    &row->faults);
		read_others(row, owner);
	}
}

/* A draft of the line, with the id and the times that it bears. */
static int
fill(struct import_row *row, const char *owner)
{
	struct store_save *save = &row->draft.save;

	if (draft_fill(&row->draft, owner, row->id[0] == '\0' ? NULL :
	    row->id) == -1)
		return (-1);
	save->only_new = true;
	if (row->created_at[0] != '\0')
		save->row.created_at = save->row.updated_at = row->created_at;
	if (row->updated_at[0] != '\0')
		save->row.updated_at = row->updated_at;
	return (0);
}

enum import_rc
import_row_read(struct import_row *row, struct buf *line, const char *owner,
    struct buf *why)
{
	size_t max = row->draft.scope_data.max;

	draft_fini(&row->draft);
	draft_init(&row->draft, max);
	faults_fini(&row->faults);
	read_line(row, line, owner);
	if (row->faults.failed) {
		log_error("out of memory while importing");
		return (IMPORT_FAILED);
	}
	if (row->faults.count > 0) {
		faults_write(&row->faults, why);
		return (IMPORT_REFUSED);
	}
	if (owner == NULL)
		owner = row->owner.data;
	return (fill(row, owner) == 0 ? IMPORT_ROW : IMPORT_FAILED);
}
