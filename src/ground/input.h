#ifndef INPUT_H
#define INPUT_H

#include <stddef.h>
#include <sys/types.h>

/*
 * What comes out of a descriptor, be it a file's, a pipe's or a terminal's. No
 * byte is kept here. idle, which may be NULL, is called with cookie each time
 * before reading waits for what comes next; -1 ends the reading.
 */
struct input {
	int fd;			/* lent */
	int (*idle)(void *cookie);
	void *cookie;
};

/*
 * Read what is there, of len bytes at most, and wait only where that is
 * nothing. Returns how many; 0 at the end; -1 with the reason logged, or what
 * idle had to say.
 */
ssize_t input_some(const struct input *input, void *bytes, size_t len)
    __attribute__((warn_unused_result));

/* Read len bytes, fewer only at the end. Returns as input_some does. */
ssize_t input_all(const struct input *input, void *bytes, size_t len)
    __attribute__((warn_unused_result));

#endif
