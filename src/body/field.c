/*
 * Checks of single values. Pure: they know neither the table of fields nor
 * where a value stands.
 */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "body/field.h"
#include "body/json.h"
#include "body/json_char.h"
#include "ground/moment.h"

enum { TEXT_MAX = 255 };	/* code points */

static enum json_type
type_of(const struct json_doc *doc, uint32_t i)
{
	return (doc->node[i].type);
}

enum fault_kind
field_any(const struct json_doc *doc, uint32_t i)
{
	(void)doc;
	(void)i;
	return (FAULT_NONE);
}

enum fault_kind
field_string(const struct json_doc *doc, uint32_t i)
{
	return (type_of(doc, i) == JSON_STRING ? FAULT_NONE : FAULT_STRING);
}

enum fault_kind
field_texts(const struct json_doc *doc, uint32_t i)
{
	if (type_of(doc, i) != JSON_ARRAY)
		return (field_string(doc, i));
	for (i = json_first(doc, i); i != 0; i = doc->node[i].next)
		if (type_of(doc, i) != JSON_STRING)
			return (FAULT_STRING);
	return (FAULT_NONE);
}

/* Whether a number is written without fraction and exponent. */
static bool
is_integer(const struct json_doc *doc, uint32_t i)
{
	struct json_span span = doc->node[i].span;

	for (; span.start < span.end; span.start++)
		if (strchr(".eE", doc->text[span.start]) != NULL)
			return (false);
	return (true);
}

enum fault_kind
field_id(const struct json_doc *doc, uint32_t i)
{
	if (type_of(doc, i) != JSON_NUMBER)
		return (field_string(doc, i));
	return (is_integer(doc, i) ? FAULT_NONE : FAULT_STRING);
}

enum fault_kind
field_identifier(const struct json_doc *doc, uint32_t i)
{
	struct json_measure m;

	if (type_of(doc, i) != JSON_STRING)
		return (FAULT_STRING);
	m = json_measure(doc, i, TEXT_MAX);
	if (m.code_points > TEXT_MAX)
		return (FAULT_TOO_LONG);
	return (m.has_null ? FAULT_NULL_CHARACTER : FAULT_NONE);
}

enum fault_kind
field_name(const struct json_doc *doc, uint32_t i)
{
	if (type_of(doc, i) == JSON_STRING && json_equals(doc, i, ""))
		return (FAULT_TOO_SHORT);
	return (field_identifier(doc, i));
}

enum fault_kind
field_note(const struct json_doc *doc, uint32_t i)
{
	enum fault_kind kind = field_name(doc, i);
	struct json_char_reader reader;
	uint32_t code;

	if (kind != FAULT_NONE)
		return (kind);
	reader = (struct json_char_reader){ .text = doc->text,
	    .at = doc->node[i].span.start + 1, .end = doc->node[i].span.end };
	while (json_char_next(&reader, &code))
		if (code < 0x20 || (code >= 0x7f && code < 0xa0))
			return (FAULT_CONTROL);
	return (FAULT_NONE);
}

enum fault_kind
field_bool(const struct json_doc *doc, uint32_t i)
{
	return (type_of(doc, i) == JSON_TRUE || type_of(doc, i) == JSON_FALSE ?
	    FAULT_NONE : FAULT_BOOL);
}

enum fault_kind
field_object(const struct json_doc *doc, uint32_t i)
{
	return (type_of(doc, i) == JSON_OBJECT ||
	    (type_of(doc, i) == JSON_ARRAY && json_first(doc, i) == 0) ?
	    FAULT_NONE : FAULT_OBJECT);
}

enum fault_kind
field_list(const struct json_doc *doc, uint32_t i)
{
	return (type_of(doc, i) == JSON_ARRAY ? FAULT_NONE : FAULT_LIST);
}

enum fault_kind
field_items(const struct json_doc *doc, uint32_t i)
{
	if (type_of(doc, i) != JSON_ARRAY)
		return (FAULT_LIST);
	return (json_first(doc, i) != 0 ? FAULT_NONE : FAULT_NO_ITEMS);
}

bool
field_read_integer(const struct json_doc *doc, uint32_t i, int64_t *value)
{
	if (type_of(doc, i) != JSON_NUMBER || !is_integer(doc, i))
		return (false);
	/* It ends with the number; what is too large is the largest. */
	*value = strtoll(doc->text + doc->node[i].span.start, NULL, 10);
	return (true);
}

const char *
field_choice(const struct json_doc *doc, uint32_t i,
    const char *const *choices)
{
	if (type_of(doc, i) != JSON_STRING)
		return (NULL);
	for (; *choices != NULL; choices++)
		if (json_equals(doc, i, *choices))
			return (*choices);
	return (NULL);
}

/* A moment as text: FAULT_NONE, FAULT_MOMENT or FAULT_UNKNOWN. */
static enum fault_kind
read_text(const struct json_doc *doc, uint32_t i, int64_t *at_us)
{
	enum fault_kind kind = FAULT_UNKNOWN;
	const char *decoded;
	struct buf text;

	buf_init(&text, doc->len);
	json_decode(doc, i, &text);
	if ((decoded = buf_text(&text)) != NULL)
		kind = moment_read(decoded, text.len, at_us) ? FAULT_NONE :
		    FAULT_MOMENT;
	buf_fini(&text);
	return (kind);
}

/* The same of any node. */
static enum fault_kind
read_moment(const struct json_doc *doc, uint32_t i, int64_t *at_us)
{
	const struct json_node *node = &doc->node[i];
	double seconds;

	if (node->type == JSON_STRING)
		return (read_text(doc, i, at_us));
	if (node->type != JSON_NUMBER)
		return (FAULT_MOMENT);
	/* strtod stops at what follows a number inside a JSON object. */
	seconds = strtod(doc->text + node->span.start, NULL);
	if (!isfinite(seconds))
		return (FAULT_MOMENT);
	*at_us = moment_of_seconds(seconds);
	return (FAULT_NONE);
}

enum fault_kind
field_moment(const struct json_doc *doc, uint32_t i)
{
	int64_t at_us;

	return (read_moment(doc, i, &at_us));
}

bool
field_read_moment(const struct json_doc *doc, uint32_t i, int64_t *at_us)
{
	return (read_moment(doc, i, at_us) == FAULT_NONE);
}
