/* Memory in pieces. */
#include "config.h"

#include <stdint.h>

#include "ground/arena.h"
#include "unit/unit.h"

enum { PIECES = 3000 };

START_TEST(pieces_stay_where_they_are)
{
	struct arena arena = { 0 };
	unsigned char *piece[PIECES], was[PIECES];
	size_t i;

	for (i = 0; i < PIECES; i++) {
		piece[i] = arena_alloc(&arena, i);
		ck_assert_ptr_nonnull(piece[i]);
		memset(piece[i], (int)i, i);
	}
	for (i = 0; i < PIECES; i++) {
		memset(was, (int)i, i);
		ck_assert(memcmp(piece[i], was, i) == 0);
	}
	arena_fini(&arena);
}
END_TEST

START_TEST(pieces_are_aligned_for_anything)
{
	struct arena arena = { 0 };
	size_t i;

	for (i = 1; i < 100; i++)
		ck_assert_uint_eq((uintptr_t)arena_alloc(&arena, i) %
		    _Alignof(max_align_t), 0);
	arena_fini(&arena);
}
END_TEST

START_TEST(piece_of_any_size_is_had)
{
	struct arena arena = { 0 };
	char *small, *next;

	small = arena_copy(&arena, "small", 5);
	memset(arena_alloc(&arena, 10 << 20), 'x', 10 << 20);
	next = arena_copy(&arena, "next", 4);
	ck_assert_str_eq(small, "small");
	/* A large one does not waste what is left beside the small ones. */
	ck_assert_int_lt(next - small, 64);
	arena_fini(&arena);
	memset(arena_alloc(&arena, 10 << 20), 'x', 10 << 20);
	arena_fini(&arena);
}
END_TEST

START_TEST(copy_ends_in_a_nul)
{
	struct arena arena = { 0 };

	ck_assert_str_eq(arena_copy(&arena, NULL, 0), "");
	ck_assert_mem_eq(arena_copy(&arena, "a\0b", 3), "a\0b", 4);
	arena_fini(&arena);
}
END_TEST

START_TEST(more_than_there_is_is_refused)
{
	struct arena arena = { 0 };

	ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX));
	ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX - 8));
	ck_assert_ptr_null(arena_copy(&arena, "", SIZE_MAX));
	ck_assert_str_eq(arena_copy(&arena, "on", 2), "on");
	arena_fini(&arena);
}
END_TEST

START_TEST(arena_is_used_again)
{
	struct arena arena = { 0 };
	int i;

	arena_fini(&arena);
	for (i = 0; i < 3; i++) {
		ck_assert_str_eq(arena_copy(&arena, "again", 5), "again");
		arena_fini(&arena);
		arena_fini(&arena);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		pieces_stay_where_they_are,
		pieces_are_aligned_for_anything,
		piece_of_any_size_is_had,
		copy_ends_in_a_nul,
		more_than_there_is_is_refused,
		arena_is_used_again,
	};

	return (unit_main("arena", tests, sizeof tests / sizeof tests[0]));
}
