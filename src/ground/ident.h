#ifndef IDENT_H
#define IDENT_H

#include <stddef.h>
#include <stdint.h>

enum {
	IDENT_UUID_LEN = 36,	/* 01234567-89ab-7def-8123-456789abcdef */
	IDENT_TIME_LEN = 26	/* 2024-01-15T10:30:00.000000 */
};

/* The wall clock, in microseconds since 1970-01-01T00:00:00Z. */
int64_t ident_now_us(void);

/* A monotonic clock for measuring and deadlines, in milliseconds. */
int64_t ident_monotonic_ms(void);

/*
 * Write the UTC moment at_us as YYYY-MM-DDTHH:MM:SS.ffffff and a NUL. Bytes
 * compare as moments do, for the years 0 to 9999.
 */
void ident_time(char out[IDENT_TIME_LEN + 1], int64_t at_us);

/*
 * Read a moment: text is one that field_moment takes; without an offset it is
 * in UTC. Digits beyond microseconds are cut.
 */
int64_t ident_parse_time(const char *text);

/*
 * Write a fresh version 7 UUID (RFC 9562, with the fraction of the
 * millisecond in rand_a) in lower case and a NUL. Returns 0, or -1 when the
 * system gives no random bytes.
 */
int ident_uuid7(char out[IDENT_UUID_LEN + 1], int64_t at_us)
    __attribute__((warn_unused_result));

#endif
