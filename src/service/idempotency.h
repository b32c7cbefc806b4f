#ifndef IDEMPOTENCY_H
#define IDEMPOTENCY_H

#include "secrets/print.h"
#include "service/call.h"
#include "store/store_idempotency.h"

/*
 * An Idempotency-Key: who sends a request again with the same key has the same
 * answer, for some hours, and nothing is done twice. All-zero: there is none.
 */
struct idempotency {
	bool is_given;
	unsigned char request[PRINT_LEN];
	unsigned char body[PRINT_LEN];
	char expires_at[IDENT_TIME_LEN + 1];
	bool is_found;			/* it was used before */
	struct store_idempotency found;
	struct arena arena;		/* what was found lies here */
};

/* Takes any state. */
void idempotency_fini(struct idempotency *idempotency);

/*
 * Read the header of a request whose body has come; id is that of its path, or
 * empty. A fault goes to call->faults.
 */
void idempotency_read(struct idempotency *idempotency, struct call *call,
    const char *id);

/*
 * Look for what was answered to it: STORE_OK, is_found; STORE_NOT_FOUND;
 * STORE_LACKS where call has no room for it beside so many bytes; or as
 * store_idempotency_find. In the transaction of a change it is looked for
 * first, so that of two at once one finds what the other has left.
 */
enum store_rc idempotency_find(struct idempotency *idempotency,
    struct call *call, struct store *store, size_t beside)
    __attribute__((warn_unused_result));

/*
 * In that transaction, when it has gone well: keep the answer, in pieces
 * (reply_pieces), about row. Anything but STORE_OK must roll it back.
 */
enum store_rc idempotency_keep(const struct idempotency *idempotency,
    struct store *store, const struct integration *row, struct buf *pieces)
    __attribute__((warn_unused_result));

/*
 * Answer from what was found; if that is of a type that the key may not see,
 * by what hide answers.
 */
enum call_rc idempotency_reply(const struct idempotency *idempotency,
    struct call *call,
    enum call_rc (*hide)(struct call *call, const char *type));

#endif
