/*
 * Names for moments and things: the clock and UUIDs. Knows nothing of what
 * bears them.
 */
#include "config.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "ground/ident.h"

enum { US_PER_MS = 1000, US_PER_S = 1000000 };

int64_t
ident_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return ((int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000);
}

int64_t
ident_monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
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

int64_t
ident_parse_time(const char *text)
{
	struct tm tm = { 0 };
	int64_t at_us, unit = US_PER_S / 10;
	int hours = 0, minutes = 0, n = 0;
	const char *p;

	(void)sscanf(text, "%4d-%2d-%2d%*c%2d:%2d:%2d%n", &tm.tm_year,
	    &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &n);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	at_us = (int64_t)timegm(&tm) * US_PER_S;
	p = text + n;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++, unit /= 10)
			at_us += (*p - '0') * unit;
	if (*p == '+' || *p == '-') {
		(void)sscanf(p + 1, "%2d:%2d", &hours, &minutes);
		at_us += (*p == '+' ? -1 : 1) * (hours * INT64_C(3600) +
		    minutes * INT64_C(60)) * US_PER_S;
	}
	return (at_us);
}

int
ident_uuid7(char out[IDENT_UUID_LEN + 1], int64_t at_us)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t ms = (uint64_t)(at_us / US_PER_MS);
	unsigned fraction = (unsigned)(at_us % US_PER_MS) * 4096 / US_PER_MS;
	unsigned char id[16];
	char *p = out;
	size_t i;

	if (getentropy(id + 8, 8) == -1)
		return (-1);
	for (i = 0; i < 6; i++)
		id[i] = (unsigned char)(ms >> (40 - 8 * i));
	id[6] = (unsigned char)(0x70 | fraction >> 8);
	id[7] = (unsigned char)fraction;
	id[8] = (unsigned char)(0x80 | (id[8] & 0x3f));
	for (i = 0; i < sizeof id; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[id[i] >> 4];
		*p++ = hex[id[i] & 15];
	}
	*p = '\0';
	return (0);
}
