/* What a worker does while nobody asks. */
#include "config.h"

#include <poll.h>

#include "service/chores.h"
#include "store/store_key.h"
#include "unit/unit_app.h"

enum { LONG_MS = 30000 };

static void
ignore(void *cookie)
{
	(void)cookie;
}

/* An application whose writer has its thread. */
static void
begin(struct unit_house *house, struct chores *chores)
{
	unit_begin(house);
	ck_assert_int_eq(writer_start(house->app.writer,
	    house->app.keycache, ignore, NULL), 0);
	chores_init(chores, &house->app);
}

static void
end(struct unit_house *house)
{
	writer_stop(house->app.writer);
	unit_end(house);
}

/* Add a row to the audit, beside the writer. */
static void
put_row(struct unit_house *house, const char *at)
{
	struct store *store = unit_open(STORE_WRITE);
	char request_id[IDENT_UUID_LEN + 1];
	struct trail trail;

	ck_assert_int_eq(ident_uuid7(request_id, ident_now_us()), 0);
	trail_init(&trail, house->app.chain, "save", request_id,
	    &(struct trail_who){ .user = unit_owner });
	trail.entry.at = at;
	ck_assert_int_eq(trail_end(&trail), 0);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_audit_add(store, &trail.entry), STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	trail_fini(&trail);
	store_close(store);
}

/* Until nothing is under way. */
static void
finish(struct chores *chores)
{
	int i;

	(void)chores_run(chores);
	for (i = 0; chores->is_under_way && i < LONG_MS; i++) {
		(void)poll(NULL, 0, 1);
		(void)chores_run(chores);
	}
	ck_assert(!chores->is_under_way);
}

START_TEST(uses_are_written_though_nobody_commits)
{
	struct unit_house house;
	struct chores chores;

	begin(&house, &chores);
	keyuse_note(house.app.uses, "aaaaaaaa", "");
	finish(&chores);
	ck_assert(keyuse_has_waited(house.app.uses, 0));
	chores.patience_ms = 0;
	finish(&chores);
	ck_assert_msg(keyuse_has_waited(house.app.uses, 0),
	    "it is not due again at once");
	chores.due_ms[CHORE_USES] = ident_monotonic_ms();
	finish(&chores);
	ck_assert(!keyuse_has_waited(house.app.uses, 0));
	ck_assert_uint_eq(writer_counts(house.app.writer).commits, 1);
	end(&house);
}
END_TEST

START_TEST(head_of_the_audit_is_logged_once_a_day)
{
	struct unit_house house;
	struct chores chores;
	const char *log;

	begin(&house, &chores);
	(void)unit_log();
	finish(&chores);
	unit_has_not(unit_log(), "audit");
	put_row(&house, "2020-01-01T00:00:00.000000");
	finish(&chores);
	unit_has_not(unit_log(), "audit");
	chores.due_ms[CHORE_HEAD] = ident_monotonic_ms();
	finish(&chores);
	log = unit_log();
	unit_has(log, "info audit seq=1 hash=");
	ck_assert_uint_eq(strspn(strstr(log, "hash=") + 5,
	    "0123456789abcdef"), CHAIN_TEXT_LEN);
	ck_assert_int_gt(chores.due_ms[CHORE_HEAD],
	    ident_monotonic_ms() + 86000 * 1000);
	end(&house);
}
END_TEST

START_TEST(old_rows_of_the_audit_are_pruned_if_that_is_asked_for)
{
	struct unit_house house;
	struct chores chores;
	int i;

	begin(&house, &chores);
	for (i = 0; i < 3; i++)
		put_row(&house, "2020-01-01T00:00:00.000000");
	finish(&chores);
	unit_has_not(unit_log(), "pruned");
	house.app.conf.audit_days = 30;
	chores.due_ms[CHORE_PRUNE] = ident_monotonic_ms();
	finish(&chores);
	unit_has(unit_log(), "3 rows of the audit from before ");
	ck_assert_int_gt(chores.due_ms[CHORE_PRUNE],
	    ident_monotonic_ms() + 86000 * 1000);
	end(&house);
}
END_TEST

START_TEST(nothing_to_do_is_no_commit)
{
	struct unit_house house;
	struct chores chores;

	begin(&house, &chores);
	chores.patience_ms = 0;
	finish(&chores);
	ck_assert_uint_eq(writer_counts(house.app.writer).commits, 0);
	ck_assert_int_gt(chores_run(&chores), 1000);
	end(&house);
}
END_TEST

START_TEST(the_stop_writes_uses_that_wait)
{
	struct unit_house house;
	struct chores chores;

	begin(&house, &chores);
	keyuse_note(house.app.uses, "aaaaaaaa", "");
	writer_stop(house.app.writer);
	ck_assert(!keyuse_has_waited(house.app.uses, 0));
	ck_assert_uint_eq(writer_counts(house.app.writer).commits, 1);
	unit_end(&house);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		uses_are_written_though_nobody_commits,
		head_of_the_audit_is_logged_once_a_day,
		old_rows_of_the_audit_are_pruned_if_that_is_asked_for,
		nothing_to_do_is_no_commit,
		the_stop_writes_uses_that_wait,
	};

	return (unit_main("chores", tests, sizeof tests / sizeof tests[0]));
}
