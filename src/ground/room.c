/*
 * Room for what is read. Knows nothing of what that is, and of others who have
 * some.
 */
#include "config.h"

#include "ground/room.h"

bool
room_take(struct room *room, size_t len)
{
	if (room == NULL)
		return (true);
	if (len <= room->limit) {
		room->taken = len;
		return (true);
	}
	room->needs = room->needs == 0 ? len : len + room->growth;
	room->taken = 0;
	return (false);
}

void
room_expect(struct room *room, size_t len)
{
	room->taken = len < room->limit ? len : room->limit;
}

size_t
room_reserved(const struct room *room)
{
	return (room->taken > room->needs ? room->taken : room->needs);
}
