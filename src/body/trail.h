#ifndef TRAIL_H
#define TRAIL_H

#include "ground/buf.h"
#include "ground/ident.h"
#include "store/store_audit.h"

/*
 * The row of the audit that goes with a change: what was done, by whom, from
 * where, to which members. entry points into the rest, so a trail stays where
 * it is.
 */
struct trail {
	struct store_audit entry;
	struct buf subject;
	size_t fields;
	bool has_all_fields;
	const char *user;
	char at[IDENT_TIME_LEN + 1];
	unsigned char salt[CHAIN_SALT_LEN];
	unsigned char digest[CHAIN_HASH_LEN];
};

/* Who does it. All texts are lent for the trail's life; NULL: none. */
struct trail_who {
	const char *user;		/* whose rows they are */
	const char *key;		/* the public id; NULL: the operator */
	const char *address;		/* as CGI/1.1's REMOTE_ADDR */
};

/*
 * Begin, at this moment. action is a word of the audit's, request_id no
 * other's; both are lent. trail_fini takes any state.
 */
void trail_init(struct trail *trail, const struct chain *chain,
    const char *action, const char *request_id, const struct trail_who *who);
void trail_fini(struct trail *trail);

/* The next member that was changed; a name of letters and the like. */
void trail_field(struct trail *trail, const char *name);

/* Behind the members: what else there is to say. text NULL: null. */
void trail_text(struct trail *trail, const char *name, const char *text);
void trail_number(struct trail *trail, const char *name, int64_t number);

/* All is told. Returns 0, or -1: memory is short, which is logged. */
int trail_end(struct trail *trail) __attribute__((warn_unused_result));

#endif
