#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/arena.h"
#include "secrets/chain.h"
#include "store/store_types.h"

struct store;
struct store_asker;

/* What was done, for the audit. All is lent; NULL: none. */
struct store_audit {
	const struct chain *chain;
	const char *at;
	const char *action;
	const char *integration_id;
	const char *request_id;
	int64_t owner;			/* chain_owner; 0: nobody */
	const char *subject;		/* JSON */
	const unsigned char *salt;	/* CHAIN_SALT_LEN bytes */
	const unsigned char *digest;	/* chain_digest of both */
};

/*
 * Inside a transaction: append a row, chained to the last. After any result
 * but STORE_OK the transaction must be rolled back: no change without its row.
 */
enum store_rc store_audit_add(struct store *store,
    const struct store_audit *entry) __attribute__((warn_unused_result));

/* A row, in the arena that it was read into. What is NULL is not there. */
struct store_audit_row {
	int64_t seq;
	int64_t chain_id;
	const char *at;
	const char *action;
	const char *integration_id;
	const char *request_id;
	bool has_owner;
	int64_t owner;
	const char *subject;
	const unsigned char *salt;	/* CHAIN_SALT_LEN bytes */
	const unsigned char *digest;	/* CHAIN_HASH_LEN bytes */
	const unsigned char *hash;	/* likewise */
	bool is_strange;		/* it has what is never written */
};

/* What is asked for, for whom; and where to go on. */
struct store_audit_query {
	const struct chain *chain;
	const char *integration_id;	/* of this one; NULL: of all */
	int64_t before;			/* rows before this one; 0: the last */
	size_t limit;			/* at least 1 */
};

struct store_audit_list {
	struct store_audit_row *rows;
	size_t count;
	int64_t next;			/* what is left is before it; 0: none */
};

/*
 * Read the asker's own rows, newest first, into arena, which is emptied first:
 * of integrations whose type he may see, as far as it is known. A list ends
 * when many rows were looked at, wanted or not, so that a short one need not
 * be the last.
 */
enum store_rc store_audit_list(struct store *store,
    const struct store_asker *asker, const struct store_audit_query *query,
    struct arena *arena, struct store_audit_list *list)
    __attribute__((warn_unused_result));

#endif
