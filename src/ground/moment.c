/*
 * Moments from text. Refuses to know whose they are. *p is where a reader
 * stands; each take_ moves it past what it takes.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ground/moment.h"

enum { US_PER_S = 1000000, FRACTION_DIGITS = 12 };

static const double seconds_max = 2e10;

/* 0001-01-01T00:00:00.000000 and 9999-12-31T23:59:59.999999. */
static const int64_t first_us = INT64_C(-62135596800000000);
static const int64_t last_us = INT64_C(253402300799999999);
static const char never[] = ":";

static bool
is_digit(char c)
{
	return (c >= '0' && c <= '9');
}

/* Exactly width digits, of a value from low to high. */
static bool
take_number(const char **p, int width, int low, int high, int *value)
{
	int i, n = 0;

	for (i = 0; i < width; i++, (*p)++) {
		if (!is_digit(**p))
			return (false);
		n = n * 10 + (**p - '0');
	}
	*value = n;
	return (n >= low && n <= high);
}

static bool
take_one_of(const char **p, const char *set)
{
	if (**p == '\0' || strchr(set, **p) == NULL)
		return (false);
	(*p)++;
	return (true);
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return (month == 2 && leap ? 29 : days[month - 1]);
}

static bool
take_date(const char **p, struct tm *tm)
{
	int year, month;

	if (!take_number(p, 4, 1, 9999, &year) || !take_one_of(p, "-") ||
	    !take_number(p, 2, 1, 12, &month) || !take_one_of(p, "-"))
		return (false);
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	return (take_number(p, 2, 1, days_in_month(year, month),
	    &tm->tm_mday));
}

/* HH:MM, perhaps :SS, perhaps a fraction behind that. */
static bool
take_time(const char **p, struct tm *tm, int64_t *fraction_us)
{
	int64_t unit = US_PER_S;
	int digit, digits;

	*fraction_us = 0;
	if (!take_number(p, 2, 0, 23, &tm->tm_hour) || !take_one_of(p, ":") ||
	    !take_number(p, 2, 0, 59, &tm->tm_min))
		return (false);
	if (!take_one_of(p, ":"))
		return (true);
	if (!take_number(p, 2, 0, 59, &tm->tm_sec))
		return (false);
	if (!take_one_of(p, "."))
		return (true);
	for (digits = 0; digits < FRACTION_DIGITS && is_digit(**p); digits++) {
		(void)take_number(p, 1, 0, 9, &digit);
		unit /= 10;
		*fraction_us += digit * unit;
	}
	return (digits > 0);
}

/* Nothing, or what a clock there is ahead of UTC. */
static bool
take_zone(const char **p, int64_t *ahead_s)
{
	int hours, minutes = 0;
	bool is_behind = **p == '-';

	*ahead_s = 0;
	if (**p == '\0' || take_one_of(p, "Zz"))
		return (true);
	if (!take_one_of(p, "+-") || !take_number(p, 2, 0, 23, &hours))
		return (false);
	if ((take_one_of(p, ":") || is_digit(**p)) &&
	    !take_number(p, 2, 0, 59, &minutes))
		return (false);
	*ahead_s = (int64_t)hours * 3600 + (int64_t)minutes * 60;
	if (is_behind)
		*ahead_s = -*ahead_s;
	return (true);
}

static bool
read_calendar(const char *text, size_t len, int64_t *at_us)
{
	int64_t fraction_us, ahead_s;
	struct tm tm = { 0 };
	const char *p = text;

	if (!take_date(&p, &tm) || !take_one_of(&p, "Tt ") ||
	    !take_time(&p, &tm, &fraction_us) || !take_zone(&p, &ahead_s) ||
	    p != text + len)
		return (false);
	*at_us = ((int64_t)timegm(&tm) - ahead_s) * US_PER_S + fraction_us;
	return (true);
}

int64_t
moment_of_seconds(double seconds)
{
	while (fabs(seconds) > seconds_max)
		seconds /= 1000;
	return ((int64_t)round(seconds * US_PER_S));
}

/* One digit or more. */
static bool
take_digits(const char **p)
{
	const char *start = *p;

	while (is_digit(**p))
		(*p)++;
	return (*p > start);
}

static bool
read_seconds(const char *text, size_t len, int64_t *at_us)
{
	const char *p = text;
	double seconds;

	(void)take_one_of(&p, "-");
	if (!take_digits(&p) || (take_one_of(&p, ".") && !take_digits(&p)) ||
	    p != text + len)
		return (false);
	seconds = strtod(text, NULL);
	if (!isfinite(seconds))
		return (false);
	*at_us = moment_of_seconds(seconds);
	return (true);
}

bool
moment_has_year(int64_t at_us)
{
	return (at_us >= first_us && at_us <= last_us);
}

void
moment_write(char out[IDENT_TIME_LEN + 1], int64_t at_us)
{
	if (at_us > last_us)
		memcpy(out, never, sizeof never);
	else
		ident_time(out, at_us < first_us ? first_us : at_us);
}

bool
moment_read(const char *text, size_t len, int64_t *at_us)
{
	return (read_calendar(text, len, at_us) ||
	    read_seconds(text, len, at_us));
}
