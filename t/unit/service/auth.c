/* Who asks: every kind of key that is refused, and how. */
#include "config.h"

#include "unit/unit_app.h"

/* A key is refused as any other, and the log says why. */
static void
refuses_key(struct unit_house *house, const char *key, const char *reason)
{
	unit_bear(unit_ask(house, UNIT_GOOD), key);
	(void)unit_log();
	unit_answers(house, 401, UNIT_DETAIL("Invalid API key"));
	ck_assert_str_eq(house->call.reply.headers,
	    "WWW-Authenticate: ApiKey\r\n");
	unit_has(unit_log(), reason);
}

START_TEST(every_invalid_key_gets_the_same_answer)
{
	char key[APIKEY_LEN + 1], now[IDENT_TIME_LEN + 1];
	struct unit_house house;

	unit_begin(&house);
	refuses_key(&house, "short", "reason=malformed");
	refuses_key(&house, "0123456789abcdef", "reason=unknown");
	memcpy(key, house.key, sizeof key);
	key[20] = key[20] == 'a' ? 'b' : 'a';
	refuses_key(&house, key, "reason=checksum");
	apikey_make(key, "abcdefgh");
	refuses_key(&house, key, "reason=unknown");
	ident_time(now, ident_now_us());
	unit_add_key(&house, key, now, NULL);
	refuses_key(&house, key, "reason=expired");
	unit_add_key(&house, key, NULL, now);
	refuses_key(&house, key, "reason=revoked");
	unit_bear(unit_ask(&house, UNIT_GOOD), house.key);
	house.call.http.api_key_len--;
	unit_answers(&house, 401, UNIT_DETAIL("Invalid API key"));
	unit_ask(&house, UNIT_GOOD)->api_keys = 2;
	unit_answers(&house, 401, UNIT_DETAIL("Invalid API key"));
	unit_has(unit_log(), "reason=repeated");
	ck_assert_uint_eq(unit_rows(), 0);
	unit_add_key(&house, key, "9999-12-31T23:59:59.999999", NULL);
	unit_bear(unit_ask(&house, UNIT_GOOD), key);
	unit_serve(&house.call);
	ck_assert_int_eq(house.call.reply.status, 200);
	unit_end(&house);
}
END_TEST

/* As a gateway hands it over, with what stood around it. */
START_TEST(what_stands_behind_a_key_is_none_of_it)
{
	struct unit_house house;
	char text[128];

	unit_begin(&house);
	snprintf(text, sizeof text, "%s\t ", house.key);
	unit_ask(&house, UNIT_GOOD)->api_key = text;
	unit_serve(&house.call);
	ck_assert_int_eq(house.call.reply.status, 200);
	unit_bear(unit_ask(&house, UNIT_GOOD), text);
	unit_answers(&house, 401, UNIT_DETAIL("Invalid API key"));
	unit_end(&house);
}
END_TEST

START_TEST(keys_are_not_in_the_log)
{
	struct unit_house house;
	const char *log;

	unit_begin(&house);
	(void)unit_ask(&house, UNIT_GOOD);
	unit_serve(&house.call);
	log = unit_log();
	unit_has(log, "info request");
	unit_has(log, "path=/api/v2/integrations/save");
	unit_has(log, "status=200");
	unit_has(log, "user=user@example.com");
	unit_has_not(log, house.key + 12);
	unit_bear(unit_ask(&house, UNIT_GOOD), "0123456789abcdef");
	unit_serve(&house.call);
	log = unit_log();
	unit_has(log, "reason=unknown");
	unit_has_not(log, "0123456789abcdef");
	unit_end(&house);
}
END_TEST

START_TEST(database_that_is_away_is_500_and_no_401)
{
	struct unit_house house;

	unit_begin(&house);
	house.app.store.path = "none.db";
	(void)unit_ask(&house, UNIT_GOOD);
	unit_answers(&house, 500, UNIT_FAILURE("Database connection failed"));
	house.app.store.path = unit_database;
	(void)unit_ask(&house, UNIT_GOOD);
	unit_serve(&house.call);
	ck_assert_int_eq(house.call.reply.status, 200);
	unit_end(&house);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		every_invalid_key_gets_the_same_answer,
		what_stands_behind_a_key_is_none_of_it,
		keys_are_not_in_the_log,
		database_that_is_away_is_500_and_no_401,
	};

	return (unit_main("auth", tests, sizeof tests / sizeof tests[0]));
}
