/* What a web server's bytes come to, in whatever pieces. */
#include "config.h"

#include "unit/unit_fcgi.h"

START_TEST(whole_request_is_taken)
{
	struct text text = { .len = 0 };
	struct side side;

	PUT(&text, unit_begin);
	PUT(&text, unit_params);
	PUT(&text, unit_body);
	side_init(&side);
	ck_assert(fcgi_is_idle(&side.fcgi));
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_REQUEST);
	ck_assert(!fcgi_is_idle(&side.fcgi));
	side_has(&side, "A=bc", "xyz");
	ck_assert_uint_eq(side.fcgi.id, 1);
	ck_assert(fcgi_is_kept(&side.fcgi));
	ck_assert(!side.http.is_cut);
	ck_assert_uint_eq(side.http.received, 3);
	side_fini(&side);
}
END_TEST

START_TEST(connection_is_kept_only_when_it_is_asked_for)
{
	struct text text = { .len = 0 };
	struct side side;

	PUT(&text, "\1\1\0\1\0\10\0\0" "\0\1\376\0\0\0\0\0");
	PUT(&text, unit_params);
	PUT(&text, unit_body);
	side_init(&side);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_REQUEST);
	ck_assert(!fcgi_is_kept(&side.fcgi));
	side_answer(&side);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_REFUSED);
	side_fini(&side);
}
END_TEST

START_TEST(parameters_are_told_of_before_any_body)
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
	ck_assert_uint_eq(side.http.received, 0);
	ck_assert_int_eq(fcgi_next(&side.fcgi, &side.request),
	    FCGI_EVENT_REQUEST);
	ck_assert_uint_eq(side.http.received, 3);
	ck_assert_int_eq(fcgi_next(&side.fcgi, &side.request),
	    FCGI_EVENT_REQUEST);
	fcgi_give_back(&side.fcgi, &side.request);
	side_fini(&side);
}
END_TEST

START_TEST(body_that_is_not_wanted_is_counted_alone)
{
	static char content[UNIT_MAX_BODY + 1];
	struct text text = { .len = 0 };
	struct side side;

	memset(content, 'b', sizeof content);
	PUT(&text, unit_begin);
	PUT(&text, unit_params);
	put_record(&text, 5, content, sizeof content);
	put_record(&text, 5, "", 0);
	side_init(&side);
	side.wants_body = false;
	ck_assert_int_eq(side_take_by(&side, &text, 100), FCGI_EVENT_REQUEST);
	ck_assert_uint_eq(side.http.received, sizeof content);
	ck_assert(side.http.is_too_large);
	ck_assert(!side.http.is_cut);
	ck_assert_ptr_null(side.http.body.data);
	side_fini(&side);
}
END_TEST

START_TEST(body_is_refused_for_one_request_alone)
{
	struct text text = { .len = 0 };
	struct side side;
	size_t i;

	PUT(&text, unit_begin);
	PUT(&text, unit_params);
	PUT(&text, unit_body);
	side_init(&side);
	for (i = 0; i < 4; i++) {
		side.wants_body = i % 2 > 0;
		ck_assert_int_eq(side_take_all(&side, &text),
		    FCGI_EVENT_REQUEST);
		ck_assert_uint_eq(side.http.received, 3);
		ck_assert_uint_eq(side.http.body.len, i % 2 > 0 ? 3 : 0);
		side_answer(&side);
	}
	side_fini(&side);
}
END_TEST

/* One of each that is passed over, and all that may be cut into records. */
static void
put_varied(struct text *text)
{
	PUT(text, unit_late);
	PUT(text, "\1\1\0\1\0\10\5\0" "\0\1\1\0\0\0\0\0" "PPPPP");
	PUT(text, "\1\2\0\7\0\0\3\0PPP");
	PUT(text, "\1\4\0\1\0\3\1\0" "\1\200\0" "P");
	PUT(text, "\1\4\0\1\0\4\0\0" "\0\2Ab");
	PUT(text, unit_late);
	PUT(text, "\1\1\0\2\0\10\0\0" "\0\1\1\0\0\0\0\0");
	PUT(text, "\1\4\0\1\0\1\0\0" "c" "\1\4\0\1\0\0\2\0PP");
	PUT(text, "\1\5\0\1\0\2\7\0" "xyPPPPPPP" "\1\5\0\7\0\2\0\0" "no");
	PUT(text, "\1\5\0\1\0\1\0\0" "z" "\1\5\0\1\0\0\4\0PPPP");
}

