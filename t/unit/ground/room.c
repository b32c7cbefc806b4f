/* Room for what is read. */
#include "config.h"

#include <stdint.h>

#include "ground/room.h"
#include "unit/unit.h"

enum { LIMIT = 100, GROWTH = 1000, PAGE = 64 << 10 };

START_TEST(what_fits_is_taken)
{
	struct room room = { .limit = LIMIT };

	ck_assert(room_take(NULL, SIZE_MAX));
	ck_assert(room_take(&room, LIMIT));
	ck_assert_uint_eq(room.taken, LIMIT);
	ck_assert_uint_eq(room_reserved(&room), LIMIT);
	ck_assert(room_take(&room, 1));
	ck_assert_uint_eq(room_reserved(&room), 1);
	ck_assert_uint_eq(room.needs, 0);
}
END_TEST

START_TEST(what_does_not_fit_is_told_and_reserved)
{
	struct room room = { .limit = LIMIT, .growth = GROWTH };

	ck_assert(room_take(&room, 1));
	ck_assert(!room_take(&room, LIMIT + 1));
	ck_assert_uint_eq(room.taken, 0);
	ck_assert_uint_eq(room.needs, LIMIT + 1);
	/* It has that now, whatever it takes of it so far. */
	room.is_again = true;
	room.limit = room.needs;
	ck_assert(room_take(&room, 1));
	ck_assert_uint_eq(room_reserved(&room), LIMIT + 1);
	ck_assert(room_take(&room, LIMIT + 1));
}
END_TEST

START_TEST(what_grows_meanwhile_lacks_room_twice_at_most)
{
	struct room room = { .limit = LIMIT, .growth = GROWTH };
	size_t len = LIMIT + 1;

	ck_assert(!room_take(&room, len));
	room.is_again = true;
	room.limit = room.needs;
	ck_assert(!room_take(&room, ++len));
	room.limit = room.needs;
	ck_assert(room_take(&room, len + GROWTH));
}
END_TEST

START_TEST(what_is_asked_again_needs_no_more)
{
	struct room room = { .limit = LIMIT, .growth = GROWTH };

	ck_assert(!room_take(&room, LIMIT + 1));
	ck_assert(!room_take(&room, LIMIT + 1));
	ck_assert_uint_eq(room.needs, LIMIT + 1);
	ck_assert(room_take(&room, LIMIT));
	ck_assert_uint_eq(room_reserved(&room), LIMIT);
}
END_TEST

START_TEST(what_is_small_is_not_reserved)
{
	struct room room = { .limit = LIMIT, .small = LIMIT / 2 };

	ck_assert(room_take(&room, LIMIT / 2));
	ck_assert_uint_eq(room_reserved(&room), 0);
	ck_assert(room_take(&room, LIMIT / 2 + 1));
	ck_assert_uint_eq(room_reserved(&room), LIMIT / 2 + 1);
}
END_TEST

START_TEST(page_has_room_of_its_own)
{
	struct room room = { .limit = 1, .small = 1 };

	room_expect_page(&room, SIZE_MAX);
	ck_assert_uint_eq(room_reserved(&room), 0);
	ck_assert(room_take(&room, PAGE));
	ck_assert(!room_take(&room, PAGE + 1));
	room = (struct room){ .limit = 3 * PAGE, .small = 1 };
	room_expect_page(&room, 2 * PAGE);
	ck_assert_uint_eq(room_reserved(&room), 2 * PAGE);
	room_expect_page(&room, SIZE_MAX);
	ck_assert_uint_eq(room_reserved(&room), 3 * PAGE);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_fits_is_taken,
		what_does_not_fit_is_told_and_reserved,
		what_grows_meanwhile_lacks_room_twice_at_most,
		what_is_asked_again_needs_no_more,
		what_is_small_is_not_reserved,
		page_has_room_of_its_own,
	};

	return (unit_main("room", tests, sizeof tests / sizeof tests[0]));
}
