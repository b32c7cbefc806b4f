#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "body/json_check.h"
#include "ground/buf.h"

/* Reading what json_check found, and writing JSON. A node is its index. */

/* The first element or member of node i, 0 when it has none. */
uint32_t json_first(const struct json_doc *doc, uint32_t i);

/* Whether the string node i reads ASCII text. */
bool json_equals(const struct json_doc *doc, uint32_t i, const char *text);

/* Whether node i is a string that reads this UTF-8 text. */
bool json_reads(const struct json_doc *doc, uint32_t i, const char *text);

/*
 * What the string node i holds: code points (counted up to enough + 1, and
 * no further), and whether U+0000 is among those counted.
 */
struct json_measure {
	size_t code_points;
	bool has_null;
};
struct json_measure json_measure(const struct json_doc *doc, uint32_t i,
    size_t enough);

/* Append the string node i, decoded to UTF-8. */
void json_decode(const struct json_doc *doc, uint32_t i, struct buf *out);

/*
 * Append node i compactly: white space gone, strings in UTF-8 with only the
 * necessary escapes, numbers as they were sent, of members that bear one name
 * the last value in the first one's place.
 */
void json_write(const struct json_doc *doc, uint32_t i, struct buf *out);

/* Append a member's name as json_write does: and colon, or alone. */
void json_write_name(const struct json_doc *doc, uint32_t i, struct buf *out);
void json_write_bare_name(const struct json_doc *doc, uint32_t i,
    struct buf *out);

/* Append valid UTF-8 text as a JSON string; control characters are escaped. */
void json_put_string(struct buf *out, const char *text, size_t len);

#endif