/* Take a piece and answer what is in it, which is checked. How many it was. */
static size_t
serve(struct side *side, const char *bytes, size_t len)
{
	enum fcgi_event event = side_take(side, bytes, len);
	size_t count = 0;

	for (; event == FCGI_EVENT_REQUEST; event = side_go(side), count++) {
		side_has(side, "A=bc", "xyz");
		ck_assert(fcgi_is_kept(&side->fcgi));
		side_answer(side);
	}
	ck_assert_int_eq(event, FCGI_EVENT_MORE);
	return (count);
}

START_TEST(any_two_pieces_are_as_good_as_one)
{
	struct text text = { .len = 0 };
	struct side side;
	size_t at, count;

	put_varied(&text);
	put_varied(&text);
	for (at = 0; at <= text.len; at++) {
		side_init(&side);
		count = serve(&side, text.bytes, at);
		count += serve(&side, text.bytes + at, text.len - at);
		ck_assert_uint_eq(count, 2);
		ck_assert(fcgi_is_idle(&side.fcgi));
		side_fini(&side);
	}
}
END_TEST

START_TEST(pieces_of_any_size_are_as_good_as_one)
{
	struct text text = { .len = 0 };
	struct side side;
	size_t step, at, count;

	put_varied(&text);
	put_varied(&text);
	for (step = 1; step <= text.len; step++) {
		side_init(&side);
		for (at = count = 0; at + step <= text.len; at += step)
			count += serve(&side, text.bytes + at, step);
		count += serve(&side, text.bytes + at, text.len - at);
		ck_assert_uint_eq(count, 2);
		side_fini(&side);
	}
}
END_TEST

START_TEST(late_words_are_passed_over)
{
	struct text text = { .len = 0 };
	struct side side;

	/* On the very request that was answered, too, and with padding. */
	PUT(&text, "\1\2\0\1\0\0\10\0PPPPPPPP" "\1\5\0\1\0\0\0\0");
	PUT(&text, "\1\4\0\1\0\5\0\0" "\1\2AbX" "\1\115\0\1\0\1\0\0?");
	side_init(&side);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_MORE);
	ck_assert(fcgi_is_idle(&side.fcgi));
	text.len = 0;
	PUT(&text, unit_begin);
	PUT(&text, unit_params);
	PUT(&text, unit_body);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_REQUEST);
	side_has(&side, "A=bc", "xyz");
	side_fini(&side);
}
END_TEST

START_TEST(padding_behind_any_record_is_passed_over)
{
	char padding[255] = { 0 };
	struct text text = { .len = 0 };
	struct side side;

	PUT(&text, "\1\1\0\1\0\10\377\0" "\0\1\1\0\0\0\0\0");
	put(&text, padding, sizeof padding);
	PUT(&text, "\1\4\0\1\0\0\10\0PPPPPPPP" "\1\5\0\1\0\0\10\0PPPPPPPP");
	side_init(&side);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_REQUEST);
	ck_assert_ptr_null(side.variables[0]);
	side_answer(&side);
	ck_assert_int_eq(side_go(&side), FCGI_EVENT_MORE);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_REQUEST);
	side_fini(&side);
}
END_TEST

START_TEST(names_and_values_may_be_of_any_form)
{
	static const char pairs[] = "\0\0" "\0\1v" "\1\0n" "\3\3a=bc=d"
	    "\1\3NxN\0" "\200\0\0\1\1AB" "\1\200\0\0\1CD"
	    "\200\0\0\0\200\0\0\0" "\1\1zZ";
	static const char *const expected[] = { "=", "=v", "n=", "a=b=c=d",
	    "N=xN", "A=B", "C=D", "=", "z=Z" };
	const size_t count = sizeof expected / sizeof expected[0];
	struct text text = { .len = 0 };
	struct side side;
	size_t i;

	PUT(&text, unit_begin);
	put_record(&text, 4, pairs, sizeof pairs - 1);
	put_record(&text, 4, "", 0);
	side_init(&side);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_MORE);
	ck_assert_uint_eq(side.params_seen, 1);
	for (i = 0; i < count; i++)
		ck_assert_str_eq(side.variables[i], expected[i]);
	ck_assert_ptr_null(side.variables[count]);
	side_fini(&side);
}
END_TEST

