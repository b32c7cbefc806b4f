/*
 * Room for what is read. Knows nothing of what that is, and of others who have
 * some.
 */
#include "config.h"

#include "ground/room.h"

enum { PAGE_SMALL = 64 << 10 };	/* as most pages are */

bool
room_take(struct room *room, size_t len)
{
	if (room == NULL)
		return (true);
	if (len > room->limit) {
		room->needs = room->is_again ? len + room->growth : len;
		room->taken = 0;
		return (false);
	}
	room->taken = len;
	/* It may have lacked room in a transaction that was rolled back. */
	if (!room->is_again)
		room->needs = 0;
	return (true);
}

void
room_expect_page(struct room *room, size_t len)
{
	room->small = room->growth = PAGE_SMALL;
	if (room->limit < room->small)
		room->limit = room->small;
	room->taken = len < room->limit ? len : room->limit;
}

size_t
room_reserved(const struct room *room)
{
	size_t len = room->taken > room->needs ? room->taken : room->needs;

	return (len > room->small ? len : 0);
}
