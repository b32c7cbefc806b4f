/*
 * Names for moments and things: the clock and UUIDs. Knows nothing of what
 * bears them.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "ground/chance.h"
#include "ground/ident.h"

enum { US_PER_MS = 1000, US_PER_S = 1000000, UUID_BYTES = 16 };

static int64_t
read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return ((int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000);
}

int64_t
ident_now_us(void)
{
	return (read_clock(CLOCK_REALTIME));
}

int64_t
ident_monotonic_us(void)
{
	return (read_clock(CLOCK_MONOTONIC));
}

int64_t
ident_monotonic_ms(void)
{
	return (ident_monotonic_us() / US_PER_MS);
}

struct timespec
ident_in_ms(int64_t ms)
{
	int64_t at_ms = ident_monotonic_ms() + ms;

	return ((struct timespec){
		.tv_sec = (time_t)(at_ms / 1000),
		.tv_nsec = at_ms % 1000 * 1000000
	});
}

/* Write n as exactly width decimal digits, the highest ones cut. */
static char *
put_digits(char *to, int width, int64_t n)
{
	int i;

	for (i = width; i-- > 0; n /= 10)
		to[i] = (char)('0' + n % 10);
	return (to + width);
}

void
ident_time(char out[IDENT_TIME_LEN + 1], int64_t at_us)
{
	int64_t fraction = at_us % US_PER_S;
	time_t seconds = (time_t)(at_us / US_PER_S);
	struct tm tm;
	char *p = out;

	if (fraction < 0) {
		fraction += US_PER_S;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	p = put_digits(p, 4, tm.tm_year + 1900);
	*p++ = '-';
	p = put_digits(p, 2, tm.tm_mon + 1);
	*p++ = '-';
	p = put_digits(p, 2, tm.tm_mday);
	*p++ = 'T';
	p = put_digits(p, 2, tm.tm_hour);
	*p++ = ':';
	p = put_digits(p, 2, tm.tm_min);
	*p++ = ':';
	p = put_digits(p, 2, tm.tm_sec);
	*p++ = '.';
	p = put_digits(p, 6, fraction);
	*p = '\0';
}

/* Write a UUID of that version; its bits and the variant's are set here. */
static void
put_uuid(char out[IDENT_UUID_LEN + 1], unsigned char id[UUID_BYTES],
    unsigned version)
{
	static const char hex[] = "0123456789abcdef";
	char *p = out;
	size_t i;

	id[6] = (unsigned char)(version << 4 | (id[6] & 0x0f));
	id[8] = (unsigned char)(0x80 | (id[8] & 0x3f));
	for (i = 0; i < UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[id[i] >> 4];
		*p++ = hex[id[i] & 15];
	}
	*p = '\0';
}

int
ident_uuid7(char out[IDENT_UUID_LEN + 1], int64_t at_us)
{
	uint64_t ms = (uint64_t)(at_us / US_PER_MS);
	unsigned fraction = (unsigned)(at_us % US_PER_MS) * 4096 / US_PER_MS;
	unsigned char id[UUID_BYTES];
	size_t i;

	if (chance_take(id + 8, 8) == -1)
		return (-1);
	for (i = 0; i < 6; i++)
		id[i] = (unsigned char)(ms >> (40 - 8 * i));
	id[6] = (unsigned char)(fraction >> 8);
	id[7] = (unsigned char)fraction;
	put_uuid(out, id, 7);
	return (0);
}

int
ident_uuid4(char out[IDENT_UUID_LEN + 1])
{
	unsigned char id[UUID_BYTES];

	if (getentropy(id, sizeof id) == -1)
		return (-1);
	put_uuid(out, id, 4);
	return (0);
}

bool
ident_read_uuid(char out[IDENT_UUID_LEN + 1], const char *text, size_t len)
{
	size_t i;

	if (len != IDENT_UUID_LEN)
		return (false);
	for (i = 0; i < IDENT_UUID_LEN; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] != '-' :
		    !isxdigit((unsigned char)text[i]))
			return (false);
		out[i] = (char)tolower((unsigned char)text[i]);
	}
	out[i] = '\0';
	return (true);
}
