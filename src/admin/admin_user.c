/*
 * strongroom user erase: all that is a user's goes, while others are served.
 * The audit stays a chain: of what was done by and for him that it was done is
 * left, and the erasure is a row itself. One that was broken off is run again.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "admin/admin_trail.h"
#include "ground/log.h"
#include "store/store_chain.h"
#include "store/store_erase.h"
#include "store/store_upkeep.h"

enum { BATCH_ROWS = 500, PASSES_MAX = 8, LOG_BYTES = 4 << 20 };

/* What there is to erase, in this order: keys first, so that no more comes. */
enum kind { KEYS, INTEGRATIONS, ANSWERS, SUBJECTS, KINDS };

static const char *const names[KINDS] = { "keys", "integrations", "answers",
    "subjects" };

struct erasure {
	const struct admin *admin;
	struct store *store;
	struct chain *chain;
	int64_t counts[KINDS];
	/* Of the batch under way. */
	int64_t count;
	int64_t after;			/* answers that were looked at */
	bool is_last;
	unsigned char cover[CHAIN_HASH_LEN];
};

/* Erase some, inside a transaction. */
static enum store_rc
erase_some(struct erasure *erasure, enum kind kind)
{
	const char *user = erasure->admin->id;
	struct store *store = erasure->store;
	enum store_rc rc;

	memset(erasure->cover, 0, sizeof erasure->cover);
	switch (kind) {
	case KEYS:
		rc = store_operator_erase_keys(store, user, BATCH_ROWS,
		    &erasure->count);
		break;
	case INTEGRATIONS:
		rc = store_operator_erase_integrations(store, user,
		    BATCH_ROWS, &erasure->count);
		break;
	case ANSWERS:
		return (store_operator_erase_answers(store, user, BATCH_ROWS,
		    &erasure->after, &erasure->is_last, &erasure->count));
	default:
		rc = store_chain_empty(store, erasure->chain, user,
		    BATCH_ROWS, &erasure->count, erasure->cover);
		break;
	}
	erasure->is_last = erasure->count < BATCH_ROWS;
	return (rc);
}

/* Its row in the audit, in which the user is not named. */
static enum store_rc
tell_audit(struct erasure *erasure, enum kind kind)
{
	char request_id[IDENT_UUID_LEN + 1], cover[CHAIN_TEXT_LEN + 1];
	enum store_rc rc = STORE_UNAVAILABLE;
	struct trail trail;

	if (admin_trail(&trail, erasure->chain, "erase", request_id, NULL) ==
	    0) {
		chain_show(cover, erasure->cover);
		trail_number(&trail, names[kind], erasure->count);
		trail_text(&trail, "cover", cover);
		if (trail_end(&trail) == 0)
			rc = store_audit_add(erasure->store, &trail.entry);
	}
	trail_fini(&trail);
	return (rc);
}

/* A transaction: some are erased, and that is told. */
static bool
run_batch(struct erasure *erasure, enum kind kind)
{
	enum store_rc rc;

	if (admin_begin(erasure->admin, erasure->store) != STORE_OK)
		return (false);
	rc = erase_some(erasure, kind);
	if (rc == STORE_OK && erasure->count > 0)
		rc = tell_audit(erasure, kind);
	if (rc != STORE_OK) {
		store_rollback(erasure->store);
		return (false);
	}
	if (store_commit(erasure->store) != STORE_OK)
		return (false);
	erasure->counts[kind] += erasure->count;
	/* Nobody else might, where there is only CGI. */
	store_checkpoint(erasure->store, LOG_BYTES, STORE_LOG_KEEP);
	return (true);
}

/* All of every kind; *found is how many there were. */
static bool
pass(struct erasure *erasure, int64_t *found)
{
	enum kind kind;

	*found = 0;
	erasure->after = 0;
	for (kind = 0; kind < KINDS; kind++) {
		do {
			if (!run_batch(erasure, kind))
				return (false);
			*found += erasure->count;
		} while (!erasure->is_last);
	}
	return (true);
}

/* What was under way when its key went comes in a later pass. */
static bool
erase_all(struct erasure *erasure)
{
	int64_t found = 1;
	int i;

	for (i = 0; i < PASSES_MAX && found > 0; i++) {
		if (!pass(erasure, &found)) {
			log_error("stopped; run it again to go on");
			return (false);
		}
	}
	if (found > 0)
		log_error("there is always more: somebody goes on saving for "
		    "this user; run it again");
	return (found == 0);
}

static int
print_counts(const struct erasure *erasure)
{
	const int64_t *counts = erasure->counts;
	struct json_out *out;
	enum kind kind;
	int rc;

	if (!erasure->admin->is_json)
		return (printf("erased: %" PRId64 " keys, %" PRId64
		    " integrations, %" PRId64 " kept answers; %" PRId64
		    " rows of the audit were emptied\n", counts[KEYS],
		    counts[INTEGRATIONS], counts[ANSWERS],
		    counts[SUBJECTS]) < 0 ? -1 : 0);
	out = json_out_object();
	for (kind = 0; kind < KINDS; kind++)
		json_out_number(out, names[kind], (long)counts[kind]);
	rc = json_out_print(out);
	json_out_free(out);
	return (rc);
}

enum admin_rc
admin_user_erase(const struct admin *admin)
{
	struct erasure erasure = { .admin = admin };
	enum admin_rc result = ADMIN_FAILED;
	struct keeper *keeper = NULL;
	enum admin_rc opened;

	if (!admin_is_name(admin->id)) {
		log_error("a user has 1 to 255 characters of UTF-8 without "
		    "control characters");
		return (ADMIN_USAGE);
	}
	opened = admin_open(admin, STORE_WRITE, &erasure.store, &keeper);
	if (opened != ADMIN_DONE)
		return (opened);
	if ((erasure.chain = chain_new(keeper)) != NULL &&
	    erase_all(&erasure)) {
		/* What was erased is still in the write-ahead log. */
		store_checkpoint(erasure.store, 0, STORE_LOG_TRUNCATE);
		if (print_counts(&erasure) == 0)
			result = ADMIN_DONE;
	}
	chain_free(erasure.chain);
	store_close(erasure.store);
	keeper_close(keeper);
	return (result);
}
