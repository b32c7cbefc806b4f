#ifndef CENSUS_H
#define CENSUS_H

#include <stdint.h>

#include "ground/buf.h"
#include "service/call.h"

/*
 * How many integrations and boxes there are, for the metrics: counted by one
 * thread that nobody waits for, some rows at a time, and told by another.
 */
struct census;

/* NULL: memory is short, which is logged. census_free takes NULL. */
struct census *census_new(void) __attribute__((warn_unused_result));
void census_free(struct census *census);

/*
 * Count on, if there is something to count: a minute after the last census at
 * the soonest, and when its result was asked for. In how many milliseconds
 * there may be more to do; at least as many as it took, so that it takes half
 * of a processor at most.
 */
int64_t census_run(struct census *census, const struct app *app);

/* Append the last result, if there is one, as metrics_put does. */
void census_put(struct census *census, struct buf *out);

#endif
