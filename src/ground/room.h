#ifndef ROOM_H
#define ROOM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How many bytes may be taken by what is read for one request. What has no room
 * is let go of, and the request begins anew when it may have what it needs.
 */
struct room {
	size_t limit;
	size_t small;		/* so much is not reserved, and always there */
	size_t taken;
	size_t needs;		/* what it lacked room for; 0: nothing */
	size_t growth;		/* others may add so much to that meanwhile */
	bool is_again;		/* it has begun anew */
};

/*
 * What was read takes so many bytes, all in all; takes NULL for a room without
 * an end. False: it has no room, and needs is how much it is to have: growth
 * more than that, if it has begun anew before, or what others make larger each
 * time would never be read. May be called again for the same.
 */
bool room_take(struct room *room, size_t len)
    __attribute__((warn_unused_result));

/* What will be read is a page of many rows, likely of so many bytes. */
void room_expect_page(struct room *room, size_t len);

/*
 * How much is to be reserved for it by now; 0: it is small. Whoever has room
 * for that has it until the end.
 */
size_t room_reserved(const struct room *room);

#endif
