#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "body/fault.h"
#include "ground/buf.h"
#include "ground/integration.h"
#include "store/store.h"

enum { REPLY_HEADERS_MAX = 256, REPLY_FAILURE_MAX = 512 };

/*
 * An answer before it goes out. The functions below replace what is there;
 * that body ran out of memory shows in body.failed.
 */
struct reply {
	int status;
	const char *type;	/* of the body: a media type, static */
	const char *failure;	/* "Failed to ..."; NULL: failures are plain */
	char headers[REPLY_HEADERS_MAX];	/* lines of its own, or empty */
	struct buf body;
};

void reply_init(struct reply *reply, size_t max_body);
void reply_fini(struct reply *reply);
void reply_reset(struct reply *reply);

/* {"detail":"..."} of a plain ASCII detail. */
void reply_detail(struct reply *reply, int status, const char *detail);

/* 422 with the faults of a body. */
void reply_faults(struct reply *reply, const struct faults *faults);

/*
 * 200 with the envelope; the members of its data are to be appended to what
 * comes back, and reply_close goes behind them.
 */
struct buf *reply_open(struct reply *reply);
void reply_close(struct reply *reply);

/*
 * 200 with the envelope around an integration, and its ETag; auth_data is not
 * in it.
 */
void reply_integration(struct reply *reply, const struct integration *row);

/*
 * 200 with an integration as a list has it, or with all that is known of it,
 * and its ETag. fingerprint empty: it is not told.
 */
void reply_item(struct reply *reply, const struct integration *row,
    unsigned expiring_days);
void reply_read(struct reply *reply, const struct integration *row,
    const struct store_use *use, const char *fingerprint,
    unsigned expiring_days);

/* Append the members of a save's answer, without braces. */
void reply_put_saved(struct buf *out, const struct integration *row);

/*
 * Append the members of what reply_read answers, in pieces, so that it can be
 * kept and told to a key that may see less of it. Between them is a character
 * that no JSON text has. What reply_put_saved appends is one piece.
 */
void reply_put_pieces(struct buf *out, const struct integration *row,
    const struct store_use *use, const char *fingerprint,
    unsigned expiring_days);

/*
 * 200 with the envelope around such pieces, as a key of those scopes may see
 * them; more, members with a comma in front, or NULL, is added.
 */
void reply_pieces(struct reply *reply, const char *pieces, unsigned scopes,
    const char *more);

/* Append the members of an integration as a list has them, without braces. */
void reply_put_item(struct buf *out, const struct integration *row,
    unsigned expiring_days);

/*
 * 200 with a page of a list: its items, under that name, are to be appended to
 * what comes back, with commas between them; then its end, with the cursor
 * where the next page begins, NULL where there is none.
 */
struct buf *reply_list(struct reply *reply, const char *name);
void reply_list_end(struct reply *reply, const char *next_cursor);

/* Add the ETag of an integration to the answer that is there. */
void reply_etag(struct reply *reply, const struct integration *row);

/*
 * A failure of ours: the envelope with reply->failure and the reason, or, on
 * a route that has no such words, the status and its phrase. reason is from
 * the contract's closed list, never made from a value, a path or another
 * program's message.
 */
void reply_failure(struct reply *reply, int status, const char *reason);

/* The envelope around a refusal, 409 and beyond, in plain ASCII. */
void reply_refusal(struct reply *reply, int status, const char *error);

/*
 * The failure that a store's result is to the client. False: it is none of
 * those that the contract has words for, and nothing is said.
 */
bool reply_store_failure(struct reply *reply, enum store_rc rc)
    __attribute__((warn_unused_result));

/*
 * 409: the identifier belongs to an integration of that type, or, NULL, of one
 * that the client may not see.
 */
void reply_conflict(struct reply *reply, const char *type);

/* The envelope of a failure that has these words and no others. */
void reply_error(struct reply *reply, int status, const char *error);

/*
 * 200 with a lease that was granted and the revision of its integration; NULL:
 * with the revision alone.
 */
void reply_lease(struct reply *reply, const char *lease_id,
    const char *expires_at, int64_t revision);

/* 409: another one holds the refresh lease, for so many seconds. */
void reply_held(struct reply *reply, int64_t retry_after,
    const char *expires_at);

/* A body of plain text as it stands. */
void reply_json(struct reply *reply, int status, const char *json);

/* 200 with a text of another media type than JSON; both are static. */
void reply_text(struct reply *reply, const char *type, const char *text);

/* Add a header to the answer that is there; both are ours. */
void reply_header(struct reply *reply, const char *name, const char *value);

/*
 * Append the whole answer as a CGI document response (RFC 3875 section 6),
 * without its body for HEAD.
 */
void reply_write(const struct reply *reply, const char *request_id,
    bool is_head, struct buf *out);

/*
 * The same of a 500 in reply's place, for which reply_write had no memory.
 * Returns its length.
 */
size_t reply_write_failure(const struct reply *reply, const char *request_id,
    bool is_head, char out[REPLY_FAILURE_MAX]);

#endif
