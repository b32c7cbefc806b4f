#ifndef NUMBER_H
#define NUMBER_H

#include <stdint.h>

/*
 * The one parser of numbers from text: plain decimal digits, nothing before
 * or behind them, low to high. Returns 0, or -1 and leaves *value alone.
 */
int number_parse(const char *text, uint64_t low, uint64_t high,
    uint64_t *value) __attribute__((warn_unused_result));

#endif
