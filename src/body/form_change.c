/*
 * The body of a change: a save's table of fields, made for one row. Knows
 * nothing of how a patch is merged.
 */
#include "config.h"

#include <string.h>

#include "body/field.h"
#include "body/form_change.h"

static void
fix(struct form_change *form, enum save_field field, const char *text)
{
	form->fields[field] = (struct form_field){
		.name = form->fields[field].name, .parent = FORM_BODY,
		.check = field_any, .fixed = text, .is_nullable = true
	};
}

void
form_change_init(struct form_change *form, const struct integration *row)
{
	size_t i;

	memcpy(form->fields, form_save_spec.fields, sizeof form->fields);
	form->spec = (struct form_spec){ .fields = form->fields,
	    .count = SAVE_FIELDS };
	for (i = 0; i < SAVE_FIELDS; i++)
		form->fields[i].is_required = false;
	fix(form, SAVE_INTEGRATION_TYPE,
	    row != NULL ? row->integration_type : NULL);
	fix(form, SAVE_UNIQUE_IDENTIFIER,
	    row != NULL ? row->unique_identifier : NULL);
}
