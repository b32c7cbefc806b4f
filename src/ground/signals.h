#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>

/*
 * The signals that our programs rely on, as they need them, whatever the
 * parent has left: writes that fail are errors and no signals, SIGTERM ends,
 * nothing is blocked. What else was ignored stays so. First of all in main.
 */
void signals_init(void);

/*
 * Block those that end a service, in this thread and those that it starts, for
 * sigtimedwait(2); signals that were ignored are left out.
 */
sigset_t signals_block_ends(void);

#endif
