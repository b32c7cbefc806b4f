#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>

/*
 * Start libsodium, and keep this process's memory out of core files and out
 * of other processes' sight. Before the first thread. Returns 0 or -1.
 */
int secret_init(void) __attribute__((warn_unused_result));

/*
 * Guarded memory that is kept off the swap; a warning is logged when the
 * system does not allow that. NULL when memory is short. secret_free wipes,
 * and takes NULL.
 */
void *secret_alloc(size_t size) __attribute__((warn_unused_result));
void secret_free(void *p);

/* From here on the memory of secret_alloc can only be read, or written too. */
void secret_seal(void *p);
void secret_unseal(void *p);

/* Overwrite size bytes, whatever the optimizer thinks of it. */
void secret_wipe(void *p, size_t size);

/* The same for what calls that are over have left on this thread's stack. */
void secret_wipe_stack(void);

/* 1 when the bytes are equal, 0 when not, in a time that tells nothing. */
int secret_equal(const void *a, const void *b, size_t size);

#endif
