/* Whether a token still lasts. */
#include "config.h"

#include "ground/ident.h"
#include "ground/token_state.h"
#include "unit/unit.h"

static const int64_t now_us = INT64_C(1700000000000000);
static const int64_t day_us = INT64_C(86400000000);

static const char *
state(int64_t from_now_us)
{
	char at[IDENT_TIME_LEN + 1];

	ident_time(at, now_us + from_now_us);
	return (token_state(at, now_us, 7));
}

START_TEST(token_has_four_states)
{
	ck_assert_str_eq(state(7 * day_us + 1), "valid");
	ck_assert_str_eq(state(7 * day_us), "expiring");
	ck_assert_str_eq(state(1), "expiring");
	ck_assert_str_eq(state(0), "expired");
	ck_assert_str_eq(state(-day_us), "expired");
	ck_assert_str_eq(token_state(NULL, now_us, 7), "unknown");
}
END_TEST

START_TEST(nothing_is_expiring_where_there_are_no_days)
{
	char at[IDENT_TIME_LEN + 1];

	ident_time(at, now_us + 1);
	ck_assert_str_eq(token_state(at, now_us, 0), "valid");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		token_has_four_states,
		nothing_is_expiring_where_there_are_no_days
	};

	return (unit_main("token_state", tests,
	    sizeof tests / sizeof tests[0]));
}
