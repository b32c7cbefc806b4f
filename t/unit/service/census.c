/* When a census is taken, and what is told of it. */
#include "config.h"

#include "service/census.h"
#include "unit/unit_app.h"

enum { ROOM = 1 << 16, LONG = 1000 };

/* What is told now. */
static const char *
told(struct census *census)
{
	static struct buf out;

	buf_fini(&out);
	buf_init(&out, ROOM);
	census_put(census, &out);
	return (buf_text(&out));
}

/* Run it until it has nothing to do; whether it has counted anything. */
static bool
run(struct census *census, const struct app *app)
{
	int64_t wait_ms = 0;
	int i;

	for (i = 0; i < LONG; i++) {
		wait_ms = census_run(census, app);
		if (wait_ms >= LONG)
			return (i > 0);
	}
	ck_abort_msg("a census has no end");
}

static void
save(struct unit_house *house, const char *id)
{
	struct store *store = writer_store(house->app.writer);
	struct store_save row = unit_save(id, unit_owner, id);

	ck_assert_int_eq(unit_put(store, &row), STORE_OK);
}

START_TEST(nothing_is_told_that_was_not_counted)
{
	struct census *census = census_new();

	ck_assert_str_eq(told(census), "");
	census_free(census);
	census_free(NULL);
}
END_TEST

START_TEST(first_is_taken_at_once_and_told)
{
	struct census *census = census_new();
	struct unit_house house;

	unit_begin(&house);
	save(&house, "a");
	save(&house, "b");
	(void)run(census, &house.app);
	unit_has(told(census), "# TYPE strongroom_integrations gauge\n");
	unit_has(told(census), "strongroom_integrations{type=\"sentry\","
	    "token_state=\"unknown\"} 2\n");
	unit_has(told(census), "strongroom_integrations{type=\"jira\","
	    "token_state=\"valid\"} 0\n");
	census_free(census);
	unit_end(&house);
}
END_TEST

START_TEST(next_is_not_before_a_minute)
{
	struct census *census = census_new();
	struct unit_house house;

	unit_begin(&house);
	(void)run(census, &house.app);
	save(&house, "a");
	(void)told(census);
	(void)run(census, &house.app);
	unit_has(told(census), "type=\"sentry\",token_state=\"unknown\"} 0\n");
	census_free(census);
	unit_end(&house);
}
END_TEST

/* The end of one that is under way has to be clean, as any other. */
START_TEST(one_that_is_broken_off_is_let_go)
{
	struct census *census = census_new();
	struct unit_house house;
	char id[16];
	int i;

	unit_begin(&house);
	for (i = 0; i < 1100; i++) {
		snprintf(id, sizeof id, "row-%d", i);
		save(&house, id);
	}
	ck_assert_int_lt(census_run(census, &house.app), LONG);
	ck_assert_str_eq(told(census), "");
	census_free(census);
	unit_end(&house);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		nothing_is_told_that_was_not_counted,
		first_is_taken_at_once_and_told,
		next_is_not_before_a_minute,
		one_that_is_broken_off_is_let_go,
	};

	return (unit_main("census", tests, sizeof tests / sizeof tests[0]));
}
