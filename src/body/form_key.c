/*
 * The bodies that make and rotate API keys: the tables of their fields, and
 * what a form that was read by them says. Knows nothing of the keys.
 */
#include "config.h"

#include "body/field.h"
#include "body/form_key.h"
#include "body/json.h"
#include "ground/integration.h"
#include "ground/scope.h"
#include "ground/words.h"

enum { LONGEST_S = 315360000 };		/* ten years */

/* A mistyped name must not make a key that lasts for ever. */
static const struct form_field key_fields[KEY_FIELDS] = {
	[KEY_NAME] = { "name", FORM_BODY, field_note, .is_nullable = true },
	[KEY_SCOPES] = { "scopes", FORM_BODY, field_items,
	    .item_choices = scope_grants, .is_required = true },
	[KEY_TYPES] = { "types", FORM_BODY, field_items,
	    .item_choices = integration_types, .is_nullable = true },
	[KEY_EXPIRES_IN] = { "expires_in", FORM_BODY, .low = 1,
	    .high = LONGEST_S, .is_nullable = true },
};

const struct form_spec form_key_spec = { key_fields, KEY_FIELDS,
    .is_closed = true };

static const struct form_field rotate_fields[ROTATE_FIELDS] = {
	[ROTATE_OVERLAP] = { "overlap_seconds", FORM_BODY, .low = 0,
	    .high = ROTATE_OVERLAP_MAX_S },
};

const struct form_spec form_rotate_spec = { rotate_fields, ROTATE_FIELDS,
    .is_closed = true };

bool
form_key_name(const struct form *form, struct buf *out)
{
	if (!form_is_set(form, KEY_NAME))
		return (false);
	json_decode(form->doc, form->at[KEY_NAME], out);
	return (true);
}

unsigned
form_key_scopes(const struct form *form)
{
	return (form_words(form, KEY_SCOPES, scope_grants));
}

unsigned
form_key_types(const struct form *form)
{
	return (form_is_set(form, KEY_TYPES) ?
	    form_words(form, KEY_TYPES, integration_types) : WORDS_ALL);
}

int64_t
form_key_expires_in(const struct form *form)
{
	return (form_is_set(form, KEY_EXPIRES_IN) ?
	    form_integer(form, KEY_EXPIRES_IN) : 0);
}

int64_t
form_rotate_overlap(const struct form *form)
{
	return (form_has(form, ROTATE_OVERLAP) ?
	    form_integer(form, ROTATE_OVERLAP) : ROTATE_OVERLAP_S);
}

void
form_key_trail(const struct form *form, const struct form_spec *spec,
    struct trail *trail)
{
	size_t i;

	for (i = 0; i < spec->count; i++)
		if (form_has(form, i))
			trail_field(trail, spec->fields[i].name);
}
