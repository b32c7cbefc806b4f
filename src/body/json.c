/*
 * Reading a checked JSON text by its spans, and writing JSON. Refuses to know
 * what a member is for. All text here has passed json_check.
 */
#include "config.h"

#include <string.h>

#include "body/json.h"
#include "body/json_char.h"

static struct json_char_reader
read_string(const struct json_doc *doc, struct json_span span)
{
	return ((struct json_char_reader){
	    .text = doc->text, .at = span.start + 1, .end = span.end
	});
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

bool
json_equals(const struct json_doc *doc, uint32_t i, const char *text)
{
	return (json_char_equals(read_string(doc, doc->node[i].span), text));
}

bool
json_reads(const struct json_doc *doc, uint32_t i, const char *text)
{
	struct json_char_reader r = read_string(doc, doc->node[i].span);
	uint32_t code;
	char utf8[4];
	size_t len;

	if (doc->node[i].type != JSON_STRING)
		return (false);
	while (json_char_next(&r, &code)) {
		len = json_char_utf8(utf8, code);
		if (code == 0 || strncmp(text, utf8, len) != 0)
			return (false);
		text += len;
	}
	return (*text == '\0');
}

struct json_measure
json_measure(const struct json_doc *doc, uint32_t i, size_t enough)
{
	struct json_measure m = { 0 };
	struct json_char_reader r = read_string(doc, doc->node[i].span);
	uint32_t code;

	while (m.code_points <= enough && json_char_next(&r, &code)) {
		m.code_points++;
		m.has_null |= code == 0;
	}
	return (m);
}

void
json_decode(const struct json_doc *doc, uint32_t i, struct buf *out)
{
	struct json_char_reader r = read_string(doc, doc->node[i].span);
	uint32_t code;
	char utf8[4];

	while (json_char_next(&r, &code))
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
	struct json_char_reader r;
	uint32_t code;

	/* Without an escape the text is in its shortest spelling already. */
	if (memchr(doc->text + span.start, '\\', span.end - span.start) ==
	    NULL) {
		buf_put(out, doc->text + span.start, span.end - span.start);
		return;
	}
	buf_putc(out, '"');
	for (r = read_string(doc, span); json_char_next(&r, &code); )
		put_char(out, code);
	buf_putc(out, '"');
}

void
json_put_string(struct buf *out, const char *text, size_t len)
{
	size_t i, from = 0;
	unsigned char c;

	buf_putc(out, '"');
	for (i = 0; (i += json_char_run(text, i, len)) < len; i++) {
		c = (unsigned char)text[i];
		if (c >= 0x80)
			continue;
		buf_put(out, text + from, i - from);
		put_char(out, c);
		from = i + 1;
	}
	buf_put(out, text + from, len - from);
	buf_putc(out, '"');
}

void
json_write_bare_name(const struct json_doc *doc, uint32_t i, struct buf *out)
{
	write_string(doc, doc->node[i].name, out);
}

void
json_write_name(const struct json_doc *doc, uint32_t i, struct buf *out)
{
	json_write_bare_name(doc, i, out);
	buf_putc(out, ':');
}

static void
write_members(const struct json_doc *doc, uint32_t i, struct buf *out)
{
	uint32_t member;
	const char *comma = "";

	buf_putc(out, '{');
	for (member = json_first(doc, i); member != 0;
	    member = doc->node[member].next) {
		if (doc->node[member].last == 0)
			continue;
		buf_puts(out, comma);
		json_write_name(doc, member, out);
		json_write(doc, doc->node[member].last, out);
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
