/* What bytes that are wiped leave in memory. */
#include "config.h"

#include "ground/buf.h"
#include "unit/unit_memory.h"

enum { AT = 100, LEN = 40 };

/* A text that is nowhere but in b, from AT on. */
static struct unit_needle
fill(struct buf *b, size_t max)
{
	struct unit_needle needle = { .len = LEN };
	char *p;
	size_t i;

	buf_init(b, max);
	p = buf_grow(b, AT + LEN);
	ck_assert_ptr_nonnull(p);
	memset(p, 'x', AT);
	for (i = 0; i < LEN; i++) {
		p[AT + i] = (char)('A' + i * 7 % 26);
		needle.masked[i] = (unsigned char)(p[AT + i] ^ UNIT_MASK);
	}
	ck_assert_uint_eq(unit_found(&needle), 1);
	return (needle);
}

START_TEST(what_is_released_is_wiped)
{
	struct buf b;
	struct unit_needle needle = fill(&b, 4096);

	buf_fini(&b);
	ck_assert_uint_eq(unit_found(&needle), 0);
}
END_TEST

START_TEST(what_is_outgrown_is_wiped)
{
	struct buf b;
	struct unit_needle needle = fill(&b, 65536);
	const char *data = b.data;

	ck_assert_ptr_nonnull(buf_grow(&b, 20000));
	ck_assert_ptr_ne(b.data, data);
	ck_assert_uint_eq(unit_found(&needle), 1);
	buf_fini(&b);
	ck_assert_uint_eq(unit_found(&needle), 0);
}
END_TEST

START_TEST(what_is_kept_or_given_back_is_wiped)
{
	struct buf b;
	struct unit_needle needle = fill(&b, 4096);

	buf_reset(&b, 4096);
	ck_assert_ptr_nonnull(b.data);
	ck_assert_uint_eq(unit_found(&needle), 0);
	buf_fini(&b);
	needle = fill(&b, 4096);
	buf_reset(&b, 0);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(unit_found(&needle), 0);
}
END_TEST

/* Freed memory shows what was not wiped. */
START_TEST(memory_of_others_is_not_wiped)
{
	struct buf b;
	struct unit_needle needle = fill(&b, 4096);
	volatile char *p = malloc(AT + LEN);
	size_t i;

	for (i = 0; i < AT + LEN; i++)
		p[i] = b.data[i];
	buf_fini(&b);
	free((void *)(uintptr_t)p);
	ck_assert_uint_eq(unit_found(&needle), 1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_released_is_wiped,
		what_is_outgrown_is_wiped,
		what_is_kept_or_given_back_is_wiped,
		memory_of_others_is_not_wiped,
	};

	return (unit_main_looking("buf_wiped", tests,
	    sizeof tests / sizeof tests[0]));
}
