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
	size_t taken;
	size_t needs;		/* 0: it has not lacked room so far */
	size_t growth;		/* of a row meanwhile, at the most */
};

/*
 * What was read takes so many bytes, all in all; takes NULL for a room without
 * an end. False: it has no room, and needs is how much it is to have. That is
 * as much as there can be once it was too little before, for others may have
 * made the row larger meanwhile, and might do so again.
 */
bool room_take(struct room *room, size_t len)
    __attribute__((warn_unused_result));

/* What will be read is likely to take so many bytes. */
void room_expect(struct room *room, size_t len);

/* How much is to be reserved for it by now. */
size_t room_reserved(const struct room *room);

#endif
