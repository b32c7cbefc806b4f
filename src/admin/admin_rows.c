/*
 * All rows, a page at a time. Knows nothing of what is done with them.
 */
#include "config.h"

#include "admin/admin_rows.h"

enum { PAGE_ROWS = 1000 };

enum store_rc
admin_rows(struct store *store, struct store_query query,
    int (*each)(void *, const struct integration *), void *cookie)
{
	struct arena arena = { 0 };
	struct store_page page;
	enum store_rc rc;
	int is_over = 0;
	size_t i;

	query.limit = PAGE_ROWS;
	query.after = (struct store_cursor){ 0 };
	do {
		rc = store_operator_page(store, &query, &arena, &page);
		if (rc != STORE_OK)
			break;
		for (i = 0; i < page.count && is_over == 0; i++)
			is_over = each(cookie, &page.rows[i]);
		query.after = page.next;
	} while (!page.is_last && is_over == 0);
	arena_fini(&arena);
	return (rc);
}

enum store_rc
admin_rows_of_keys(struct store *store,
    int (*each)(void *, const struct store_key *), void *cookie)
{
	struct store_cursor after = { 0 };
	struct arena arena = { 0 };
	struct store_key_page page;
	enum store_rc rc;
	int is_over = 0;
	size_t i;

	do {
		rc = store_operator_key_page(store, &after, PAGE_ROWS, &arena,
		    &page);
		if (rc != STORE_OK)
			break;
		for (i = 0; i < page.count && is_over == 0; i++)
			is_over = each(cookie, &page.keys[i]);
		after = page.next;
	} while (!page.is_last && is_over == 0);
	arena_fini(&arena);
	return (rc);
}
