/*
 * Once in a while, by the clock that nobody sets.
 */
#include "config.h"

#include "ground/ident.h"
#include "ground/pace.h"

bool
pace_allows(struct pace *pace, int64_t pause_ms)
{
	int64_t now_ms = ident_monotonic_ms();
	int64_t next_ms = atomic_load(&pace->next_ms);

	/* Of two at once one goes on. */
	return (now_ms >= next_ms && atomic_compare_exchange_strong(
	    &pace->next_ms, &next_ms, now_ms + pause_ms));
}
