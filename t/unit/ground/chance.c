/*
 * Bytes that are given out once, whoever asks, and are gone from memory. The
 * system's are counted here, 4 bytes each time another number.
 */
#include "config.h"

#include <errno.h>
#include <stdatomic.h>

#include "ground/chance.h"
#include "unit/unit_memory.h"

enum { THREADS = 4, TAKEN = 50000, ALL = (THREADS + 1) * TAKEN };

/* getentropy(3), as chance.c finds it. */
static atomic_uint next = 0x51a7c0de;
static atomic_bool fails;

int
getentropy(void *to, size_t len)
{
	unsigned char *p = to;
	unsigned number;
	size_t i;

	errno = EIO;
	if (atomic_load(&fails))
		return (-1);
	for (i = 0; i + sizeof number <= len; i += sizeof number) {
		number = atomic_fetch_add(&next, 1);
		memcpy(p + i, &number, sizeof number);
	}
	return (0);
}

static unsigned
take_number(void)
{
	unsigned number;

	ck_assert_int_eq(chance_take(&number, sizeof number), 0);
	return (number);
}

/* All at the same time. */
static pthread_barrier_t start;

static void *
take_many(void *cookie)
{
	unsigned *numbers = cookie;
	size_t i;

	(void)pthread_barrier_wait(&start);
	for (i = 0; i < TAKEN; i++)
		numbers[i] = take_number();
	return (NULL);
}

static int
compare(const void *a, const void *b)
{
	return (memcmp(a, b, sizeof(unsigned)));
}

START_TEST(threads_never_have_the_same)
{
	static unsigned numbers[ALL];
	pthread_t thread[THREADS];
	size_t i;

	ck_assert_int_eq(pthread_barrier_init(&start, NULL, THREADS + 1), 0);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, take_many,
		    numbers + i * TAKEN), 0);
	take_many(numbers + i * TAKEN);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
	qsort(numbers, ALL, sizeof numbers[0], compare);
	for (i = 1; i < ALL; i++)
		ck_assert_uint_ne(numbers[i - 1], numbers[i]);
}
END_TEST

START_TEST(pieces_of_any_length_do_not_overlap)
{
	static const size_t lens[] = { 4, 12, CHANCE_MAX, 100, 8, 252, 0, 16 };
	unsigned numbers[CHANCE_MAX / sizeof(unsigned)], last = 0;
	size_t round, i, n;

	for (round = 0; round < 100; round++)
		for (i = 0; i < sizeof lens / sizeof lens[0]; i++) {
			ck_assert_int_eq(chance_take(numbers, lens[i]), 0);
			for (n = 0; n < lens[i] / sizeof last; n++) {
				ck_assert_uint_gt(numbers[n], last);
				last = numbers[n];
			}
		}
}
END_TEST

/* The numbers go on from process to process, as the system's would. */
START_TEST(child_has_none_of_its_parents)
{
	unsigned first = take_number(), *seen;
	pid_t pid;
	int status;

	seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(seen, MAP_FAILED);
	if ((pid = fork()) == 0) {
		*seen = take_number();
		exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(take_number(), first + 1);
	ck_assert_uint_ge(*seen, first + CHANCE_MAX / sizeof first);
}
END_TEST

/* A sanitizer keeps copies. */
#if !defined(UNIT_IS_SANITIZED)
START_TEST(nothing_is_left_of_what_was_given_out)
{
	unsigned char taken[32], *heap = malloc(sizeof taken);
	struct unit_needle needle;

	/* The control: what was not wiped is found. */
	ck_assert_ptr_nonnull(heap);
	ck_assert_int_eq(chance_take(taken, sizeof taken), 0);
	memcpy(heap, taken, sizeof taken);
	needle = unit_needle(taken, sizeof taken);
	ck_assert_uint_eq(unit_found(&needle), 1);
	explicit_bzero(heap, sizeof taken);
	ck_assert_uint_eq(unit_found(&needle), 0);
	free(heap);
}
END_TEST
#endif

START_TEST(system_that_gives_none_is_told_and_asked_again)
{
	unsigned char all[CHANCE_MAX];
	unsigned number = 1, last;

	ck_assert_int_eq(chance_take(all, sizeof all - sizeof last), 0);
	atomic_store(&fails, true);
	last = take_number();
	ck_assert_int_eq(chance_take(&number, sizeof number), -1);
	ck_assert_int_eq(chance_take(&number, sizeof number), -1);
	ck_assert_uint_eq(number, 1);
	atomic_store(&fails, false);
	ck_assert_uint_eq(take_number(), last + 1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		threads_never_have_the_same,
		pieces_of_any_length_do_not_overlap,
		child_has_none_of_its_parents,
#if !defined(UNIT_IS_SANITIZED)
		nothing_is_left_of_what_was_given_out,
#endif
		system_that_gives_none_is_told_and_asked_again,
	};

	return (unit_main("chance", tests, sizeof tests / sizeof tests[0]));
}
