#ifndef MAPPING_H
#define MAPPING_H

#include <stdbool.h>
#include <stddef.h>

/*
 * One file of a process, mapped shared and writable, that may be cut off or go
 * away under it: what it loses by that is what was in it, and nothing else. A
 * process has one such mapping at most.
 */

/* Map len bytes of a file that has them. NULL with errno. */
void *mapping_open(int fd, size_t len) __attribute__((warn_unused_result));
void mapping_close(void);

/* Whether the file was cut off: memory of our own is in its place then. */
bool mapping_is_lost(void);

#endif
