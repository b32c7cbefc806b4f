#ifndef SPOOL_H
#define SPOOL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Lines on their way to a descriptor that may not take them: who puts one
 * never waits, for a thread of the spool's own writes them. Lines that find no
 * room, because the reader stalls or the disk is full, are lost and counted;
 * at the first moment that all before them is out, a line says how many they
 * were. There is one spool in a process.
 */

/* Write into room, in size bytes at most, a line that says so. Its length. */
typedef size_t spool_tell(char *room, size_t size, uint64_t lost);

enum { SPOOL_LINE_MAX = 4096 };		/* a pipe takes them whole, or not */

/* Keep the lines for fd from now on. They are written when it is started. */
void spool_open(int fd, spool_tell *tell);

/*
 * Start the thread, which inherits mask and sandbox of the one that calls.
 * Returns 0 or an error number.
 */
int spool_start(void) __attribute__((warn_unused_result));

/* Add a line of SPOOL_LINE_MAX bytes at most, its newline included. */
void spool_put(const char *line, size_t len);

/*
 * Let out what there is, and wait for that, for patience_ms at most; what
 * comes later is lost. Before the end of the process.
 */
void spool_close(int64_t patience_ms);

#endif
