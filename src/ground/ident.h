#ifndef IDENT_H
#define IDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum {
	IDENT_UUID_LEN = 36,	/* 01234567-89ab-7def-8123-456789abcdef */
	IDENT_TIME_LEN = 26	/* 2024-01-15T10:30:00.000000 */
};

/* The wall clock, in microseconds since 1970-01-01T00:00:00Z. */
int64_t ident_now_us(void);

/* A clock that nobody sets, for measuring and for deadlines. */
int64_t ident_monotonic_us(void);
int64_t ident_monotonic_ms(void);

/* Of the same clock, the moment in so many milliseconds. */
struct timespec ident_in_ms(int64_t ms);

/*
 * Write the UTC moment at_us as YYYY-MM-DDTHH:MM:SS.ffffff and a NUL. Bytes
 * compare as moments do, for the years 0 to 9999.
 */
void ident_time(char out[IDENT_TIME_LEN + 1], int64_t at_us);

/*
 * Write a fresh version 7 UUID (RFC 9562, with the fraction of the
 * millisecond in rand_a) in lower case and a NUL. Returns 0, or -1 when the
 * system gives no random bytes.
 */
int ident_uuid7(char out[IDENT_UUID_LEN + 1], int64_t at_us)
    __attribute__((warn_unused_result));

/* The same of version 4, all of it by chance. */
int ident_uuid4(char out[IDENT_UUID_LEN + 1])
    __attribute__((warn_unused_result));

/*
 * Copy a UUID of any version (RFC 9562, section 4), len bytes in either case,
 * in lower case and with a NUL. False: it is none.
 */
bool ident_read_uuid(char out[IDENT_UUID_LEN + 1], const char *text,
    size_t len);

#endif
