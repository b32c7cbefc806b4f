#ifndef TOKEN_STATE_H
#define TOKEN_STATE_H

#include <stdint.h>

#include "ground/ident.h"

/* What becomes of a token; NULL ends the words. The last of them. */
extern const char *const token_states[];
extern const char token_state_unknown[];

/*
 * One of them: "valid"; "expiring", within so many days; "expired", from that
 * microsecond on; "unknown", where expires_at is NULL. Moments are written as
 * by ident_time.
 */
const char *token_state(const char *expires_at, int64_t now_us,
    unsigned expiring_days);

/* Moments from one on and before another; empty: without that bound. */
struct token_range {
	char from[IDENT_TIME_LEN + 1];
	char until[IDENT_TIME_LEN + 1];
};

/* Of which expires_at token_state says that word, which is not "unknown". */
struct token_range token_state_range(const char *state, int64_t now_us,
    unsigned expiring_days);

#endif
