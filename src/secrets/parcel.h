#ifndef PARCEL_H
#define PARCEL_H

#include <stdbool.h>
#include <stdio.h>

#include "ground/input.h"
#include "secrets/recipient.h"

/*
 * A stream of bytes, sealed to a recipient. In bytes: magic (19); the key of
 * this parcel, sealed to the recipient's public key (crypto_box_seal, 80); the
 * header of crypto_secretstream_xchacha20poly1305 (24); messages of 65536
 * bytes of content and 17 more, the last one shorter or as long and tagged
 * final. What is cut, changed or put together anew does not open.
 */
struct parcel_writer;

/* Begin a parcel on the file to, which stays the caller's; NULL: logged. */
struct parcel_writer *parcel_begin(FILE *to,
    const unsigned char public_key[RECIPIENT_KEY_LEN])
    __attribute__((warn_unused_result));

/* Append. A failure sticks and shows at the end. */
void parcel_put(struct parcel_writer *parcel, const void *bytes, size_t len);

/*
 * Write the rest and release. Returns 0, or -1 with the reason logged: then
 * what was written is no parcel. Takes NULL, which is -1.
 */
int parcel_end(struct parcel_writer *parcel)
    __attribute__((warn_unused_result));

/* The reader's end. */
struct parcel_reader;

/* Whether the len first bytes of a file are a parcel's. */
bool parcel_is(const void *bytes, size_t len);

enum { PARCEL_MAGIC_LEN = 19 };

/*
 * Read the parcel in from, which is lent for as long as the reader is there,
 * and whose magic was read already. NULL with the reason logged.
 */
struct parcel_reader *parcel_open(const struct input *from,
    const unsigned char secret_key[RECIPIENT_KEY_LEN])
    __attribute__((warn_unused_result));

/*
 * The next piece of content: its length, with *bytes lent until the next
 * call; 0 at the end of a whole parcel; -1 with the reason logged.
 */
long parcel_next(struct parcel_reader *parcel, const char **bytes)
    __attribute__((warn_unused_result));

/* Wipe and release; takes NULL. */
void parcel_close(struct parcel_reader *parcel);

#endif
