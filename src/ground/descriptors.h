#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <stdint.h>

/*
 * How many of wanted connections a process can have open beside its own files,
 * with its limit of open files (RLIMIT_NOFILE) raised as far as it may be.
 */
uint64_t descriptors_raise(uint64_t wanted);

/* The same if that limit were raised; nothing is changed. */
uint64_t descriptors_allow(uint64_t wanted);

#endif
