#ifndef MOMENT_H
#define MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/ident.h"

/*
 * Read a moment in any of the forms that clients send:
 *
 *   YYYY-MM-DD, then T, t or a space, HH:MM, perhaps :SS and a fraction of 1
 *   to 12 digits, perhaps a zone: Z, z, or +HH, +HHMM, +HH:MM or these with
 *   -; without one it is in UTC. It exists in the calendar (RFC 3339 without
 *   leap seconds, and what ISO 8601 has beside it)
 *
 *   Unix seconds: perhaps -, digits, perhaps a point and digits; finite as
 *   an IEEE 754 double. Beyond 2e10 either way they are taken for thousandths
 *   of seconds, and so on, as pydantic v1 does
 *
 * text has len bytes and a NUL behind them. Returns whether it is a moment;
 * *at_us becomes its microseconds since 1970-01-01T00:00:00Z, what is finer
 * being cut.
 */
bool moment_read(const char *text, size_t len, int64_t *at_us);

/*
 * The same of a number of seconds, however large, as long as it is finite.
 */
int64_t moment_of_seconds(double seconds);

/*
 * Write a moment as ident_time does; one before the year 1 as its first
 * microsecond, and one behind 9999 as a text that, as bytes compare, is behind
 * all moments.
 */
void moment_write(char out[IDENT_TIME_LEN + 1], int64_t at_us);

/* Whether a moment has a year from 1 to 9999, which ident_time can write. */
bool moment_has_year(int64_t at_us);

#endif
