#ifndef STORE_CENSUS_H
#define STORE_CENSUS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* As many types, and states of tokens, as there may be words for. */
enum { STORE_CENSUS_TYPES = 8, STORE_CENSUS_STATES = 4 };

/*
 * How many integrations there are of each type and token state, by their places
 * in integration_types and token_states, and how many boxes under each master
 * key. Starts all zero, but for now_us and expiring_days, which say what states
 * are reckoned by.
 */
struct store_census {
	int64_t now_us;
	unsigned expiring_days;
	int64_t integrations[STORE_CENSUS_TYPES][STORE_CENSUS_STATES];
	struct store_box_counts boxes;
	int64_t position;		/* the store's own */
	bool is_over;			/* all were counted */
};

/*
 * Count some rows more, in a read of a few milliseconds. What is there
 * throughout a census is counted once, what comes or goes meanwhile once or
 * not at all.
 */
enum store_rc store_census(struct store *store, struct store_census *census)
    __attribute__((warn_unused_result));

#endif
