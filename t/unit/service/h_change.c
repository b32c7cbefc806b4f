/* A change that others are quicker than, and what is answered in the end. */
#include "config.h"

#include "ground/buf.h"
#include "unit/unit_app.h"

enum { MEMBERS = 1024, MAX_BODY = 65536 };	/* of an object, at most */

/* An integration whose scope_data has as many members as there may be. */
static void
begin(struct unit_house *house, char path[80])
{
	char member[24];
	const char *id;
	struct buf sql;
	int i;

	unit_begin(house);
	house->app.conf.max_body = MAX_BODY;
	(void)unit_ask(house, UNIT_GOOD);
	unit_serve(&house->call);
	ck_assert_int_eq(house->call.reply.status, 200);
	id = strstr(buf_text(&house->call.reply.body), "integration_id");
	ck_assert_ptr_nonnull(id);
	snprintf(path, 80, "/api/v2/integrations/%.36s", id + 17);
	buf_init(&sql, MAX_BODY);
	buf_puts(&sql, "UPDATE integrations SET scope_data = '{\"m\":0");
	for (i = 1; i < MEMBERS; i++) {
		snprintf(member, sizeof member, ",\"%d\":0", i);
		buf_puts(&sql, member);
	}
	buf_puts(&sql, "}'");
	unit_sql(buf_text(&sql));
	buf_fini(&sql);
}

static void
patch(struct unit_house *house, const char *path, const char *body)
{
	struct http *http = unit_ask(house, body);

	http->method = "PATCH";
	http->path = path;
	reader_turn(&house->reader);
	app_admit(&house->call);
}

START_TEST(what_is_refused_twice_is_told_once)
{
	struct unit_house house;
	char path[80];
	int i;

	begin(&house, path);
	patch(&house, path, "{\"auth_data\":{\"n\":1},\"scope_data\":"
	    "{\"more\":0}}");
	ck_assert(!unit_read(&house.call, app_begin(&house.call)));
	for (i = 0; i < 2; i++) {
		unit_sql("UPDATE integrations SET revision = revision + 1");
		writer_commit(house.app.writer, house.call.job);
		ck_assert_int_eq(house.call.job->rc, STORE_MOVED);
		ck_assert(!unit_read(&house.call, app_end(&house.call)));
	}
	writer_commit(house.app.writer, house.call.job);
	ck_assert(unit_read(&house.call, app_end(&house.call)));
	ck_assert_int_eq(house.call.reply.status, 422);
	ck_assert_str_eq(buf_text(&house.call.reply.body), UNIT_FAULT(
	    ",\"scope_data\"", "too many values", "value_error.limit"));
	unit_end(&house);
}
END_TEST

/* Others change the row, and make it larger than the patch has room for. */
static void
grow(void)
{
	unit_sql("UPDATE integrations SET revision = revision + 1, "
	    "scope_data = '{}', metadata = "
	    "'{\"a\":\"' || printf('%030000d', 0) || '\"}'");
}

/* It is held, and there is as much room then as it needs. */
static void
begin_again(struct unit_house *house)
{
	struct call *call = &house->call;

	ck_assert(call->is_held);
	ck_assert_ptr_null(call->work);
	ck_assert_ptr_null(call->job);
	ck_assert_uint_gt(call->room.needs, CALL_SMALL);
	call->room.limit = call->room.needs;
	ck_assert(!unit_read(call, app_begin(call)));
	writer_commit(house->app.writer, call->job);
	ck_assert(unit_read(call, app_end(call)));
	ck_assert_msg(call->reply.status == 200, "%d: %s", call->reply.status,
	    buf_text(&call->reply.body));
}

START_TEST(what_was_refused_is_judged_anew_where_the_row_has_no_room)
{
	struct unit_house house;
	char path[80];

	begin(&house, path);
	patch(&house, path, "{\"auth_data\":{\"n\":1},\"scope_data\":"
	    "{\"more\":0}}");
	house.call.room.limit = CALL_SMALL;
	ck_assert(!unit_read(&house.call, app_begin(&house.call)));
	grow();
	writer_commit(house.app.writer, house.call.job);
	ck_assert_int_eq(house.call.job->rc, STORE_MOVED);
	ck_assert(!unit_read(&house.call, app_end(&house.call)));
	begin_again(&house);
	unit_end(&house);
}
END_TEST

START_TEST(row_without_room_under_the_lock_is_left_as_it_is)
{
	struct unit_house house;
	char path[80];

	begin(&house, path);
	patch(&house, path, "{\"name\":\"other\"}");
	house.call.room.limit = CALL_SMALL;
	ck_assert(!unit_read(&house.call, app_begin(&house.call)));
	grow();
	writer_commit(house.app.writer, house.call.job);
	ck_assert_int_eq(house.call.job->rc, STORE_LACKS);
	ck_assert_int_eq(unit_number("SELECT count(*) FROM integrations "
	    "WHERE name = 'n' AND revision = 2"), 1);
	ck_assert(!unit_read(&house.call, app_end(&house.call)));
	begin_again(&house);
	ck_assert_int_eq(unit_number("SELECT count(*) FROM integrations "
	    "WHERE name = 'other' AND revision = 3"), 1);
	unit_end(&house);
}
END_TEST

/* A job that fails the transaction whose jobs are run then again. */
static enum store_rc
fail_once(struct store *store, void *cookie)
{
	int *runs = cookie;

	(void)store;
	return ((*runs)++ == 0 ? STORE_UNAVAILABLE : STORE_OK);
}

START_TEST(row_without_room_lacks_it_again_where_others_have_failed)
{
	struct unit_house house;
	int runs = 0;
	struct writer_job other = { .run = fail_once, .cookie = &runs };
	char path[80];
	size_t needs;

	begin(&house, path);
	patch(&house, path, "{\"name\":\"other\"}");
	house.call.room.limit = CALL_SMALL;
	ck_assert(!unit_read(&house.call, app_begin(&house.call)));
	grow();
	house.call.job->next = &other;
	writer_commit(house.app.writer, house.call.job);
	ck_assert_int_eq(runs, 2);
	ck_assert_int_eq(other.rc, STORE_OK);
	ck_assert_int_eq(house.call.job->rc, STORE_LACKS);
	needs = house.call.room.needs;
	ck_assert_uint_gt(needs, CALL_SMALL);
	ck_assert_uint_lt(needs, CALL_SMALL + house.call.room.growth);
	ck_assert(!unit_read(&house.call, app_end(&house.call)));
	begin_again(&house);
	ck_assert_uint_eq(house.call.room.needs, needs);
	unit_end(&house);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_refused_twice_is_told_once,
		what_was_refused_is_judged_anew_where_the_row_has_no_room,
		row_without_room_under_the_lock_is_left_as_it_is,
		row_without_room_lacks_it_again_where_others_have_failed,
	};

	return (unit_main("h_change", tests,
	    sizeof tests / sizeof tests[0]));
}
