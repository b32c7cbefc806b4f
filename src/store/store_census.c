/*
 * A census: all rows in the order of their ids, some at a time.
 * Refuses to know who wants to know.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "ground/ident.h"
#include "ground/token_state.h"
#include "secrets/vault.h"
#include "store/rows.h"

enum {
	READ_MS = 5,			/* one read takes, or little more */
	ROWS = 1000,			/* of one read, and of a look */
	LOOK_ROWS = 16			/* at the clock */
};

/* The moments of each state but the unknown one, which is the last. */
static void
find_ranges(struct token_range ranges[STORE_CENSUS_STATES],
    const struct store_census *census)
{
	size_t i;

	for (i = 0; token_states[i] != token_state_unknown; i++) {
		assert(i < STORE_CENSUS_STATES);
		ranges[i] = token_state_range(token_states[i], census->now_us,
		    census->expiring_days);
	}
}

static bool
is_in(const struct token_range *range, const char *moment)
{
	return (strcmp(moment, range->from) >= 0 && (range->until[0] == '\0' ||
	    strcmp(moment, range->until) < 0));
}

static size_t
state_of(const struct token_range *ranges, const char *expires_at)
{
	size_t i = 0;

	while (token_states[i] != token_state_unknown &&
	    (expires_at == NULL || !is_in(&ranges[i], expires_at)))
		i++;
	return (i);
}

/* A type that there is no word for is told by check, and counted nowhere. */
static void
count_integration(struct store_census *census,
    const struct token_range *ranges, const char *type, const char *expires_at)
{
	size_t i;

	for (i = 0; type != NULL && integration_types[i] != NULL; i++) {
		assert(i < STORE_CENSUS_TYPES);
		if (strcmp(integration_types[i], type) == 0)
			census->integrations[i][state_of(ranges,
			    expires_at)]++;
	}
}

/* The same of boxes under more keys than there can be. */
static void
count_row(struct store_census *census, const struct token_range *ranges,
    struct db_query *query)
{
	const void *head;
	size_t len;

	census->position = db_int(query, 0);
	count_integration(census, ranges, db_text(query, 1),
	    db_text(query, 2));
	if ((head = db_blob(query, 3, &len)) != NULL)
		(void)rows_count_box(&census->boxes,
		    vault_key_id(head, len));
}

enum store_rc
store_census(struct store *store, struct store_census *census)
{
	struct token_range ranges[STORE_CENSUS_STATES] = { { "", "" } };
	struct db_query query = db_query(store->db, CENSUS);
	int64_t until_ms = ident_monotonic_ms() + READ_MS;
	enum store_rc rc = STORE_OK;
	int rows = 0;

	find_ranges(ranges, census);
	db_bind_int(&query, census->position);
	while (rows < ROWS && (rc = db_step(&query)) == STORE_OK) {
		count_row(census, ranges, &query);
		if (++rows % LOOK_ROWS == 0 &&
		    ident_monotonic_ms() >= until_ms)
			break;
	}
	db_done(&query);
	census->is_over = rc == STORE_NOT_FOUND;
	return (census->is_over ? STORE_OK : rows_as_read(rc));
}
