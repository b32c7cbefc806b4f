/*
 * The body of a reveal that is sealed. Refuses to know what is sealed.
 */
#include "config.h"

#include "body/field.h"
#include "body/form_sealed.h"
#include "body/json.h"

enum {
	TEXT_MAX = 44,		/* characters of a key with its padding */
	TEXT_ROOM = 4 * TEXT_MAX + 1
};

enum { PUBLIC_KEY };

static enum fault_kind
read_key(const struct json_doc *doc, uint32_t i,
    unsigned char key[SEALED_KEY_LEN])
{
	enum fault_kind kind = field_string(doc, i);
	struct buf text;

	if (kind != FAULT_NONE)
		return (kind);
	if (json_measure(doc, i, TEXT_MAX).code_points > TEXT_MAX)
		return (FAULT_PUBLIC_KEY);
	buf_init(&text, TEXT_ROOM);
	json_decode(doc, i, &text);
	if (buf_text(&text) == NULL)
		kind = FAULT_UNKNOWN;
	else if (!sealed_read_key(key, text.data, text.len))
		kind = FAULT_PUBLIC_KEY;
	buf_fini(&text);
	return (kind);
}

static enum fault_kind
check_key(const struct json_doc *doc, uint32_t i)
{
	unsigned char key[SEALED_KEY_LEN];

	return (read_key(doc, i, key));
}

static const struct form_field fields[] = {
	[PUBLIC_KEY] = { "public_key", FORM_BODY, check_key,
	    .is_required = true },
};

const struct form_spec form_sealed_spec = { .fields = fields, .count = 1 };

bool
form_sealed_key(const struct form *form, unsigned char key[SEALED_KEY_LEN])
{
	return (read_key(form->doc, form->at[PUBLIC_KEY], key) == FAULT_NONE);
}
