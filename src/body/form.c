/*
 * Reading a body by a table of its fields. Refuses to know which fields there
 * are, and what they are for.
 */
#include "config.h"

#include <assert.h>

#include "body/form.h"
#include "body/field.h"
#include "body/json.h"
#include "body/json_member.h"
#include "ground/words.h"

static enum fault_kind
judge_integer(const struct form_field *field, const struct json_doc *doc,
    uint32_t i)
{
	int64_t value;

	if (!field_read_integer(doc, i, &value))
		return (FAULT_INTEGER);
	if (value < field->low)
		return (FAULT_NOT_GE);
	return (value > field->high ? FAULT_NOT_LE : FAULT_NONE);
}

static enum fault_kind
judge(const struct form_field *field, const struct json_doc *doc, uint32_t i)
{
	if (i == 0)
		return (field->is_required ? FAULT_MISSING : FAULT_NONE);
	if (field->fixed != NULL)
		return (json_reads(doc, i, field->fixed) ? FAULT_NONE :
		    FAULT_CONST);
	if (doc->node[i].type == JSON_NULL)
		return (field->is_nullable ? FAULT_NONE : FAULT_NULL);
	if (field->high != 0)
		return (judge_integer(field, doc, i));
	if (field->choices == NULL)
		return (field->check(doc, i));
	return (field_choice(doc, i, field->choices) != NULL ?
	    FAULT_NONE : FAULT_CHOICE);
}

/* The node that field is a member of; false where there is no such object. */
static bool
find_parent(const struct form *form, const struct form_field *field,
    uint32_t *parent)
{
	*parent = field->parent == FORM_BODY ? 0 : form->at[field->parent];
	return (field->parent == FORM_BODY || (*parent != 0 &&
	    form->doc->node[*parent].type == JSON_OBJECT));
}

/* A fault of field, or of its element at index; none: nothing is told. */
static void
tell(const struct form_spec *spec, const struct form_field *field,
    enum fault_kind kind, long index, struct faults *faults)
{
	if (kind != FAULT_NONE)
		faults_add(faults, (struct fault){ .kind = kind,
		    .parent = field->parent == FORM_BODY ? NULL :
		    spec->fields[field->parent].name,
		    .member = field->name, .index = index,
		    .limit = kind == FAULT_NOT_GE ? field->low :
		    field->high });
}

static void
read_items(const struct form *form, const struct form_spec *spec, size_t i,
    struct faults *faults)
{
	const struct form_field item = { .check = spec->fields[i].item,
	    .choices = spec->fields[i].item_choices };
	const struct json_doc *doc = form->doc;
	uint32_t node;
	long index = 0;

	if (doc->node[form->at[i]].type != JSON_ARRAY)
		return;
	for (node = json_first(doc, form->at[i]); node != 0;
	    node = doc->node[node].next)
		tell(spec, &spec->fields[i], judge(&item, doc, node), index++,
		    faults);
}

/* Whether a member of the body is one of the fields. */
static bool
is_field(const struct form *form, const struct form_spec *spec, uint32_t node)
{
	size_t i;

	for (i = 0; i < spec->count; i++)
		if (spec->fields[i].parent == FORM_BODY && form->at[i] == node)
			return (true);
	return (false);
}

/* Each name that is no field's, once. */
static void
read_others(const struct form *form, const struct form_spec *spec,
    struct faults *faults)
{
	const struct json_node *node = form->doc->node;
	uint32_t i;

	for (i = json_first(form->doc, 0); i != 0; i = node[i].next)
		if (node[i].last != 0 && !is_field(form, spec, node[i].last))
			faults_add(faults, (struct fault){
			    .kind = FAULT_EXTRA, .index = -1,
			    .doc = form->doc, .node = i });
}

void
form_read(struct form *form, const struct form_spec *spec,
    const struct json_doc *doc, struct faults *faults)
{
	const struct form_field *field;
	uint32_t parent;
	size_t i;

	assert(spec->count <= FORM_FIELDS_MAX);
	*form = (struct form){ .doc = doc };
	for (i = 0; i < spec->count; i++) {
		field = &spec->fields[i];
		assert(field->parent == FORM_BODY || field->parent < i);
		if (!find_parent(form, field, &parent))
			continue;
		form->at[i] = json_member(doc, parent, field->name);
		tell(spec, field, judge(field, doc, form->at[i]), -1, faults);
		if ((field->item != NULL || field->item_choices != NULL) &&
		    form->at[i] != 0)
			read_items(form, spec, i, faults);
	}
	if (spec->is_closed)
		read_others(form, spec, faults);
}

bool
form_has(const struct form *form, size_t field)
{
	return (form->at[field] != 0);
}

bool
form_is_set(const struct form *form, size_t field)
{
	return (form_has(form, field) &&
	    form->doc->node[form->at[field]].type != JSON_NULL);
}

int64_t
form_integer(const struct form *form, size_t field)
{
	int64_t value = 0;

	(void)field_read_integer(form->doc, form->at[field], &value);
	return (value);
}

unsigned
form_words(const struct form *form, size_t field, const char *const *choices)
{
	const struct json_doc *doc = form->doc;
	const char *word;
	unsigned set = 0;
	uint32_t i;

	for (i = json_first(doc, form->at[field]); i != 0;
	    i = doc->node[i].next)
		if ((word = field_choice(doc, i, choices)) != NULL)
			set |= words_bit(choices, word);
	return (set);
}

bool
form_has_text(const struct form *form, size_t field)
{
	return (form_has(form, field) &&
	    form->doc->node[form->at[field]].type == JSON_STRING &&
	    !json_equals(form->doc, form->at[field], ""));
}
