/*
 * Whether a token still lasts. Knows no clock.
 */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "ground/ident.h"
#include "ground/token_state.h"

enum { VALID, EXPIRING, EXPIRED, UNKNOWN };

const char token_state_unknown[] = "unknown";

const char *const token_states[] = {
	"valid", "expiring", "expired", token_state_unknown, NULL
};

static const int64_t day_us = INT64_C(86400000000);

const char *
token_state(const char *expires_at, int64_t now_us, unsigned expiring_days)
{
	char moment[IDENT_TIME_LEN + 1];

	if (expires_at == NULL)
		return (token_states[UNKNOWN]);
	ident_time(moment, now_us);
	if (strcmp(expires_at, moment) <= 0)
		return (token_states[EXPIRED]);
	ident_time(moment, now_us + (int64_t)expiring_days * day_us);
	return (token_states[strcmp(expires_at, moment) <= 0 ? EXPIRING :
	    VALID]);
}

struct token_range
token_state_range(const char *state, int64_t now_us, unsigned expiring_days)
{
	int64_t soon_us = now_us + (int64_t)expiring_days * day_us;
	struct token_range range = { "", "" };

	/* A moment belongs to what it ends: all begins a microsecond later. */
	if (strcmp(state, token_states[VALID]) == 0) {
		ident_time(range.from, soon_us + 1);
	} else if (strcmp(state, token_states[EXPIRING]) == 0) {
		ident_time(range.from, now_us + 1);
		ident_time(range.until, soon_us + 1);
	} else {
		ident_time(range.until, now_us + 1);
	}
	return (range);
}
