#ifndef JSON_CHAR_H
#define JSON_CHAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One character inside a JSON string, as the text spells it. */
struct json_char {
	uint32_t code;		/* its code point */
	size_t width;		/* bytes of text that it takes */
	bool is_end;		/* it is the closing quote */
};

/*
 * Read the character at text[at] of a JSON string whose opening quote lies
 * behind. Returns NULL; or what was expected, as a static text, with the
 * fault's distance from at in c->width. A pair of surrogate escapes is one
 * character; a surrogate alone, a control character and ill-formed UTF-8 (RFC
 * 3629) are faults.
 */
const char *json_char_scan(struct json_char *c, const unsigned char *text,
    size_t at, size_t len);

/*
 * How many bytes of text, from at on, are characters that stand for themselves
 * in a JSON string: ASCII, but for quotes, backslashes and control characters.
 */
size_t json_char_run(const void *text, size_t at, size_t len);

/* The characters of a string that has passed, one after the other. */
struct json_char_reader {
	const char *text;
	size_t at;		/* behind the opening quote, to begin with */
	size_t end;		/* behind the closing one */
};

/* The next character; false at the closing quote. */
bool json_char_next(struct json_char_reader *reader, uint32_t *code);

/* Whether what is left to read is this ASCII text. */
bool json_char_equals(struct json_char_reader reader, const char *text);

/* Write code in UTF-8; returns its length, 1 to 4. */
size_t json_char_utf8(char out[4], uint32_t code);

#endif
