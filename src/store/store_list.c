/*
 * Lists, for those whose integrations they are. The rows of each type
 * are read in order by a statement of their own, and merged here: so whoever
 * may see some types only comes by no row of another, and what a page costs
 * does not depend on how many there are.
 *
 * All statements are begun before the first is over, so they are one read.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "ground/words.h"
#include "store/rows.h"

/* The rows of one statement, and the next of them. */
struct arm {
	struct db_query query;
	const char *moment;		/* lent; NULL: there is none */
	const char *id;
};

struct merge {
	struct store *store;
	const struct store_asker *asker;
	const struct store_list *list;
	struct arena *arena;
	struct store_page *page;
	size_t bytes;			/* of the rows on it */
	size_t looked_bytes;		/* of all that were looked at */
	struct arm arms[ROWS_TYPES];
	size_t count;
};

/* Go on to an arm's next row. */
static enum store_rc
advance(const struct merge *merge, struct arm *arm)
{
	enum store_rc rc = db_step(&arm->query);

	arm->moment = arm->id = NULL;
	if (rc == STORE_OK) {
		arm->moment = db_text(&arm->query,
		    merge->list->order == STORE_NEWEST ? ROW_CREATED_AT :
		    ROW_EXPIRES_AT);
		arm->id = db_text(&arm->query, ROW_INTEGRATION_ID);
		if (arm->moment == NULL || arm->id == NULL)
			rc = STORE_UNAVAILABLE;
	}
	return (rc == STORE_NOT_FOUND ? STORE_OK : rc);
}

/* Whether one position of the list's order is before another. */
static bool
is_before(const struct merge *merge, const char *moment, const char *id,
    const char *other_moment, const char *other_id)
{
	int order = strcmp(moment, other_moment);

	if (order == 0)
		order = strcmp(id, other_id);
	return (merge->list->order == STORE_NEWEST ? order > 0 : order < 0);
}

/* The arm whose row comes first; NULL: there are no rows any more. */
static struct arm *
first_of(struct merge *merge)
{
	struct arm *first = NULL, *arm;
	size_t i;

	for (i = 0; i < merge->count; i++) {
		arm = &merge->arms[i];
		if (arm->moment != NULL && (first == NULL || is_before(merge,
		    arm->moment, arm->id, first->moment, first->id)))
			first = arm;
	}
	return (first);
}

/* Bind where the rows of an arm begin and end. */
static void
bind_range(struct db_query *query, const struct store_list *list)
{
	/* Behind every moment, as bytes compare. */
	static const char never[] = ":";
	const struct store_filter *filter = &list->filter;
	const char *moment = list->after.moment, *id = list->after.id;

	if (list->order == STORE_NEWEST) {
		db_bind_text(query, *moment != '\0' ? moment : never);
		db_bind_text(query, id);
		return;
	}
	/* The expiry that is asked for may begin behind the page before. */
	if (strcmp(moment, filter->expires_from) < 0) {
		moment = filter->expires_from;
		id = "";
	}
	db_bind_text(query, moment);
	db_bind_text(query, id);
	db_bind_text(query, filter->expires_until[0] != '\0' ?
	    filter->expires_until : never);
}

/* Begin the rows of one more arm, by what its statement has besides. */
static enum store_rc
begin_arm(struct merge *merge, size_t statement, const char *key)
{
	struct arm *arm = &merge->arms[merge->count++];

	arm->query = db_query(merge->store->db, statement);
	db_bind_text(&arm->query, merge->asker->user);
	db_bind_text(&arm->query, key);
	bind_range(&arm->query, merge->list);
	return (advance(merge, arm));
}

/* Whether the asker may see, and the list is of, that type. */
static bool
is_of(const struct merge *merge, const char *type)
{
	const char *wanted = merge->list->filter.integration_type;

	return (type != NULL && (merge->asker->types &
	    words_bit(integration_types, type)) != 0 &&
	    (wanted == NULL || strcmp(wanted, type) == 0));
}

