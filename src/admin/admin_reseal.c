/*
 * Boxes from former master keys to the one in use, some at a time. Each batch
 * is read in one page and sealed without the lock; under the lock a box goes
 * only in the place of the very one that was read.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "admin/admin_reseal.h"
#include "ground/log.h"
#include "secrets/vault.h"
#include "store/store_upkeep.h"

enum {
	BATCH_ROWS = 200,		/* so that a save waits but little */
	BOX_ROOM = 80 << 20,		/* more than the largest max_body's */
	CHECKPOINT_BYTES = 4 << 20,
	PASSES = 20,
	PAUSE_MS = 100,			/* before all passes but the first */
	PATIENCE = 10,			/* times that the lock is waited for */
	PROGRESS_ROWS = 10000
};

/* Boxes on their way: what was read, and what is to be in its place. */
struct batch {
	struct arena arena;
	struct store_page page;
	struct buf boxes[BATCH_ROWS];	/* an empty one: it stays */
};

/* What a pass works with. */
struct pass {
	const struct admin *admin;
	struct store *store;
	struct keeper *keeper;
	uint32_t key_id;	/* of the key that all are to be under */
	struct reseal *reseal;
	struct batch *batch;
	struct store_cursor after;	/* rows up to this one are done */
	int64_t found;
};

static void
empty(struct batch *batch)
{
	size_t i;

	for (i = 0; i < BATCH_ROWS; i++)
		buf_fini(&batch->boxes[i]);
	arena_fini(&batch->arena);
}

/* Seal what a box held with the one key and no other. */
static bool
seal(struct pass *pass, const struct vault_row *row, const struct buf *plain,
    struct buf *box)
{
	const struct keyring *keyring = keeper_borrow_to_seal(pass->keeper,
	    pass->key_id);
	bool is_good = keyring_active_id(keyring) == pass->key_id &&
	    vault_seal(keyring, row, plain->data, plain->len, box) == 0;

	keeper_return(pass->keeper);
	return (is_good);
}

/* Open the old box and seal the new one; one that does not open stays. */
static bool
seal_row(struct pass *pass, const struct integration *was, struct buf *box)
{
	const struct vault_row row = { was->created_by,
	    was->unique_identifier };
	bool is_good = true;
	struct buf plain;

	buf_init(box, BOX_ROOM);
	buf_init(&plain, BOX_ROOM);
	switch (vault_open_kept(pass->keeper, &row, was->auth_data,
	    was->auth_data_len, &plain)) {
	case VAULT_OK:
		is_good = seal(pass, &row, &plain, box);
		break;
	case VAULT_REFUSED:
		pass->reseal->unopened++;
		log_error("the box of integration %s does not open and stays "
		    "as it is; see strongroom check", was->integration_id);
		break;
	case VAULT_NOMEM:
		log_error("out of memory while opening a box");
		is_good = false;
		break;
	}
	buf_fini(&plain);
	return (is_good);
}

/* Put the new boxes in the place of the old; *done is how many were. */
static enum store_rc
replace_boxes(struct pass *pass, int64_t *done)
{
	const struct batch *batch = pass->batch;
	enum store_rc rc;
	size_t i;

	*done = 0;
	for (i = 0; i < batch->page.count; i++) {
		if (batch->boxes[i].len == 0)
			continue;
		rc = store_box_replace(pass->store, &batch->page.rows[i],
		    batch->boxes[i].data, batch->boxes[i].len);
		if (rc != STORE_OK && rc != STORE_NOT_FOUND)
			return (rc);
		*done += rc == STORE_OK;
		pass->found++;
	}
	return (STORE_OK);
}

/* The same in one transaction. */
static bool
write_batch(struct pass *pass)
{
	int64_t was = pass->reseal->done, done;

	/* A busy service is no reason to give up: there is time. */
	if (admin_begin_patiently(pass->admin, pass->store, PATIENCE) !=
	    STORE_OK)
		return (false);
	if (store_active_key(pass->store) != pass->key_id) {
		log_error("another rotation has begun, and goes on with these "
		    "boxes");
		store_rollback(pass->store);
		return (false);
	}
	if (replace_boxes(pass, &done) != STORE_OK) {
		store_rollback(pass->store);
		return (false);
	}
	if (store_commit(pass->store) != STORE_OK)
		return (false);
	pass->reseal->done += done;
	if ((was + done) / PROGRESS_ROWS != was / PROGRESS_ROWS)
		log_info("%" PRId64 " boxes are sealed anew, and it goes on",
		    was + done);
	store_checkpoint(pass->store, CHECKPOINT_BYTES, STORE_LOG_KEEP);
	return (true);
}

/* Take the next batch through; *is_over: it was the last. */
static bool
next_batch(struct pass *pass, bool *is_over)
{
	const struct store_query query = { .columns = STORE_BOX,
	    .not_under = pass->key_id,
	    .limit = BATCH_ROWS, .after = pass->after };
	struct store_page *page = &pass->batch->page;
	size_t i;

	if (store_operator_page(pass->store, &query, &pass->batch->arena,
	    page) != STORE_OK)
		return (false);
	pass->after = page->next;
	*is_over = page->is_last;
	for (i = 0; i < page->count; i++)
		if (!seal_row(pass, &page->rows[i], &pass->batch->boxes[i]))
			return (false);
	return (page->count == 0 || write_batch(pass));
}

/* All boxes once, in the order of their rows. */
static bool
run_pass(struct pass *pass)
{
	bool is_over = false, is_good = true;

	pass->after = (struct store_cursor){ 0 };
	pass->found = 0;
	pass->reseal->unopened = 0;
	while (is_good && !is_over) {
		is_good = next_batch(pass, &is_over);
		empty(pass->batch);
	}
	return (is_good);
}

/*
 * A save that was sealed before its worker knew of the new key may come after
 * the scan has passed its row. So it is over when a pass has found nothing.
 */
bool
reseal_all(const struct admin *admin, struct store *store,
    struct keeper *keeper, uint32_t key_id, struct reseal *reseal)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000L };
	struct pass pass = { .admin = admin, .store = store,
	    .keeper = keeper, .key_id = key_id, .reseal = reseal };
	bool is_good = true;
	int passes = 0;

	if ((pass.batch = calloc(1, sizeof *pass.batch)) == NULL) {
		log_error("out of memory for boxes");
		return (false);
	}
	do {
		if (passes > 0)
			nanosleep(&pause, NULL);
		is_good = run_pass(&pass);
	} while (is_good && pass.found > 0 && ++passes < PASSES);
	free(pass.batch);
	if (is_good && pass.found > 0) {
		log_error("boxes under a former key keep coming: a worker has "
		    "not taken the new one on; see its log, and run this "
		    "again");
		is_good = false;
	}
	return (is_good);
}
