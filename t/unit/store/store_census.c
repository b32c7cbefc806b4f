/* A census: each row once, under its type and the state of its token. */
#include "config.h"

#include "ground/integration.h"
#include "ground/token_state.h"
#include "store/store_census.h"
#include "unit/unit_store.h"

enum { NOW = 1000, DAYS = 1, SOON = NOW + 86400, MANY = 2500 };

static void
put(struct store *store, const char *owner, const char *id, const char *type,
    int expires)
{
	struct store_save save = unit_save(id, owner, id);
	char expires_at[IDENT_TIME_LEN + 1];

	ident_time(expires_at, expires * INT64_C(1000000));
	save.row.integration_type = type;
	save.row.expires_at = expires > 0 ? expires_at : NULL;
	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
}

/* How many pages a whole census takes. */
static int
take(struct store *store, struct store_census *census)
{
	int pages = 0;

	*census = (struct store_census){ .now_us = NOW * INT64_C(1000000),
	    .expiring_days = DAYS };
	for (; !census->is_over; pages++)
		ck_assert_int_eq(store_census(store, census), STORE_OK);
	return (pages);
}

static int64_t
count_of(const struct store_census *census, const char *type,
    const char *state)
{
	size_t i = 0, k = 0;

	while (strcmp(integration_types[i], type) != 0)
		i++;
	while (strcmp(token_states[k], state) != 0)
		k++;
	return (census->integrations[i][k]);
}

static int64_t
all_of(const struct store_census *census)
{
	int64_t sum = 0;
	size_t i, k;

	for (i = 0; i < STORE_CENSUS_TYPES; i++)
		for (k = 0; k < STORE_CENSUS_STATES; k++)
			sum += census->integrations[i][k];
	return (sum);
}

START_TEST(each_row_counts_once_whosever_it_is)
{
	struct store_census census;
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	put(store, "user", "a", "jira", 0);
	put(store, "user", "b", "jira", NOW);
	put(store, "other", "c", "jira", NOW + 1);
	put(store, "other", "d", "github", SOON);
	put(store, "user", "e", "github", SOON + 1);
	put(store, "user", "f", "github", SOON + 2);
	(void)take(store, &census);
	ck_assert_int_eq(count_of(&census, "jira", "unknown"), 1);
	ck_assert_int_eq(count_of(&census, "jira", "expired"), 1);
	ck_assert_int_eq(count_of(&census, "jira", "expiring"), 1);
	ck_assert_int_eq(count_of(&census, "github", "expiring"), 1);
	ck_assert_int_eq(count_of(&census, "github", "valid"), 2);
	ck_assert_int_eq(all_of(&census), 6);
	store_close(store);
}
END_TEST

/* As a reading says it of the same moment, by the function that does. */
START_TEST(states_are_those_that_readings_tell)
{
	static const int moments[] = { NOW - 1, NOW, NOW + 1, SOON - 1, SOON,
	    SOON + 1 };
	struct store_census census;
	char at[IDENT_TIME_LEN + 1];
	struct store *store;
	size_t i;

	for (i = 0; i < sizeof moments / sizeof moments[0]; i++) {
		keyring_free(unit_create());
		store = unit_open(STORE_WRITE);
		put(store, "user", "a", "jira", moments[i]);
		(void)take(store, &census);
		ident_time(at, moments[i] * INT64_C(1000000));
		ck_assert_int_eq(count_of(&census, "jira", token_state(at,
		    census.now_us, DAYS)), 1);
		store_close(store);
		(void)unlink(unit_database);
		(void)unlink("strongroom.db-wal");
		(void)unlink("strongroom.db-shm");
		(void)unlink("strongroom.db.lock");
		ck_assert_int_eq(unlink(unit_key_file), 0);
	}
}
END_TEST

START_TEST(many_rows_take_many_reads)
{
	struct store_census census;
	struct store *store;
	char id[16];
	int i;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	for (i = 0; i < MANY; i++) {
		snprintf(id, sizeof id, "row-%d", i);
		put(store, "user", id, "slack", i % 2 == 0 ? 0 : NOW);
	}
	ck_assert_int_ge(take(store, &census), 3);
	ck_assert_int_eq(count_of(&census, "slack", "unknown"), MANY / 2);
	ck_assert_int_eq(count_of(&census, "slack", "expired"), MANY / 2);
	store_close(store);
}
END_TEST

START_TEST(empty_database_has_nothing_to_count)
{
	struct store_census census;
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	ck_assert_int_eq(take(store, &census), 1);
	ck_assert_int_eq(all_of(&census), 0);
	ck_assert_uint_eq(census.boxes.count, 0);
	store_close(store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		each_row_counts_once_whosever_it_is,
		states_are_those_that_readings_tell,
		many_rows_take_many_reads,
		empty_database_has_nothing_to_count,
	};

	return (unit_main("store_census", tests,
	    sizeof tests / sizeof tests[0]));
}
