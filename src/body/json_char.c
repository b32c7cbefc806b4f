/*
 * The characters of JSON strings: UTF-8 and escapes. Refuses to know where a
 * string stands.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "body/json_char.h"

static const char want_escape[] = "Expecting escape";
static const char want_hex[] = "Expecting four hexadecimal digits";
static const char want_pair[] = "Expecting a pair of surrogates";
static const char want_utf8[] = "Expecting UTF-8";
static const char want_quote[] = "Expecting '\"'";
static const char want_no_control[] =
    "Expecting control character to be escaped";

/* The value of the hexadecimal digit at text[at]; -1 where it is none. */
static int
hex_digit(const unsigned char *text, size_t at, size_t len)
{
	unsigned char c;

	if (at >= len)
		return (-1);
	c = text[at];
	if (c >= '0' && c <= '9')
		return (c - '0');
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return ((c | 0x20) - 'a' + 10);
	return (-1);
}

/* Four hexadecimal digits at text[at]; -1 where they are not. */
static int32_t
hex4(const unsigned char *text, size_t at, size_t len)
{
	int32_t n = 0;
	size_t i;
	int digit;

	for (i = 0; i < 4; i++) {
		if ((digit = hex_digit(text, at + i, len)) == -1)
			return (-1);
		n = n << 4 | digit;
	}
	return (n);
}

/* \uXXXX, or two of them that make a pair; text[at] is the backslash. */
static const char *
scan_unicode(struct json_char *c, const unsigned char *text, size_t at,
    size_t len)
{
	int32_t high, low;

	c->width = 0;
	if ((high = hex4(text, at + 2, len)) == -1) {
		for (c->width = 2; hex_digit(text, at + c->width, len) != -1;)
			c->width++;
		return (want_hex);
	}
	if (high < 0xd800 || high > 0xdfff) {
		c->code = (uint32_t)high;
		c->width = 6;
		return (NULL);
	}
	if (high > 0xdbff || at + 7 >= len || text[at + 6] != '\\' ||
	    text[at + 7] != 'u')
		return (want_pair);
	low = hex4(text, at + 8, len);
	if (low < 0xdc00 || low > 0xdfff)
		return (want_pair);
	c->code = 0x10000 + ((uint32_t)(high - 0xd800) << 10) +
	    (uint32_t)(low - 0xdc00);
	c->width = 12;
	return (NULL);
}

static const char *
scan_escape(struct json_char *c, const unsigned char *text, size_t at,
    size_t len)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char codes[] = "\"\\/\b\f\n\r\t";
	const char *letter;

	if (at + 1 < len && text[at + 1] == 'u')
		return (scan_unicode(c, text, at, len));
	c->width = 1;
	if (at + 1 >= len || text[at + 1] == '\0')
		return (want_escape);
	if ((letter = strchr(letters, text[at + 1])) == NULL)
		return (want_escape);
	c->code = (unsigned char)codes[letter - letters];
	c->width = 2;
	return (NULL);
}

/* RFC 3629's table: what may follow which first byte. */
static const char *
scan_utf8(struct json_char *c, const unsigned char *text, size_t at,
    size_t len)
{
	unsigned char first = text[at], low = 0x80, high = 0xbf;
	size_t i, more;

	c->width = 0;
	if (first >= 0xc2 && first <= 0xdf)
		more = 1;
	else if ((first & 0xf0) == 0xe0)
		more = 2;
	else if (first >= 0xf0 && first <= 0xf4)
		more = 3;
	else
		return (want_utf8);
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	c->code = first & (0x3fU >> more);
	for (i = 1; i <= more; i++) {
		if (at + i >= len || text[at + i] < low || text[at + i] > high)
			return (want_utf8);
		c->code = c->code << 6 | (text[at + i] & 0x3f);
		low = 0x80;
		high = 0xbf;
	}
	c->width = more + 1;
	return (NULL);
}

const char *
json_char_scan(struct json_char *c, const unsigned char *text, size_t at,
    size_t len)
{
	c->is_end = false;
	c->width = 0;
	if (at >= len)
		return (want_quote);
	if (text[at] >= 0x80)
		return (scan_utf8(c, text, at, len));
	if (text[at] == '\\')
		return (scan_escape(c, text, at, len));
	if (text[at] < 0x20)
		return (want_no_control);
	c->code = text[at];
	c->width = 1;
	c->is_end = text[at] == '"';
	return (NULL);
}

/* Whether a byte is a character that stands for itself. */
static bool
is_plain(unsigned char c)
{
	return (c >= 0x20 && c < 0x80 && c != '"' && c != '\\');
}

/* Whether all eight are; no is also said of some that are. */
static bool
are_plain(uint64_t eight)
{
	static const uint64_t ones = UINT64_MAX / 0xff, high = ones * 0x80;
	uint64_t quotes = eight ^ ones * '"';
	uint64_t backslashes = eight ^ ones * '\\';

	/* A byte borrows from its top bit if it was less than what is taken. */
	return (((eight | (eight - ones * 0x20) | (quotes - ones) |
	    (backslashes - ones)) & high) == 0);
}

size_t
json_char_run(const void *text, size_t at, size_t len)
{
	const unsigned char *bytes = text;
	size_t i = at;
	uint64_t eight;

	for (; len - i >= sizeof eight; i += sizeof eight) {
		memcpy(&eight, bytes + i, sizeof eight);
		if (!are_plain(eight))
			break;
	}
	while (i < len && is_plain(bytes[i]))
		i++;
	return (i - at);
}

bool
json_char_next(struct json_char_reader *reader, uint32_t *code)
{
	struct json_char c;
	const char *fault = json_char_scan(&c,
	    (const unsigned char *)reader->text, reader->at, reader->end);

	assert(fault == NULL);
	(void)fault;
	reader->at += c.width;
	*code = c.code;
	return (!c.is_end);
}

bool
json_char_equals(struct json_char_reader reader, const char *text)
{
	size_t len = reader.end - reader.at - 1;
	uint32_t code;

	/* Mostly every character stands for itself. */
	if (memchr(reader.text + reader.at, '\\', len) == NULL)
		return (strlen(text) == len &&
		    memcmp(reader.text + reader.at, text, len) == 0);
	while (json_char_next(&reader, &code)) {
		if (*text == '\0' || code != (unsigned char)*text)
			return (false);
		text++;
	}
	return (*text == '\0');
}

size_t
json_char_utf8(char out[4], uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return (1);
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return (2);
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return (3);
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return (4);
}
