#ifndef INTAKE_H
#define INTAKE_H

#include <stdio.h>

#include "ground/buf.h"

/* Lines of a file that is in clear or a parcel. */
struct intake;

/*
 * Begin to read from, which stays the caller's. identity is the file of the
 * secret key that opens a parcel, NULL where there is none. NULL with the
 * reason logged.
 */
struct intake *intake_open(FILE *from, const char *identity)
    __attribute__((warn_unused_result));

enum intake_rc { INTAKE_LINE, INTAKE_TOO_LONG, INTAKE_END, INTAKE_FAILED };

/*
 * Read the next line, without its end, into line, which is wiped first.
 * INTAKE_TOO_LONG: it does not fit, and the next call reads the one after it.
 * INTAKE_FAILED: the reason is logged.
 */
enum intake_rc intake_line(struct intake *intake, struct buf *line)
    __attribute__((warn_unused_result));

/* Wipe and release; takes NULL. */
void intake_close(struct intake *intake);

#endif
