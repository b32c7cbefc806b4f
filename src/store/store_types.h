#ifndef STORE_TYPES_H
#define STORE_TYPES_H

/* What a call of the store comes back with. */
enum store_rc {
	STORE_OK,
	STORE_NOT_FOUND,
	STORE_CONFLICT,		/* the identifier has another type */
	STORE_EXISTS,		/* there, and left as it is */
	STORE_PRECONDITION,	/* it is not of the revision asked for */
	STORE_MOVED,		/* ... or of another than was read before */
	STORE_HELD,		/* somebody else has its refresh lease */
	STORE_LOST,		/* this refresh lease does not hold */
	STORE_BUSY,		/* the lock was not had in time; nothing done */
	STORE_FULL,		/* no room; done whole or not at all */
	STORE_WRITE_FAILED,	/* done whole or not at all */
	STORE_ROW_FAILED,	/* this row alone cannot be written */
	STORE_UNAVAILABLE,	/* cannot be opened or read */
	STORE_NEWER,		/* the schema is newer than this program */
	STORE_OLDER,		/* it is older, and can be upgraded */
	STORE_OTHER_KEY,	/* sealed with a key that is not here */
	STORE_SEAL_AGAIN,	/* the box is to be under the active key */
	STORE_LACKS		/* no room for what is read; nothing done */
};

/* STORE_UPGRADE: as for writing, and an older schema is no failure. */
enum store_mode { STORE_READ, STORE_WRITE, STORE_UPGRADE };

struct store_conf {
	const char *path;	/* of the database */
	int busy_timeout_ms;
	int journal_mode;	/* enum conf_journal */
};

/*
 * A mark of what is committed: as long as two are equal, byte by byte, a read
 * at the time of the second finds what one at the time of the first found.
 */
struct store_stamp {
	unsigned char bytes[48];
};

/* What becomes of the write-ahead log after a checkpoint. */
enum store_log { STORE_LOG_KEEP, STORE_LOG_TRUNCATE };

#endif
