/*
 * Boxes from former master keys to the one in use, some at a time. Each batch
 * is read on a snapshot and sealed without the lock; under the lock a box goes
 * only in the place of the very one that was read.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/admin_reseal.h"
#include "ground/log.h"
#include "secrets/vault.h"

enum {
	BATCH_ROWS = 200,		/* so that a save waits but little */
	BATCH_BYTES = 2 << 20,
	BOX_ROOM = 80 << 20,		/* more than the largest max_body's */
	CHECKPOINT_BYTES = 4 << 20,
	PASSES = 20,
	PAUSE_MS = 100,			/* before all passes but the first */
	TRIES = 10,			/* to have the lock */
	PROGRESS_ROWS = 10000
};

/* A box on its way; texts and boxes are the batch's own. */
struct item {
	struct store_box was;
	char *text[3];
	struct buf old;
	struct buf new;
};

struct batch {
	struct item items[BATCH_ROWS];
	size_t count;
	size_t bytes;
	bool failed;
};

/* What a pass works with. */
struct pass {
	const struct admin *admin;
	struct store *store;
	const struct keyring *keyring;
	struct reseal *reseal;
	struct batch *batch;
	int64_t after;		/* rows up to this one are done */
	int64_t found;
};

static void
empty(struct batch *batch)
{
	struct item *item;
	size_t i, k;

	for (i = 0; i < batch->count; i++) {
		item = &batch->items[i];
		for (k = 0; k < 3; k++)
			free(item->text[k]);
		buf_fini(&item->old);
		buf_fini(&item->new);
	}
	batch->count = batch->bytes = 0;
	batch->failed = false;
}

/* Take a copy of a box; non-zero: the batch is full. */
static int
collect(void *cookie, const struct store_box *box)
{
	struct batch *batch = cookie;
	struct item *item = &batch->items[batch->count++];

	*item = (struct item){ .was = *box, .text = {
	    strdup(box->integration_id), strdup(box->created_by),
	    strdup(box->unique_identifier) } };
	buf_init(&item->old, BOX_ROOM);
	buf_init(&item->new, BOX_ROOM);
	buf_put(&item->old, box->box, box->len);
	item->was.integration_id = item->text[0];
	item->was.created_by = item->text[1];
	item->was.unique_identifier = item->text[2];
	item->was.box = item->old.data;
	batch->failed |= item->text[0] == NULL || item->text[1] == NULL ||
	    item->text[2] == NULL || item->old.failed;
	batch->bytes += box->len;
	return (batch->failed || batch->count == BATCH_ROWS ||
	    batch->bytes >= BATCH_BYTES);
}

/* Open the old box and seal the new one; one that does not open stays. */
static bool
seal_item(struct pass *pass, struct item *item)
{
	const struct vault_row row = { item->was.created_by,
	    item->was.unique_identifier };
	bool is_good = true;
	struct buf plain;

	buf_init(&plain, BOX_ROOM);
	switch (vault_open(pass->keyring, &row, item->was.box, item->was.len,
	    &plain)) {
	case VAULT_OK:
		is_good = vault_seal(pass->keyring, &row, plain.data,
		    plain.len, &item->new) == 0;
		break;
	case VAULT_REFUSED:
		pass->reseal->unopened++;
		log_error("the box of integration %s does not open and stays "
		    "as it is; see strongroom check",
		    item->was.integration_id);
		break;
	case VAULT_NOMEM:
		log_error("out of memory while opening a box");
		is_good = false;
		break;
	}
	buf_fini(&plain);
	return (is_good);
}

/* A busy service is no reason to give up: there is time. */
static enum store_rc
begin(struct pass *pass)
{
	enum store_rc rc;
	int tries = 0;

	do
		rc = store_begin(pass->store,
		    pass->admin->store.busy_timeout_ms);
	while (rc == STORE_BUSY && ++tries < TRIES);
	if (rc == STORE_BUSY)
		log_error("the database's lock was not had in %d times %d ms: "
		    "run this again when there is less to do", TRIES,
		    pass->admin->store.busy_timeout_ms);
	return (rc);
}

/* Replace the boxes of a batch in one transaction. */
static bool
write_batch(struct pass *pass)
{
	struct batch *batch = pass->batch;
	enum store_rc rc = STORE_OK;
	int64_t done = 0;
	struct item *item;
	size_t i;

	if (begin(pass) != STORE_OK)
		return (false);
	if (store_active_key(pass->store) !=
	    keyring_active_id(pass->keyring)) {
		log_error("another rotation has begun, and goes on with these "
		    "boxes");
		store_rollback(pass->store);
		return (false);
	}
	for (i = 0; i < batch->count && (rc == STORE_OK ||
	    rc == STORE_NOT_FOUND); i++) {
		item = &batch->items[i];
		if (item->new.len == 0)
			continue;
		rc = store_box_replace(pass->store, &item->was,
		    item->new.data, item->new.len);
		done += rc == STORE_OK;
		pass->found++;
	}
	if (rc != STORE_OK && rc != STORE_NOT_FOUND) {
		store_rollback(pass->store);
		return (false);
	}
	if (store_commit(pass->store) != STORE_OK)
		return (false);
	if ((pass->reseal->done + done) / PROGRESS_ROWS !=
	    pass->reseal->done / PROGRESS_ROWS)
		log_info("%" PRId64 " boxes are sealed anew, and it goes on",
		    pass->reseal->done + done);
	pass->reseal->done += done;
	store_checkpoint(pass->store, CHECKPOINT_BYTES, STORE_LOG_KEEP);
	return (true);
}

/* Take the next batch through; *is_over: there was none. */
static bool
next_batch(struct pass *pass, bool *is_over)
{
	struct batch *batch = pass->batch;
	size_t i;

	if (store_box_list(pass->store, keyring_active_id(pass->keyring),
	    pass->after, collect, batch) != STORE_OK)
		return (false);
	*is_over = batch->count == 0;
	if (*is_over)
		return (true);
	if (batch->failed) {
		log_error("out of memory while reading boxes");
		return (false);
	}
	pass->after = batch->items[batch->count - 1].was.row;
	for (i = 0; i < batch->count; i++)
		if (!seal_item(pass, &batch->items[i]))
			return (false);
	return (write_batch(pass));
}

/* All boxes once, in the order of their rows. */
static bool
run_pass(struct pass *pass)
{
	bool is_over = false, is_good = true;

	pass->after = 0;
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
    const struct keyring *keyring, struct reseal *reseal)
{
	const struct timespec pause = { 0, PAUSE_MS * 1000000L };
	struct pass pass = { .admin = admin, .store = store,
	    .keyring = keyring, .reseal = reseal };
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
