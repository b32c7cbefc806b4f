/*
 * Cursors of lists as text. Knows no list.
 *
 *	offset  bytes  content
 *	     0      1  version, 1
 *	     1      1  sort
 *	     2      8  the moment, microseconds since 1970, big-endian
 *	    10     16  the id, a UUID
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "ground/ident.h"
#include "ground/moment.h"
#include "service/cursor.h"

enum { FORMAT = 1, BYTES = 26, AT_SORT = 1, AT_MOMENT = 2, MOMENT_BYTES = 8,
    AT_ID = 10 };

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789-_";
static const char hex[] = "0123456789abcdef";

/* The 6 bits at a place of bytes; those behind their end are 0. */
static unsigned
six_at(const unsigned char bytes[BYTES], size_t place)
{
	size_t bit = place * 6, i = bit / 8;
	unsigned two = (unsigned)bytes[i] << 8 |
	    (i + 1 < BYTES ? bytes[i + 1] : 0);

	return (two >> (10 - bit % 8) & 0x3f);
}

static void
encode(char out[CURSOR_LEN + 1], const unsigned char bytes[BYTES])
{
	size_t i;

	for (i = 0; i < CURSOR_LEN; i++)
		out[i] = alphabet[six_at(bytes, i)];
	out[i] = '\0';
}

/* Only what encode has written. */
static bool
decode(unsigned char bytes[BYTES], const char *text)
{
	char again[CURSOR_LEN + 1];
	uint32_t bits = 0;
	const char *letter;
	size_t i, len = 0;

	if (strlen(text) != CURSOR_LEN)
		return (false);
	for (i = 0; i < CURSOR_LEN; i++) {
		if ((letter = strchr(alphabet, text[i])) == NULL)
			return (false);
		bits = bits << 6 | (uint32_t)(letter - alphabet);
		/* The first letter of four is no whole byte yet. */
		if (i % 4 != 0)
			bytes[len++] = (unsigned char)(bits >>
			    (6 - i % 4 * 2));
	}
	encode(again, bytes);
	return (strcmp(again, text) == 0);
}

static void
put_id(unsigned char to[16], const char *id)
{
	unsigned digit;
	size_t n = 0;

	memset(to, 0, 16);
	for (; *id != '\0'; id++) {
		if (*id == '-')
			continue;
		digit = (unsigned)(strchr(hex, *id) - hex);
		to[n / 2] |= (unsigned char)(n % 2 == 0 ? digit << 4 : digit);
		n++;
	}
}

static void
take_id(char id[IDENT_UUID_LEN + 1], const unsigned char from[16])
{
	char *to = id;
	size_t i;

	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		*to++ = hex[from[i] >> 4];
		*to++ = hex[from[i] & 15];
	}
	*to = '\0';
}

bool
cursor_write(char out[CURSOR_LEN + 1], enum cursor_sort sort,
    const struct store_cursor *at)
{
	unsigned char bytes[BYTES] = { FORMAT, (unsigned char)sort };
	char moment[IDENT_TIME_LEN + 1], id[IDENT_UUID_LEN + 1];
	int64_t at_us;
	size_t i;

	if (!moment_read(at->moment, strlen(at->moment), &at_us) ||
	    !moment_has_year(at_us) ||
	    !ident_read_uuid(id, at->id, strlen(at->id)))
		return (false);
	/* Another spelling would be another position, as bytes compare. */
	ident_time(moment, at_us);
	if (strcmp(moment, at->moment) != 0 || strcmp(id, at->id) != 0)
		return (false);
	for (i = 0; i < MOMENT_BYTES; i++)
		bytes[AT_MOMENT + i] = (unsigned char)((uint64_t)at_us >>
		    (56 - 8 * i));
	put_id(bytes + AT_ID, id);
	encode(out, bytes);
	return (true);
}

bool
cursor_read(struct store_cursor *at, enum cursor_sort sort, const char *text)
{
	unsigned char bytes[BYTES];
	uint64_t at_us = 0;
	size_t i;

	if (!decode(bytes, text) || bytes[0] != FORMAT ||
	    bytes[AT_SORT] != (unsigned char)sort)
		return (false);
	for (i = 0; i < MOMENT_BYTES; i++)
		at_us = at_us << 8 | bytes[AT_MOMENT + i];
	if (!moment_has_year((int64_t)at_us))
		return (false);
	*at = (struct store_cursor){ 0 };
	ident_time(at->moment, (int64_t)at_us);
	take_id(at->id, bytes + AT_ID);
	return (true);
}
