#ifndef ROTATION_H
#define ROTATION_H

#include "ground/arena.h"
#include "store/store_key.h"

/* Why a key is not rotated. */
enum rotation_rc {
	ROTATION_DONE,
	ROTATION_OVER,			/* it is revoked, or has ended */
	ROTATION_DONE_BEFORE,		/* and the new one was used */
	ROTATION_FORBIDDEN,		/* the new one could do too much */
	ROTATION_TAKEN			/* another new id is to be tried */
};

/*
 * One API key takes another's place: it is the same user's, has the same name,
 * scopes and types, and the other ends soon. What a lost answer has left, a new
 * key that nobody has used, is revoked and made again.
 */
struct rotation {
	struct store_asker asker;	/* whose key it is */
	const char *public_id;
	const char *now;
	int64_t overlap_s;		/* for which both are good */
	bool lasts_anew;		/* the new one, as long as the other; or
					   it ends when that would have */
	unsigned scopes;		/* that it may have at most ... */
	unsigned types;			/* ... and types */
	const char *new_id;
	const unsigned char *hash;	/* of the new key */
	/* What has come of it. */
	enum rotation_rc rc;
	unsigned lacks_scopes;		/* ROTATION_FORBIDDEN: these */
	unsigned lacks_types;
};

/*
 * Rotate inside a transaction. STORE_OK: it is done. STORE_NOT_FOUND: there is
 * no such key. STORE_CONFLICT: rotation->rc says why nothing was changed.
 * After any other result it must be rolled back. May be run again.
 */
enum store_rc rotation_run(struct store *store, struct rotation *rotation)
    __attribute__((warn_unused_result));

#endif
