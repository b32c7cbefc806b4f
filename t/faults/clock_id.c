/*
 * clock_id COUNT: ids as they must not be made, from the time of day alone, in
 * microseconds; one a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int
main(int argc, char **argv)
{
	const struct timespec pause = { 0, 1000000 };
	struct timespec now;
	long n = argc > 1 ? atol(argv[1]) : 1;

	while (n-- > 0) {
		clock_gettime(CLOCK_REALTIME, &now);
		printf("%lld%06ld\n", (long long)now.tv_sec,
		    now.tv_nsec / 1000);
		fflush(stdout);
		nanosleep(&pause, NULL);
	}
	return (0);
}
