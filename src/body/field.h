#ifndef FIELD_H
#define FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "body/fault.h"
#include "body/json_check.h"

/*
 * One check per kind of value. Each takes a node that is not null and gives
 * the fault that it finds, FAULT_NONE when there is none. Types are never
 * coerced.
 */

/* Anything. */
enum fault_kind field_any(const struct json_doc *doc, uint32_t i);

/* Any string. */
enum fault_kind field_string(const struct json_doc *doc, uint32_t i);

/* Any string, or an array of strings. */
enum fault_kind field_texts(const struct json_doc *doc, uint32_t i);

/* Any string, or an integer: digits, perhaps with a minus sign. */
enum fault_kind field_id(const struct json_doc *doc, uint32_t i);

/* A string of at most 255 code points without U+0000; the first: 1 at least. */
enum fault_kind field_name(const struct json_doc *doc, uint32_t i);
enum fault_kind field_identifier(const struct json_doc *doc, uint32_t i);

/* A string as for field_name, and none of its characters steers a terminal. */
enum fault_kind field_note(const struct json_doc *doc, uint32_t i);

enum fault_kind field_bool(const struct json_doc *doc, uint32_t i);
enum fault_kind field_list(const struct json_doc *doc, uint32_t i);

/* An array with an element at least. */
enum fault_kind field_items(const struct json_doc *doc, uint32_t i);

/* An object; so is an empty array, for PHP writes an empty object like that. */
enum fault_kind field_object(const struct json_doc *doc, uint32_t i);

/* A moment: a finite number (Unix seconds), or a text for moment_read. */
enum fault_kind field_moment(const struct json_doc *doc, uint32_t i);

/*
 * The moment that node i is, which field_moment takes. False: memory is short.
 */
bool field_read_moment(const struct json_doc *doc, uint32_t i,
    int64_t *at_us);

/*
 * The integer that node i is: digits, perhaps with a minus sign; one that is
 * too large for the type is the largest, or smallest. False: it is none.
 */
bool field_read_integer(const struct json_doc *doc, uint32_t i,
    int64_t *value);

/*
 * The one of choices (NULL ends them) that string node i reads; NULL where it
 * is none or no string.
 */
const char *field_choice(const struct json_doc *doc, uint32_t i,
    const char *const *choices);

#endif
