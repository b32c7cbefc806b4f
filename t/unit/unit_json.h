#ifndef UNIT_JSON_H
#define UNIT_JSON_H

/* For tests that need a checked JSON text. */
#include <stdint.h>

#include "body/json_check.h"
#include "ground/buf.h"
#include "unit/unit.h"

/* Check text, which must be good; it is borrowed. */
static inline void
unit_json(struct json_doc *doc, const char *text)
{
	ck_assert_msg(json_check(doc, text, strlen(text)) == JSON_OK,
	    "%s: %s at %zu", text, doc->expected, doc->fault_at);
}

/* Assert that out holds text and nothing else, and empty it. */
static inline void
unit_holds(struct buf *out, const char *text)
{
	const char *held = buf_text(out);

	ck_assert_ptr_nonnull(held);
	ck_assert_uint_eq(out->len, strlen(text));
	ck_assert_str_eq(held, text);
	buf_reset(out, SIZE_MAX);
}

#endif
