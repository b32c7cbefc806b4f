/* Room for what is read. */
#include "config.h"

#include "ground/room.h"
#include "unit/unit.h"

enum { LIMIT = 100, GROWTH = 1000 };

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
	room.limit = room.needs;
	ck_assert(!room_take(&room, ++len));
	room.limit = room.needs;
	ck_assert(room_take(&room, len + GROWTH));
}
END_TEST

START_TEST(what_is_likely_is_as_much_as_there_is_room_for)
{
	struct room room = { .limit = LIMIT };

	room_expect(&room, LIMIT - 1);
	ck_assert_uint_eq(room_reserved(&room), LIMIT - 1);
	room_expect(&room, LIMIT + 1);
	ck_assert_uint_eq(room_reserved(&room), LIMIT);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_fits_is_taken,
		what_does_not_fit_is_told_and_reserved,
		what_grows_meanwhile_lacks_room_twice_at_most,
		what_is_likely_is_as_much_as_there_is_room_for,
	};

	return (unit_main("room", tests, sizeof tests / sizeof tests[0]));
}
