/*
 * The strict scan of a JSON text, RFC 8259 in UTF-8 (RFC 3629) without a byte
 * order mark, with limits on depth, members and values. Refuses to know what
 * any value means.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "body/json_char.h"
#include "body/json_check.h"
#include "body/json_member.h"

struct scan {
	struct json_doc *doc;
	const unsigned char *text;
	size_t at;
	size_t len;
	unsigned levels;
	enum json_rc rc;
};

static int scan_value(struct scan *, struct json_span, uint32_t, uint32_t *);

static int
fault(struct scan *s, size_t at, const char *expected)
{
	s->rc = JSON_FAULT;
	s->doc->fault_at = at;
	s->doc->expected = expected;
	return (-1);
}

/* The byte at the scan's place; -1 at the end. */
static int
peek(const struct scan *s)
{
	return (s->at < s->len ? s->text[s->at] : -1);
}

static bool
is_digit(int c)
{
	return (c >= '0' && c <= '9');
}

static void
skip_white(struct scan *s)
{
	int c;

	while ((c = peek(s)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		s->at++;
}

static int
scan_literal(struct scan *s, const char *word)
{
	size_t i;

	for (i = 0; word[i] != '\0'; i++, s->at++)
		if (peek(s) != (unsigned char)word[i])
			return (fault(s, s->at, "Expecting value"));
	return (0);
}

/* One digit or more. */
static int
scan_digits(struct scan *s)
{
	if (!is_digit(peek(s)))
		return (fault(s, s->at, "Expecting digit"));
	while (is_digit(peek(s)))
		s->at++;
	return (0);
}

static int
scan_number(struct scan *s)
{
	if (peek(s) == '-')
		s->at++;
	if (peek(s) == '0')
		s->at++;
	else if (scan_digits(s) == -1)
		return (-1);
	if (peek(s) == '.') {
		s->at++;
		if (scan_digits(s) == -1)
			return (-1);
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->at++;
		if (peek(s) == '+' || peek(s) == '-')
			s->at++;
		if (scan_digits(s) == -1)
			return (-1);
	}
	return (0);
}

/*
 * A string with its quotes. hash, where asked for, becomes the same for all
 * spellings of one string.
 */
static int
scan_string(struct scan *s, uint32_t *hash)
{
	struct json_char c;
	const char *expected;
	uint64_t h = s->doc->seed;
	size_t i, run;

	s->at++;
	for (;;) {
		/* All of most strings. */
		run = json_char_run(s->text, s->at, s->len);
		for (i = 0; hash != NULL && i < run; i++)
			h = json_member_mix(h, s->text[s->at + i]);
		s->at += run;
		expected = json_char_scan(&c, s->text, s->at, s->len);
		if (expected != NULL)
			return (fault(s, s->at + c.width, expected));
		s->at += c.width;
		if (c.is_end)
			break;
		if (hash != NULL)
			h = json_member_mix(h, c.code);
	}
	if (hash != NULL)
		*hash = json_member_hash(h);
	return (0);
}

/* Add a node of unknown end; its index goes to *index. */
static int
add_node(struct scan *s, enum json_type type, uint32_t *index)
{
	struct json_doc *doc = s->doc;
	struct json_node *node;
	size_t cap;

	if (doc->count == JSON_MAX_VALUES + doc->more_values)
		return (fault(s, s->at, doc->more_values == 0 ?
		    "Expecting at most 16384 values" :
		    "Expecting fewer values"));
	if (doc->count == doc->cap) {
		cap = doc->cap == 0 ? 64 : doc->cap * 2;
		node = realloc(doc->node, cap * sizeof *node);
		if (node == NULL) {
			s->rc = JSON_NOMEM;
			return (-1);
		}
		doc->node = node;
		doc->cap = cap;
	}
	*index = (uint32_t)doc->count++;
	doc->node[*index] = (struct json_node){
		.span.start = (uint32_t)s->at, .type = type
	};
	return (0);
}

/* Link node index behind *last, which it becomes. */
static void
append(struct scan *s, uint32_t *last, uint32_t index)
{
	if (*last != 0)
		s->doc->node[*last].next = index;
	*last = index;
}

/*
 * Behind an element or member: 1 when another follows (past the comma and
 * white space), 0 at the closing bracket (past it), -1 on a fault.
 */
static int
scan_more(struct scan *s, int close)
{
	skip_white(s);
	if (peek(s) == close) {
		s->at++;
		return (0);
	}
	if (peek(s) != ',')
		return (fault(s, s->at, "Expecting ',' delimiter"));
	s->at++;
	skip_white(s);
	return (1);
}

static int
scan_array(struct scan *s)
{
	uint32_t index, last = 0;
	int more = 1;

	s->at++;
	skip_white(s);
	if (peek(s) == ']') {
		s->at++;
		return (0);
	}
	while (more == 1) {
		if (scan_value(s, (struct json_span){ 0 }, 0, &index) == -1)
			return (-1);
		append(s, &last, index);
		more = scan_more(s, ']');
	}
	return (more);
}

static int
scan_member(struct scan *s, uint32_t *index)
{
	struct json_span name;
	uint32_t hash;

	if (peek(s) != '"')
		return (fault(s, s->at,
		    "Expecting property name enclosed in double quotes"));
	name.start = (uint32_t)s->at;
	if (scan_string(s, &hash) == -1)
		return (-1);
	name.end = (uint32_t)s->at;
	skip_white(s);
	if (peek(s) != ':')
		return (fault(s, s->at, "Expecting ':' delimiter"));
	s->at++;
	skip_white(s);
	return (scan_value(s, name, hash, index));
}

static int
scan_object(struct scan *s)
{
	uint32_t index, last = 0;
	size_t members = 0;
	int more = 1;

	s->at++;
	skip_white(s);
	if (peek(s) == '}') {
		s->at++;
		return (0);
	}
	while (more == 1) {
		if (members++ == JSON_MAX_MEMBERS + s->doc->more_members)
			return (fault(s, s->at, s->doc->more_members == 0 ?
			    "Expecting at most 1024 members" :
			    "Expecting fewer members"));
		if (scan_member(s, &index) == -1)
			return (-1);
		append(s, &last, index);
		more = scan_more(s, '}');
	}
	return (more);
}

static int
scan_container(struct scan *s, enum json_type type)
{
	int rc;

	if (s->levels == JSON_MAX_LEVELS)
		return (fault(s, s->at, "Expecting at most 32 levels"));
	s->levels++;
	rc = type == JSON_OBJECT ? scan_object(s) : scan_array(s);
	s->levels--;
	return (rc);
}

/* The kind of value that begins with c; JSON_NUMBER where it is none. */
static enum json_type
type_of(int c)
{
	switch (c) {
	case 'n': return (JSON_NULL);
	case 'f': return (JSON_FALSE);
	case 't': return (JSON_TRUE);
	case '"': return (JSON_STRING);
	case '[': return (JSON_ARRAY);
	case '{': return (JSON_OBJECT);
	default: return (JSON_NUMBER);
	}
}

static int
scan_value(struct scan *s, struct json_span name, uint32_t name_hash,
    uint32_t *index)
{
	enum json_type type = type_of(peek(s));
	int rc = -1;

	if (type == JSON_NUMBER && peek(s) != '-' && !is_digit(peek(s)))
		return (fault(s, s->at, "Expecting value"));
	if (add_node(s, type, index) == -1)
		return (-1);
	s->doc->node[*index].name = name;
	s->doc->node[*index].name_hash = name_hash;
	switch (type) {
	case JSON_NULL:
		rc = scan_literal(s, "null");
		break;
	case JSON_FALSE:
		rc = scan_literal(s, "false");
		break;
	case JSON_TRUE:
		rc = scan_literal(s, "true");
		break;
	case JSON_NUMBER:
		rc = scan_number(s);
		break;
	case JSON_STRING:
		rc = scan_string(s, NULL);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		rc = scan_container(s, type);
		break;
	}
	s->doc->node[*index].span.end = (uint32_t)s->at;
	return (rc);
}

/*
 * What to say where the beginning shows another encoding, which no text that
 * is good has; else NULL. A byte order mark, or a NUL beside another byte.
 */
static const char *
name_encoding(const struct scan *s)
{
	const unsigned char *text = s->text;

	if (s->len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return ("Expecting UTF-8 without a byte order mark");
	if (s->len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 ||
	    memcmp(text, "\xfe\xff", 2) == 0 ||
	    (text[0] == '\0') != (text[1] == '\0')))
		return ("Expecting UTF-8, not UTF-16");
	return (NULL);
}

enum json_rc
json_check(struct json_doc *doc, const char *text, size_t len)
{
	struct scan s = {
		.doc = doc, .text = (const unsigned char *)text, .len = len,
		.rc = JSON_OK
	};
	const char *encoding;
	uint32_t root;

	if (doc->seed == 0 &&
	    getentropy(&doc->seed, sizeof doc->seed) == -1)
		return (JSON_NOMEM);
	doc->text = text;
	doc->len = len;
	doc->count = 0;
	doc->fault_at = 0;
	doc->expected = NULL;
	skip_white(&s);
	if (scan_value(&s, (struct json_span){ 0 }, 0, &root) == 0) {
		skip_white(&s);
		if (s.at < len)
			(void)fault(&s, s.at,
			    "Expecting nothing after the value");
	}
	if (s.rc == JSON_FAULT && (encoding = name_encoding(&s)) != NULL)
		doc->expected = encoding;
	if (s.rc == JSON_OK && json_member_index(doc) == -1)
		s.rc = JSON_NOMEM;
	return (s.rc);
}

void
json_doc_fini(struct json_doc *doc)
{
	free(doc->node);
	free(doc->slot);
	*doc = (struct json_doc){ 0 };
}
