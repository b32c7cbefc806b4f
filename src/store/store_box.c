/*
 * Boxes: under which master keys they are, and one in the place of
 * another. Refuses to know what they hold.
 */
#include "config.h"

#include <string.h>

#include "ground/log.h"
#include "secrets/vault.h"
#include "store/rows.h"

enum { COUNT_ROWS = 5000 };	/* in one read */

int
rows_count_box(struct store_box_counts *counts, uint32_t key_id)
{
	size_t i = counts->count;

	while (i > 0 && counts->of[i - 1].key_id > key_id)
		i--;
	if (i > 0 && counts->of[i - 1].key_id == key_id) {
		counts->of[i - 1].boxes++;
		return (0);
	}
	if (counts->count == STORE_COUNTS_MAX)
		return (-1);
	memmove(&counts->of[i + 1], &counts->of[i],
	    (counts->count - i) * sizeof counts->of[0]);
	counts->of[i].key_id = key_id;
	counts->of[i].boxes = 1;
	counts->count++;
	return (0);
}

/* Count those of some rows behind *after. STORE_NOT_FOUND: there are none. */
static enum store_rc
count_some(struct db *db, struct store_box_counts *counts, int64_t *after)
{
	struct db_query query = db_query(db, BOX_HEADS);
	enum store_rc rc = STORE_OK;
	int rows = 0;
	const void *head;
	size_t len;

	db_bind_int(&query, *after);
	while (rows++ < COUNT_ROWS && (rc = db_step(&query)) == STORE_OK) {
		*after = db_int(&query, 0);
		head = db_blob(&query, 1, &len);
		if (head == NULL ||
		    rows_count_box(counts, vault_key_id(head, len)) == 0)
			continue;
		log_error("database %s has boxes under more master keys than "
		    "there can be; see strongroom check", db_path(db));
		rc = STORE_UNAVAILABLE;
		break;
	}
	db_done(&query);
	return (rows_as_read(rc));
}

enum store_rc
store_box_count(struct store *store, struct store_box_counts *counts)
{
	enum store_rc rc;
	int64_t after = 0;

	counts->count = 0;
	while ((rc = count_some(store->db, counts, &after)) == STORE_OK)
		;
	return (rc == STORE_NOT_FOUND ? STORE_OK : rc);
}

enum store_rc
store_box_replace(struct store *store, const struct integration *was,
    const void *box, size_t len)
{
	struct db *db = store->db;
	struct db_query query = db_query(db, BOX_REPLACE);
	enum store_rc rc;

	db_bind_blob(&query, box, len);
	db_bind_text(&query, was->integration_id);
	db_bind_blob(&query, was->auth_data, was->auth_data_len);
	if ((rc = rows_finish(&query)) != STORE_OK)
		return (rc);
	return (db_changes(db) == 1 ? STORE_OK : STORE_NOT_FOUND);
}
