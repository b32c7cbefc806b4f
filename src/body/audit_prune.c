/*
 * Pruning the audit. Refuses to know who asks for it, and when.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "body/audit_prune.h"
#include "ground/log.h"

enum { BATCH_ROWS = 1000 };

#define US_PER_DAY (86400 * INT64_C(1000000))

void
audit_prune_init(struct audit_prune *prune, const struct chain *chain,
    uint64_t days)
{
	*prune = (struct audit_prune){ .chain = chain };
	ident_time(prune->before, ident_now_us() - (int64_t)days * US_PER_DAY);
}

static void
complain(void *cookie, const struct audit_finding *finding)
{
	(void)cookie;
	log_error("the audit is not pruned: row %" PRId64 ": %s; see "
	    "strongroom audit verify", finding->seq, finding->what);
}

/* Where the chain begins, by its last anchor. */
static enum store_rc
find_begin(struct store *store, struct arena *arena, struct audit_walk *walk)
{
	struct store_audit_row anchor;
	enum store_rc rc = store_chain_anchor(store, arena, &anchor);

	if (rc == STORE_NOT_FOUND)
		return (STORE_OK);
	if (rc == STORE_OK && !audit_walk_from(walk, &anchor))
		audit_walk_tell(walk, anchor.seq, anchor.seq,
		    "it does not say where the chain begins");
	return (rc);
}

/*
 * Walk over the rows of a page that are old. Whether it is worth an anchor to
 * remove them: one that would stand for one anchor alone is not.
 */
static bool
walk_old(struct audit_prune *prune, struct audit_walk *walk,
    const struct store_audit_page *page)
{
	const struct store_audit_row *row;
	bool is_worth_it;
	size_t i;

	for (i = 0; i < page->count && walk->findings == 0; i++) {
		row = &page->rows[i];
		if (row->at != NULL && strcmp(row->at, prune->before) >= 0)
			break;
		audit_walk_row(walk, row);
	}
	is_worth_it = i > 1 || (i == 1 && page->rows[0].action != NULL &&
	    strcmp(page->rows[0].action, "prune") != 0);
	prune->is_done = i < page->count || page->is_last || !is_worth_it;
	return (is_worth_it);
}

/* The anchor, and then all that it stands for goes. */
static enum store_rc
drop(struct store *store, struct audit_prune *prune,
    const struct audit_walk *walk)
{
	enum store_rc rc = STORE_UNAVAILABLE;
	struct trail trail;

	if (ident_uuid7(prune->request_id, ident_now_us()) == -1) {
		log_error("the system gives no random bytes");
		return (rc);
	}
	trail_init(&trail, prune->chain, "prune", prune->request_id,
	    &(struct trail_who){ .user = NULL });
	trail_number(&trail, "rows", walk->rows);
	audit_walk_trail(&trail, &walk->at);
	if (trail_end(&trail) == 0)
		rc = store_audit_add(store, &trail.entry);
	if (rc == STORE_OK)
		rc = store_chain_drop(store, walk->at.seq);
	trail_fini(&trail);
	return (rc);
}

enum store_rc
audit_prune_run(struct store *store, void *cookie)
{
	struct audit_prune *prune = cookie;
	struct arena arena = { 0 };
	struct store_audit_page page;
	struct audit_walk walk;
	enum store_rc rc;
	bool is_worth_it;

	audit_walk_init(&walk, prune->chain);
	walk.tell = complain;
	prune->rows = 0;
	prune->is_done = prune->is_refused = false;
	rc = find_begin(store, &arena, &walk);
	if (rc == STORE_OK)
		rc = store_chain_page(store, STORE_CHAIN_BEGIN, 0, BATCH_ROWS,
		    &arena, &page);
	if (rc != STORE_OK)
		goto done;
	is_worth_it = walk_old(prune, &walk, &page);
	if (walk.failed) {
		rc = STORE_UNAVAILABLE;
	} else if (walk.findings > 0) {
		prune->is_done = prune->is_refused = true;
		rc = STORE_CONFLICT;
	} else if (is_worth_it) {
		prune->rows = walk.rows;
		rc = drop(store, prune, &walk);
	}
done:
	audit_walk_fini(&walk);
	arena_fini(&arena);
	return (rc);
}
