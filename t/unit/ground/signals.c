/* Whatever a parent leaves, the signals are as the programs need them. */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "ground/signals.h"
#include "unit/unit.h"

static bool
is_ignored(int number)
{
	struct sigaction action;

	ck_assert_int_eq(sigaction(number, NULL, &action), 0);
	return (action.sa_handler == SIG_IGN);
}

static sigset_t
blocked(void)
{
	sigset_t set;

	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &set), 0);
	return (set);
}

START_TEST(failing_writes_send_no_signal)
{
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	signals_init();
	ck_assert(is_ignored(SIGPIPE));
	ck_assert(is_ignored(SIGXFSZ));
}
END_TEST

START_TEST(nothing_stays_blocked)
{
	sigset_t all, set;
	int i;

	sigfillset(&all);
	ck_assert_int_eq(pthread_sigmask(SIG_SETMASK, &all, NULL), 0);
	signals_init();
	set = blocked();
	for (i = 1; i < NSIG; i++)
		ck_assert_int_ne(sigismember(&set, i), 1);
}
END_TEST

START_TEST(term_is_never_ignored)
{
	signal(SIGTERM, SIG_IGN);
	signals_init();
	ck_assert(!is_ignored(SIGTERM));
}
END_TEST

START_TEST(what_else_was_ignored_stays_so)
{
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signals_init();
	ck_assert(is_ignored(SIGHUP));
	ck_assert(is_ignored(SIGINT));
}
END_TEST

/* Which signal ends a wait for those of set; -1: none that has come. */
static int
wait_for(const sigset_t *set)
{
	return (sigtimedwait(set, NULL, &(struct timespec){ 0, 0 }));
}

START_TEST(ends_are_waited_for)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT,
	    SIGUSR1 };
	sigset_t set;
	size_t i;

	for (i = 0; i < sizeof ends / sizeof ends[0]; i++)
		signal(ends[i], SIG_DFL);
	signals_init();
	set = signals_block_ends();
	for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		ck_assert_int_eq(raise(ends[i]), 0);
		ck_assert_int_eq(wait_for(&set), ends[i]);
	}
	ck_assert_int_eq(wait_for(&set), -1);
}
END_TEST

START_TEST(ends_that_were_ignored_are_not_but_for_term)
{
	sigset_t set;

	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signals_init();
	set = signals_block_ends();
	ck_assert_int_eq(raise(SIGHUP), 0);
	ck_assert_int_eq(raise(SIGINT), 0);
	ck_assert_int_eq(wait_for(&set), -1);
	ck_assert_int_eq(raise(SIGTERM), 0);
	ck_assert_int_eq(wait_for(&set), SIGTERM);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		failing_writes_send_no_signal,
		nothing_stays_blocked,
		term_is_never_ignored,
		what_else_was_ignored_stays_so,
		ends_are_waited_for,
		ends_that_were_ignored_are_not_but_for_term,
	};

	return (unit_main("signals", tests, sizeof tests / sizeof tests[0]));
}
