/*
 * What comes out of boxes of before. Refuses to know how it is committed and
 * how much time there is.
 */
#include "config.h"

#include "body/backfill.h"
#include "body/form_save.h"
#include "ground/ident.h"
#include "ground/log.h"
#include "secrets/print.h"
#include "secrets/vault.h"

/* What is computed of a row, which points here. */
struct backfill_value {
	char expires_at[IDENT_TIME_LEN + 1];
	unsigned char print[PRINT_LEN];
};

void
backfill_fini(struct backfill *backfill)
{
	arena_fini(&backfill->arena);
	*backfill = (struct backfill){ 0 };
}

/* When auth_data says that it expires, if it does. False: memory is short. */
static bool
read_expiry(const struct buf *plain, struct integration *row,
    struct backfill_value *value)
{
	struct json_doc doc = { 0 };
	int64_t at_us;
	enum json_rc rc = json_check(&doc, plain->data, plain->len);

	if (rc == JSON_OK && form_save_auth_expires(&doc, &at_us)) {
		ident_time(value->expires_at, at_us);
		row->expires_at = value->expires_at;
	}
	json_doc_fini(&doc);
	return (rc != JSON_NOMEM);
}

static bool
compute(struct keeper *keeper, const struct vault_row *owner,
    const struct buf *plain, struct integration *row,
    struct backfill_value *value)
{
	if (!read_expiry(plain, row, value))
		return (false);
	print_make(value->print, keeper_borrow(keeper), owner, plain->data,
	    plain->len);
	keeper_return(keeper);
	row->auth_print = value->print;
	return (true);
}

/* A box that does not open is left, and so is its row. */
static bool
open_row(struct backfill *backfill, struct keeper *keeper,
    struct integration *row, struct backfill_value *value)
{
	const struct vault_row owner = { row->created_by,
	    row->unique_identifier };
	bool is_good = false;
	struct buf plain;

	buf_init(&plain, row->auth_data_len);
	switch (vault_open_kept(keeper, &owner, row->auth_data,
	    row->auth_data_len, &plain)) {
	case VAULT_OK:
		is_good = compute(keeper, &owner, &plain, row, value);
		break;
	case VAULT_REFUSED:
		is_good = true;
		backfill->unopened++;
		log_error("the box of integration %s does not open, and its "
		    "expires_at and fingerprint stay unknown; see strongroom "
		    "check", row->integration_id);
		break;
	case VAULT_NOMEM:
		break;
	}
	buf_fini(&plain);
	if (!is_good)
		log_error("out of memory while opening a box");
	return (is_good);
}

enum backfill_rc
backfill_read(struct backfill *backfill, struct store *store,
    struct keeper *keeper, size_t limit)
{
	struct store_backfill *batch = &backfill->batch;
	enum store_rc rc;
	size_t i;

	rc = store_backfill_read(store, limit, &backfill->arena, batch);
	if (rc != STORE_OK)
		return (rc == STORE_NOT_FOUND ? BACKFILL_OVER :
		    BACKFILL_FAILED);
	backfill->values = arena_alloc(&backfill->arena,
	    limit * sizeof *backfill->values);
	if (backfill->values == NULL) {
		log_error("out of memory for a batch of integrations");
		return (BACKFILL_FAILED);
	}
	for (i = 0; i < batch->count; i++)
		if (!open_row(backfill, keeper, &batch->rows[i],
		    &backfill->values[i]))
			return (BACKFILL_FAILED);
	return (BACKFILL_READ);
}

enum store_rc
backfill_write(struct store *store, void *cookie)
{
	const struct backfill *backfill = cookie;

	return (store_backfill_write(store, &backfill->batch));
}

void
backfill_count(struct backfill *backfill)
{
	size_t i;

	for (i = 0; i < backfill->batch.count; i++)
		backfill->filled += backfill->batch.rows[i].auth_print != NULL;
}
