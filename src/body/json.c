/*
 * Reading a checked JSON text by its spans, and writing JSON. Refuses to know
 * what a member is for. All text here has passed json_check.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "body/json.h"
#include "body/json_char.h"

/* The characters of a string's span, one after the other. */
struct reader {
	const unsigned char *text;
	size_t at;
	size_t end;
};

static struct reader
read_string(const struct json_doc *doc, struct json_span span)
{
	return ((struct reader){
	    .text = (const unsigned char *)doc->text,
	    .at = span.start + 1, .end = span.end
	});
}

/* The next character; false at the closing quote. */
static bool
next_char(struct reader *r, uint32_t *code)
{
	struct json_char c;
	const char *fault = json_char_scan(&c, r->text, r->at, r->end);

	assert(fault == NULL);
	(void)fault;
	r->at += c.width;
	*code = c.code;
	return (!c.is_end);
}

static bool
span_equals(const struct json_doc *doc, struct json_span span,
    const char *text)
{
	struct reader r = read_string(doc, span);
	uint32_t code;

	while (next_char(&r, &code)) {
		if (*text == '\0' || code != (unsigned char)*text)
			return (false);
		text++;
	}
	return (*text == '\0');
}

static bool
is_same_text(const struct json_doc *doc, struct json_span a,
    struct json_span b)
{
	return (a.end - a.start == b.end - b.start &&
	    memcmp(doc->text + a.start, doc->text + b.start,
	    a.end - a.start) == 0);
}

static bool
same_name(const struct json_doc *doc, uint32_t i, uint32_t k)
{
	const struct json_node *a = &doc->node[i], *b = &doc->node[k];
	struct reader ra, rb;
	uint32_t ca, cb;
	bool more_a, more_b;

	if (a->name_hash != b->name_hash)
		return (false);
	if (is_same_text(doc, a->name, b->name))
		return (true);
	ra = read_string(doc, a->name);
	rb = read_string(doc, b->name);
	do {
		more_a = next_char(&ra, &ca);
		more_b = next_char(&rb, &cb);
		if (more_a != more_b || ca != cb)
			return (false);
	} while (more_a);
	return (true);
}

uint32_t
json_first(const struct json_doc *doc, uint32_t i)
{
	const struct json_node *node = &doc->node[i];

	if (node->type != JSON_ARRAY && node->type != JSON_OBJECT)
		return (0);
	if (i + 1 >= doc->count ||
	    doc->node[i + 1].span.start >= node->span.end)
		return (0);
	return (i + 1);
}

uint32_t
json_member(const struct json_doc *doc, uint32_t i, const char *name)
{
	uint32_t member, found = 0;

	for (member = json_first(doc, i); member != 0;
	    member = doc->node[member].next)
		if (json_name_equals(doc, member, name))
			found = member;
	return (found);
}

bool
json_equals(const struct json_doc *doc, uint32_t i, const char *text)
{
	return (span_equals(doc, doc->node[i].span, text));
}

bool
json_name_equals(const struct json_doc *doc, uint32_t i, const char *text)
{
	return (span_equals(doc, doc->node[i].name, text));
}

struct json_measure
json_measure(const struct json_doc *doc, uint32_t i, size_t enough)
{
	struct json_measure m = { 0 };
	struct reader r = read_string(doc, doc->node[i].span);
	uint32_t code;

	while (m.code_points <= enough && next_char(&r, &code)) {
		m.code_points++;
		m.has_null |= code == 0;
	}
	return (m);
}

void
json_decode(const struct json_doc *doc, uint32_t i, struct buf *out)
{
	struct reader r = read_string(doc, doc->node[i].span);
	uint32_t code;
	char utf8[4];

	while (next_char(&r, &code))
		buf_put(out, utf8, json_char_utf8(utf8, code));
}

/* One character in its shortest JSON spelling. */
static void
put_char(struct buf *out, uint32_t code)
{
	static const char hex[] = "0123456789abcdef";
	static const char short_code[] = "\b\f\n\r\t\"\\";
	static const char short_letter[] = "bfnrt\"\\";
	const char *found;
	char text[6] = "\\u00";

	if (code >= 0x20 && code != '"' && code != '\\') {
		buf_put(out, text, json_char_utf8(text, code));
		return;
	}
	found = code == 0 ? NULL : strchr(short_code, (int)code);
	if (found != NULL) {
		text[1] = short_letter[found - short_code];
		buf_put(out, text, 2);
		return;
	}
	text[4] = hex[code >> 4];
	text[5] = hex[code & 15];
	buf_put(out, text, 6);
}

static void
write_string(const struct json_doc *doc, struct json_span span,
    struct buf *out)
{
	struct reader r;
	uint32_t code;

	/* Without an escape the text is in its shortest spelling already. */
	if (memchr(doc->text + span.start, '\\', span.end - span.start) ==
	    NULL) {
		buf_put(out, doc->text + span.start, span.end - span.start);
		return;
	}
	buf_putc(out, '"');
	for (r = read_string(doc, span); next_char(&r, &code); )
		put_char(out, code);
	buf_putc(out, '"');
}

void
json_put_string(struct buf *out, const char *text, size_t len)
{
	size_t i, from = 0;
	unsigned char c;

	buf_putc(out, '"');
	for (i = 0; i < len; i++) {
		c = (unsigned char)text[i];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_put(out, text + from, i - from);
		put_char(out, c);
		from = i + 1;
	}
	buf_put(out, text + from, len - from);
	buf_putc(out, '"');
}

void
json_write_name(const struct json_doc *doc, uint32_t i, struct buf *out)
{
	write_string(doc, doc->node[i].name, out);
	buf_putc(out, ':');
}

bool
json_is_repeated(const struct json_doc *doc, uint32_t object, uint32_t i,
    uint32_t *last)
{
	uint32_t k;

	for (k = json_first(doc, object); k != i; k = doc->node[k].next)
		if (same_name(doc, k, i))
			return (true);
	*last = i;
	for (k = doc->node[i].next; k != 0; k = doc->node[k].next)
		if (same_name(doc, k, i))
			*last = k;
	return (false);
}

static void
write_members(const struct json_doc *doc, uint32_t i, struct buf *out)
{
	uint32_t member, last = 0;
	const char *comma = "";

	buf_putc(out, '{');
	for (member = json_first(doc, i); member != 0;
	    member = doc->node[member].next) {
		if (json_is_repeated(doc, i, member, &last))
			continue;
		buf_puts(out, comma);
		json_write_name(doc, member, out);
		json_write(doc, last, out);
		comma = ",";
	}
	buf_putc(out, '}');
}

static void
write_elements(const struct json_doc *doc, uint32_t i, struct buf *out)
{
	uint32_t element;
	const char *comma = "";

	buf_putc(out, '[');
	for (element = json_first(doc, i); element != 0;
	    element = doc->node[element].next) {
		buf_puts(out, comma);
		json_write(doc, element, out);
		comma = ",";
	}
	buf_putc(out, ']');
}

void
json_write(const struct json_doc *doc, uint32_t i, struct buf *out)
{
	struct json_span span = doc->node[i].span;

	switch (doc->node[i].type) {
	case JSON_OBJECT:
		write_members(doc, i, out);
		break;
	case JSON_ARRAY:
		write_elements(doc, i, out);
		break;
	case JSON_STRING:
		write_string(doc, span, out);
		break;
	default:
		buf_put(out, doc->text + span.start, span.end - span.start);
		break;
	}
}
