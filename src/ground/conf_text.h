#ifndef CONF_TEXT_H
#define CONF_TEXT_H

#include "ground/buf.h"

/*
 * Read a configuration file, a regular file of at most 64 KiB, into text with
 * its comments blanked: libconfuse 3.3 counts lines wrongly behind them.
 * Returns 0, or -1 with the reason logged.
 */
int conf_text_read(const char *file, struct buf *text)
    __attribute__((warn_unused_result));

/* Blank the comments (#, // and C's) of text in place, but for line ends. */
void conf_text_blank(char *text);

#endif
