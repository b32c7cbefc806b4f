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

enum { TEXT_MAX = 255 };	/* code points */

static enum json_type
type_of(const struct json_doc *doc, uint32_t i)
{
	return (doc->node[i].type);
}

enum fault_kind
field_string(const struct json_doc *doc, uint32_t i)
{
	return (type_of(doc, i) == JSON_STRING ? FAULT_NONE : FAULT_STRING);
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
field_bool(const struct json_doc *doc, uint32_t i)
{
	return (type_of(doc, i) == JSON_TRUE || type_of(doc, i) == JSON_FALSE ?
	    FAULT_NONE : FAULT_BOOL);
}

enum fault_kind
field_object(const struct json_doc *doc, uint32_t i)
{
	return (type_of(doc, i) == JSON_OBJECT ? FAULT_NONE : FAULT_OBJECT);
}

enum fault_kind
field_list(const struct json_doc *doc, uint32_t i)
{
	return (type_of(doc, i) == JSON_ARRAY ? FAULT_NONE : FAULT_LIST);
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

/* Exactly width digits at *p, of a value from low to high; moves *p past. */
static bool
take_number(const char **p, int width, int low, int high, int *value)
{
	int i, n = 0;

	for (i = 0; i < width; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return (false);
		n = n * 10 + (**p - '0');
	}
	*value = n;
	return (n >= low && n <= high);
}

static bool
take_one_of(const char **p, const char *set)
{
	if (**p == '\0' || strchr(set, **p) == NULL)
		return (false);
	(*p)++;
	return (true);
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return (month == 2 && leap ? 29 : days[month - 1]);
}

static bool
take_date(const char **p)
{
	int year, month, day;

	return (take_number(p, 4, 1, 9999, &year) && take_one_of(p, "-") &&
	    take_number(p, 2, 1, 12, &month) && take_one_of(p, "-") &&
	    take_number(p, 2, 1, days_in_month(year, month), &day));
}

static bool
take_time(const char **p)
{
	int n, digits;

	if (!take_number(p, 2, 0, 23, &n) || !take_one_of(p, ":") ||
	    !take_number(p, 2, 0, 59, &n) || !take_one_of(p, ":") ||
	    !take_number(p, 2, 0, 59, &n))
		return (false);
	if (!take_one_of(p, "."))
		return (true);
	for (digits = 0; digits < 9 && take_number(p, 1, 0, 9, &n); digits++)
		;
	return (digits > 0);
}

static bool
take_offset(const char **p)
{
	int n;

	if (**p == '\0' || take_one_of(p, "Zz"))
		return (true);
	return (take_one_of(p, "+-") && take_number(p, 2, 0, 23, &n) &&
	    take_one_of(p, ":") && take_number(p, 2, 0, 59, &n));
}

static bool
is_moment_text(const struct json_doc *doc, uint32_t i)
{
	struct buf text;
	const char *p;
	bool good = false;

	/* The longest moment has 35 characters. */
	if (json_measure(doc, i, 35).code_points > 35)
		return (false);
	buf_init(&text, 256);
	json_decode(doc, i, &text);
	if ((p = buf_text(&text)) != NULL)
		good = take_date(&p) && take_one_of(&p, "Tt ") &&
		    take_time(&p) && take_offset(&p) &&
		    p == text.data + text.len;
	buf_fini(&text);
	return (good);
}

enum fault_kind
field_moment(const struct json_doc *doc, uint32_t i)
{
	const struct json_node *node = &doc->node[i];
	bool good = false;

	/* strtod stops at what follows a number inside a JSON object. */
	if (node->type == JSON_NUMBER)
		good = isfinite(strtod(doc->text + node->span.start, NULL));
	else if (node->type == JSON_STRING)
		good = is_moment_text(doc, i);
	return (good ? FAULT_NONE : FAULT_MOMENT);
}
