/*
 * Dispositions and masks of signals. A process inherits both, so none is as
 * one would think. Handles none.
 */
#include "config.h"

#include <pthread.h>
#include <stddef.h>

#include "ground/signals.h"

static const struct {
	int signal;
	void (*disposition)(int);
} wanted[] = {
	/* A reader that is gone, a limit of file sizes: errors of write(2). */
	{ SIGPIPE, SIG_IGN },
	{ SIGXFSZ, SIG_IGN },
	/* There has to be a way to end it that no parent can take away. */
	{ SIGTERM, SIG_DFL },
};

/*
 * Those of terminals and supervisors. multiwatch 1.0 sends SIGQUIT when it is
 * told to send SIGTERM, and SIGUSR1 when it is told nothing.
 */
static const int ends[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1 };

void
signals_init(void)
{
	struct sigaction action = { .sa_flags = 0 };
	sigset_t none;
	size_t i;

	sigemptyset(&action.sa_mask);
	for (i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		action.sa_handler = wanted[i].disposition;
		(void)sigaction(wanted[i].signal, &action, NULL);
	}
	sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

sigset_t
signals_block_ends(void)
{
	struct sigaction action;
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	/* A blocked one would be waited for even where it is ignored. */
	for (i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (sigaction(ends[i], NULL, &action) == 0 &&
		    action.sa_handler != SIG_IGN)
			sigaddset(&set, ends[i]);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	return (set);
}
