#ifndef PACE_H
#define PACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Keeps what is said, or looked at, to once in a while. All zero to begin
 * with. Any thread.
 */
struct pace {
	atomic_int_least64_t next_ms;
};

/* Whether it is time again; if so, the next time is pause_ms later. */
bool pace_allows(struct pace *pace, int64_t pause_ms);

#endif
