/* Once in a while. */
#include "config.h"

#include <pthread.h>

#include "ground/ident.h"
#include "ground/pace.h"
#include "unit/unit.h"

enum { THREADS = 8, LONG_MS = 3600 * 1000, SHORT_MS = 50 };

START_TEST(first_time_is_at_once_and_the_next_not_before_its_time)
{
	struct pace pace = { 0 };
	int64_t began_ms = ident_monotonic_ms();

	ck_assert(pace_allows(&pace, SHORT_MS));
	while (!pace_allows(&pace, LONG_MS))
		usleep(1000);
	ck_assert_int_ge(ident_monotonic_ms() - began_ms, SHORT_MS);
	ck_assert(!pace_allows(&pace, LONG_MS));
}
END_TEST

struct asker {
	pthread_t thread;
	struct pace *pace;
	bool is_allowed;
};

static void *
ask(void *cookie)
{
	struct asker *asker = cookie;

	asker->is_allowed = pace_allows(asker->pace, LONG_MS);
	return (NULL);
}

START_TEST(of_many_threads_at_once_one_is_allowed)
{
	struct asker askers[THREADS];
	struct pace pace = { 0 };
	int i, allowed = 0;

	for (i = 0; i < THREADS; i++) {
		askers[i] = (struct asker){ .pace = &pace };
		ck_assert_int_eq(pthread_create(&askers[i].thread, NULL, ask,
		    &askers[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(askers[i].thread, NULL), 0);
		allowed += askers[i].is_allowed;
	}
	ck_assert_int_eq(allowed, 1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		first_time_is_at_once_and_the_next_not_before_its_time,
		of_many_threads_at_once_one_is_allowed,
	};

	return (unit_main("pace", tests, sizeof tests / sizeof tests[0]));
}
