#ifndef FIELD_H
#define FIELD_H

#include <stdint.h>

#include "body/fault.h"
#include "body/json_check.h"

/*
 * One check per kind of value. Each takes a node that is not null and gives
 * the fault that it finds, FAULT_NONE when there is none. Types are never
 * coerced.
 */

/* Any string. */
enum fault_kind field_string(const struct json_doc *doc, uint32_t i);

/* A string of at most 255 code points without U+0000; the first: 1 at least. */
enum fault_kind field_name(const struct json_doc *doc, uint32_t i);
enum fault_kind field_identifier(const struct json_doc *doc, uint32_t i);

enum fault_kind field_bool(const struct json_doc *doc, uint32_t i);
enum fault_kind field_object(const struct json_doc *doc, uint32_t i);
enum fault_kind field_list(const struct json_doc *doc, uint32_t i);

/*
 * A moment: a number that is finite as an IEEE 754 double (Unix seconds), or
 * a string YYYY-MM-DD, then T, t or a space, HH:MM:SS, perhaps a fraction of
 * 1 to 9 digits, perhaps Z, z or +HH:MM or -HH:MM, that exists in the
 * calendar (RFC 3339 without leap seconds).
 */
enum fault_kind field_moment(const struct json_doc *doc, uint32_t i);

/*
 * The one of choices (NULL ends them) that string node i reads; NULL where it
 * is none or no string.
 */
const char *field_choice(const struct json_doc *doc, uint32_t i,
    const char *const *choices);

#endif
