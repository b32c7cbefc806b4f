/* Bytes that come behind a request, and wait for its answer. */
#include "config.h"

#include "unit/unit_fcgi.h"

/* A request with a body of its own, under an id of its own. */
static void
put_numbered(struct text *text, char n)
{
	size_t at = text->len, i;

	PUT(text, unit_begin);
	PUT(text, unit_params);
	PUT(text, unit_body);
	text->bytes[at + 3] = text->bytes[at + 19] = n;
	text->bytes[at + 35] = text->bytes[at + 43] = n;
	text->bytes[at + 54] = n;
	for (i = 0; i < 3; i++)
		text->bytes[at + 48 + i] = (char)('a' + n);
}

START_TEST(requests_behind_a_request_are_served_in_turn)
{
	struct text text = { .len = 0 };
	struct side side;
	char n;

	for (n = 1; n < 10; n++)
		put_numbered(&text, n);
	put(&text, unit_begin, 5);
	side_init(&side);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_REQUEST);
	for (n = 1; n < 10; n++) {
		const char body[] = { (char)('a' + n), (char)('a' + n),
		    (char)('a' + n), '\0' };

		ck_assert_int_eq(side_go(&side), FCGI_EVENT_REQUEST);
		ck_assert_int_eq(side.fcgi.id, n);
		side_has(&side, "A=bc", body);
		side_answer(&side);
	}
	ck_assert_int_eq(side_go(&side), FCGI_EVENT_MORE);
	ck_assert_uint_eq(side.fcgi.held.cap, 0);
	text.len = 0;
	put(&text, unit_begin + 5, sizeof unit_begin - 1 - 5);
	PUT(&text, unit_params);
	PUT(&text, unit_body);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_REQUEST);
	side_has(&side, "A=bc", "xyz");
	side_fini(&side);
}
END_TEST

START_TEST(request_behind_one_answered_at_once_needs_no_copy)
{
	struct text text = { .len = 0 };
	struct side side;
	char n;

	for (n = 1; n < 4; n++)
		put_numbered(&text, n);
	side_init(&side);
	fcgi_lend(&side.fcgi, text.bytes, text.len);
	for (n = 1; n < 4; n++) {
		ck_assert_int_eq(side_go(&side), FCGI_EVENT_REQUEST);
		ck_assert_int_eq(side.fcgi.id, n);
		side_answer(&side);
	}
	ck_assert_int_eq(side_go(&side), FCGI_EVENT_MORE);
	fcgi_give_back(&side.fcgi, &side.request);
	ck_assert_uint_eq(side.fcgi.held.cap, 0);
	while (text.len-- > 0)
		ck_assert_int_eq(text.bytes[text.len], 0);
	side_fini(&side);
}
END_TEST

START_TEST(owner_may_think_between_parameters_and_body)
{
	char bytes[sizeof unit_begin + sizeof unit_params + sizeof unit_body];
	struct text text = { .len = 0 };
	struct side side;

	PUT(&text, unit_begin);
	PUT(&text, unit_params);
	PUT(&text, unit_body);
	memcpy(bytes, text.bytes, text.len);
	side_init(&side);
	fcgi_lend(&side.fcgi, bytes, text.len);
	ck_assert_int_eq(fcgi_next(&side.fcgi, &side.request),
	    FCGI_EVENT_PARAMS);
	fcgi_give_back(&side.fcgi, &side.request);
	ck_assert_int_eq(fcgi_next(&side.fcgi, &side.request),
	    FCGI_EVENT_REQUEST);
	ck_assert_uint_eq(side.http.body.len, 3);
	side_fini(&side);
}
END_TEST

START_TEST(request_is_whole_before_its_last_padding)
{
	struct text text = { .len = 0 };
	struct side side;

	PUT(&text, unit_begin);
	PUT(&text, unit_params);
	PUT(&text, "\1\5\0\1\0\0\3\0P");
	side_init(&side);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_REQUEST);
	side_answer(&side);
	text.len = 0;
	PUT(&text, "PP");
	PUT(&text, unit_begin);
	PUT(&text, unit_params);
	PUT(&text, unit_body);
	ck_assert_int_eq(side_go(&side), FCGI_EVENT_MORE);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_REQUEST);
	side_has(&side, "A=bc", "xyz");
	side_fini(&side);
}
END_TEST

START_TEST(connection_is_silent_between_two_requests_alone)
{
	struct text text = { .len = 0 };
	struct side side;
	size_t i;

	/* Late records of 8, 10 and 10 bytes, and then a request. */
	PUT(&text, "\1\2\0\7\0\0\0\0" "\1\5\0\7\0\2\0\0zz");
	PUT(&text, "\1\5\0\7\0\0\2\0PP");
	PUT(&text, unit_begin);
	side_init(&side);
	for (i = 0; i < text.len; i++) {
		ck_assert(fcgi_is_silent(&side.fcgi) == (i == 0 || i == 8 ||
		    i == 18 || i == 28));
		ck_assert_int_eq(side_take(&side, text.bytes + i, 1),
		    FCGI_EVENT_MORE);
		ck_assert(!fcgi_has_input(&side.fcgi));
	}
	text.len = 0;
	PUT(&text, unit_params);
	PUT(&text, unit_body);
	PUT(&text, "\1");
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_REQUEST);
	side_answer(&side);
	ck_assert(fcgi_has_input(&side.fcgi));
	ck_assert(!fcgi_is_silent(&side.fcgi));
	ck_assert_int_eq(side_go(&side), FCGI_EVENT_MORE);
	ck_assert(!fcgi_has_input(&side.fcgi));
	ck_assert(!fcgi_is_silent(&side.fcgi));
	side_fini(&side);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		requests_behind_a_request_are_served_in_turn,
		request_behind_one_answered_at_once_needs_no_copy,
		owner_may_think_between_parameters_and_body,
		request_is_whole_before_its_last_padding,
		connection_is_silent_between_two_requests_alone,
	};

	return (unit_main("fcgi_held", tests,
	    sizeof tests / sizeof tests[0]));
}