START_TEST(what_the_service_reads_is_there)
{
	struct text text = { .len = 0 };
	struct side side;

	PUT(&text, unit_begin);
	put_param(&text, "REQUEST_METHOD", "POST");
	put_param(&text, "SCRIPT_NAME", "/save");
	put_param(&text, "HTTP_X_API_KEY", "one");
	put_param(&text, "HTTP_X_API_KEY", "two");
	put_param(&text, "CONTENT_LENGTH", "3");
	put_record(&text, 4, "", 0);
	PUT(&text, unit_body);
	side_init(&side);
	ck_assert_int_eq(side_take_by(&side, &text, 7), FCGI_EVENT_REQUEST);
	ck_assert_str_eq(side.http.method, "POST");
	ck_assert_str_eq(side.http.path, "/save");
	ck_assert_str_eq(side.http.api_key, "two");
	ck_assert_uint_eq(side.http.api_keys, 2);
	ck_assert_int_eq(http_body_status(&side.http), 0);
	side_fini(&side);
}
END_TEST

/* What is said of a body of len bytes that claims to be claim long. */
static int
status_of(const char *claim, size_t len)
{
	static char content[UNIT_MAX_BODY + 1];
	struct text text = { .len = 0 };
	struct side side;
	int status;

	PUT(&text, unit_begin);
	put_param(&text, "CONTENT_LENGTH", claim);
	put_record(&text, 4, "", 0);
	if (len > 0)
		put_record(&text, 5, content, len);
	put_record(&text, 5, "", 0);
	side_init(&side);
	ck_assert_int_eq(side_take_by(&side, &text, 1000),
	    FCGI_EVENT_REQUEST);
	ck_assert_uint_eq(side.http.received, len);
	status = http_body_status(&side.http);
	side_fini(&side);
	return (status);
}

START_TEST(length_of_a_body_is_judged_as_ever)
{
	ck_assert_int_eq(status_of("", 0), 0);
	ck_assert_int_eq(status_of("0", 0), 0);
	ck_assert_int_eq(status_of("1", 0), 400);
	ck_assert_int_eq(status_of("0", 1), 400);
	ck_assert_int_eq(status_of("999999999999999999999", 1), 400);
	ck_assert_int_eq(status_of("1024", UNIT_MAX_BODY), 0);
	ck_assert_int_eq(status_of("1025", UNIT_MAX_BODY), 400);
	ck_assert_int_eq(status_of("1025", UNIT_MAX_BODY + 1), 413);
	ck_assert_int_eq(status_of("1024", UNIT_MAX_BODY + 1), 413);
}
END_TEST

START_TEST(long_body_passes_in_pieces)
{
	static char content[60000];
	struct text text = { .len = 0 };
	struct side side;
	size_t i;

	for (i = 0; i < sizeof content; i++)
		content[i] = (char)(i % 251);
	PUT(&text, unit_begin);
	PUT(&text, unit_params);
	for (i = 0; i < 3; i++)
		put_record(&text, 5, content, sizeof content);
	put_record(&text, 5, content, 0);
	side_init(&side);
	side.http.body.max = 3 * sizeof content;
	ck_assert_int_eq(side_take_by(&side, &text, 16384),
	    FCGI_EVENT_REQUEST);
	ck_assert_uint_eq(side.http.body.len, 3 * sizeof content);
	for (i = 0; i < 3; i++)
		ck_assert_mem_eq(side.http.body.data + i * sizeof content,
		    content, sizeof content);
	side_fini(&side);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		whole_request_is_taken,
		connection_is_kept_only_when_it_is_asked_for,
		parameters_are_told_of_before_any_body,
		body_that_is_not_wanted_is_counted_alone,
		body_is_refused_for_one_request_alone,
		any_two_pieces_are_as_good_as_one,
		pieces_of_any_size_are_as_good_as_one,
		late_words_are_passed_over,
		padding_behind_any_record_is_passed_over,
		names_and_values_may_be_of_any_form,
		what_the_service_reads_is_there,
		length_of_a_body_is_judged_as_ever,
		long_body_passes_in_pieces,
	};

	return (unit_main("fcgi", tests, sizeof tests / sizeof tests[0]));
}
