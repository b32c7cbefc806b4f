#ifndef STORE_IDEMPOTENCY_H
#define STORE_IDEMPOTENCY_H

#include "ground/arena.h"
#include "secrets/print.h"
#include "store/store_types.h"

struct store;

/* What was answered to an Idempotency-Key. All texts are lent. */
struct store_idempotency {
	const unsigned char *request;	/* PRINT_LEN: owner, route and key */
	const unsigned char *body;	/* PRINT_LEN: what came with it */
	const char *created_by;
	const char *integration_type;
	const char *etag;
	const char *answer;
	const char *expires_at;		/* not found from then on */
};

/*
 * Read the record of a request, PRINT_LEN bytes, into arena, which is emptied
 * first. STORE_NOT_FOUND: there is none, or it is out of date.
 */
enum store_rc store_idempotency_find(struct store *store,
    const unsigned char *request, struct arena *arena,
    struct store_idempotency *found) __attribute__((warn_unused_result));

/*
 * Inside a transaction: keep a record, in the place of one that is out of
 * date. After any result but STORE_OK the transaction must be rolled back.
 */
enum store_rc store_idempotency_add(struct store *store,
    const struct store_idempotency *record)
    __attribute__((warn_unused_result));

#endif
