#ifndef INTAKE_H
#define INTAKE_H

#include "ground/buf.h"
#include "ground/input.h"

/* Lines of a file that is in clear or a parcel. */
struct intake;

/*
 * Begin to read from, which is lent until intake_close. identity is the secret
 * key that opens a parcel, of recipient_load and not used later, NULL where
 * there is none. NULL with the reason logged.
 */
struct intake *intake_open(const struct input *from,
    const unsigned char *identity) __attribute__((warn_unused_result));

enum intake_rc { INTAKE_LINE, INTAKE_TOO_LONG, INTAKE_END, INTAKE_FAILED };

/*
 * Read the next line, without its end, into line, which is wiped first.
 * INTAKE_TOO_LONG: it does not fit, and the next call reads the one after it.
 * INTAKE_FAILED: the reason is logged, or is what from's idle had to say.
 */
enum intake_rc intake_line(struct intake *intake, struct buf *line)
    __attribute__((warn_unused_result));

/* Wipe and release; takes NULL. */
void intake_close(struct intake *intake);

#endif