/* Of one identifier there is one row, whatever its type is. */
static enum store_rc
begin_one(struct merge *merge)
{
	struct arm *arm = &merge->arms[0];
	enum store_rc rc;

	rc = begin_arm(merge, merge->list->order == STORE_NEWEST ?
	    LIST_ONE_NEWEST : LIST_ONE_SOONEST,
	    merge->list->filter.unique_identifier);
	if (arm->moment != NULL &&
	    !is_of(merge, db_text(&arm->query, ROW_INTEGRATION_TYPE)))
		arm->moment = NULL;
	return (rc);
}

static enum store_rc
begin(struct merge *merge)
{
	size_t first = merge->list->order == STORE_NEWEST ? LIST_NEWEST :
	    LIST_SOONEST, i;
	enum store_rc rc = STORE_OK;

	if (merge->list->filter.unique_identifier != NULL)
		return (begin_one(merge));
	for (i = 0; integration_types[i] != NULL && rc == STORE_OK; i++) {
		assert(i < ROWS_TYPES);
		if (is_of(merge, integration_types[i]))
			rc = begin_arm(merge, first + i, integration_types[i]);
	}
	return (rc);
}

static void
end(struct merge *merge)
{
	while (merge->count > 0)
		db_done(&merge->arms[--merge->count].query);
}

/* Put an arm's row on the page, if it is wanted; false: there is no room. */
static bool
put(struct merge *merge, struct arm *arm, enum store_rc *rc)
{
	struct store_page *page = merge->page;
	struct integration row;
	size_t size;

	*rc = STORE_UNAVAILABLE;
	if (!rows_lend_row(&arm->query, &row))
		return (true);
	size = rows_lent_size(&row);
	merge->looked_bytes += size;
	*rc = STORE_OK;
	if (!store_filter_wants(&merge->list->filter, &row))
		return (true);
	merge->bytes += size;
	if (page->count > 0 && merge->bytes > STORE_PAGE_BYTES)
		return (false);
	if (rows_keep_row(&row, merge->arena))
		page->rows[page->count++] = row;
	else
		*rc = STORE_UNAVAILABLE;
	return (true);
}

/* An arm's row was looked at: a page that ends here goes on behind it. */
static enum store_rc
step_over(const struct merge *merge, struct arm *arm)
{
	struct store_cursor *next = &merge->page->next;

	if (rows_copy(next->moment, sizeof next->moment, arm->moment) == -1 ||
	    rows_copy(next->id, sizeof next->id, arm->id) == -1)
		return (STORE_UNAVAILABLE);
	return (advance(merge, arm));
}

static enum store_rc
fill(struct merge *merge)
{
	struct store_page *page = merge->page;
	size_t looked_at = 0;
	enum store_rc rc = STORE_OK;
	struct arm *arm;

	while ((arm = first_of(merge)) != NULL &&
	    page->count < merge->list->limit &&
	    looked_at++ < STORE_LOOK_ROWS &&
	    merge->looked_bytes < STORE_LOOK_BYTES) {
		if (!put(merge, arm, &rc))
			break;
		if (rc != STORE_OK || (rc = step_over(merge, arm)) != STORE_OK)
			return (rc);
	}
	page->is_last = arm == NULL;
	return (STORE_OK);
}

enum store_rc
store_list(struct store *store, const struct store_asker *asker,
    const struct store_list *list, struct arena *arena,
    struct store_page *page)
{
	struct merge merge;
	enum store_rc rc;

	assert(list->limit > 0);
	arena_fini(arena);
	*page = (struct store_page){ .next = list->after };
	page->rows = rows_array(arena, list->limit, sizeof *page->rows);
	if (page->rows == NULL)
		return (STORE_UNAVAILABLE);
	merge = (struct merge){ store, asker, list, arena, page, .count = 0 };
	rc = begin(&merge);
	if (rc == STORE_OK)
		rc = fill(&merge);
	end(&merge);
	return (rows_as_read(rc));
}
