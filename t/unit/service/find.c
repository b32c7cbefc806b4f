/* One integration is looked for, by a connection that may have failed. */
#include "config.h"

#include "unit/unit_app.h"

/* Ask for what is not there; whether a connection is left behind. */
static bool
stays_open(struct unit_house *house, int status)
{
	struct http *http = unit_ask(house, "");

	http->method = "GET";
	http->path = "/api/v2/integrations/0";
	unit_serve(&house->call);
	ck_assert_msg(house->call.reply.status == status, "%d: %s",
	    house->call.reply.status, buf_text(&house->call.reply.body));
	return (house->reader.store != NULL);
}

START_TEST(what_is_not_there_is_no_failure)
{
	struct unit_house house;

	unit_begin(&house);
	ck_assert(stays_open(&house, 404));
	unit_end(&house);
}
END_TEST

START_TEST(connection_that_has_failed_is_not_asked_again)
{
	struct unit_house house;

	unit_begin(&house);
	ck_assert(stays_open(&house, 404));
	unit_sql("ALTER TABLE integrations RENAME TO away");
	ck_assert(!stays_open(&house, 500));
	unit_sql("ALTER TABLE away RENAME TO integrations");
	ck_assert(stays_open(&house, 404));
	unit_end(&house);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_not_there_is_no_failure,
		connection_that_has_failed_is_not_asked_again,
	};

	return (unit_main("find", tests, sizeof tests / sizeof tests[0]));
}
