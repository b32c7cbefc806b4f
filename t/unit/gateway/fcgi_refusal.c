/* What of a FastCGI peer's bytes is refused, and what cuts a body. */
#include "config.h"

#include "unit/unit_fcgi.h"

/* Refused in whatever pieces, with that in the log. */
static void
is_refused(const struct text *text, const char *why)
{
	static const size_t steps[] = { UNIT_ROOM, 1, 7, 4096 };
	struct side side;
	size_t i;

	for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		side_init(&side);
		ck_assert_int_eq(side_take_by(&side, text, steps[i]),
		    FCGI_EVENT_REFUSED);
		unit_has(unit_log(), why);
		ck_assert_uint_eq(side.params_seen, 0);
		ck_assert(!fcgi_is_kept(&side.fcgi));
		/* What comes later changes nothing. */
		ck_assert_int_eq(side_take_all(&side, text),
		    FCGI_EVENT_REFUSED);
		ck_assert_int_eq(fcgi_end(&side.fcgi, &side.request),
		    FCGI_EVENT_REFUSED);
		ck_assert_str_eq(unit_log(), "");
		side_fini(&side);
	}
}

/* The request is to be answered, and its body is not whole. */
static void
is_cut(const struct text *text, const char *why)
{
	static const size_t steps[] = { UNIT_ROOM, 1, 7, 4096 };
	struct side side;
	size_t i;

	for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		side_init(&side);
		ck_assert_int_eq(side_take_by(&side, text, steps[i]),
		    FCGI_EVENT_REQUEST);
		if (*why != '\0')
			unit_has(unit_log(), why);
		else
			ck_assert_str_eq(unit_log(), "");
		ck_assert(side.http.is_cut);
		ck_assert_int_eq(http_body_status(&side.http), 400);
		ck_assert(!fcgi_is_kept(&side.fcgi));
		side_answer(&side);
		ck_assert_int_eq(side_go(&side), FCGI_EVENT_REFUSED);
		side_fini(&side);
	}
}

START_TEST(broken_rules_are_refused_and_named)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *why;
	} cases[] = {
#define CASE(literal, why) { (literal), sizeof (literal) - 1, (why) }
		CASE("GET / HTTP/1.1\r\n", "version 1"),
		CASE("\0\1\0\1\0\10\0\0", "version 1"),
		CASE("\1\1\0\1\0\0\0\0", "no beginning"),
		CASE("\1\1\0\1\0\7\0\0", "no beginning"),
		CASE("\1\1\0\1\0\11\0\0", "no beginning"),
		CASE("\1\1\0\1\1\0\0\0", "no beginning"),
		CASE("\1\1\0\0\0\10\0\0", "management"),
		CASE("\1\11\0\0\0\2\0\0\0\0", "management"),
		CASE("\1\115\0\0\0\0\0\0", "management"),
		CASE("\1\1\0\1\0\10\0\0" "\0\2\0\0\0\0\0\0", "responder"),
		CASE("\1\1\0\1\0\10\0\0" "\0\3\0\0\0\0\0\0", "responder"),
		CASE("\1\1\0\1\0\10\0\0" "\0\0\0\0\0\0\0\0", "responder"),
		CASE("\1\1\0\1\0\10\0\0" "\1\1\0\0\0\0\0\0", "responder"),
		CASE("\1\1\0\1\0\10\0\0" "\0\1\0\0\0\0\0\0"
		    "\1\5\0\1\0\0\0\0", "disorder"),
		CASE("\1\1\0\1\0\10\0\0" "\0\1\0\0\0\0\0\0"
		    "\1\1\0\1\0\10\0\0", "disorder"),
		CASE("\1\1\0\1\0\10\0\0" "\0\1\0\0\0\0\0\0"
		    "\1\10\0\1\0\0\0\0", "disorder"),
		CASE("\1\1\0\1\0\10\0\0" "\0\1\0\0\0\0\0\0"
		    "\1\115\0\1\0\0\0\0", "disorder"),
		CASE("\1\1\0\1\0\10\0\0" "\0\1\0\0\0\0\0\0"
		    "\1\11\0\0\0\6\0\0" "\x84\0\0\0\0\0", "management"),
#undef CASE
	};
	struct text text;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		text.len = 0;
		put(&text, cases[i].bytes, cases[i].len);
		is_refused(&text, cases[i].why);
	}
}
END_TEST

START_TEST(parameters_must_fit_their_lengths)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *why;
	} cases[] = {
#define CASE(literal, why) { (literal), sizeof (literal) - 1, (why) }
		CASE("\1", "end in a length"),
		CASE("\x80\0", "end in a length"),
		CASE("\1\x80\0\0", "end in a length"),
		CASE("\1\0a\x80", "end in a length"),
		CASE("\1\0", "longer than all"),
		CASE("\1\1a", "longer than all"),
		CASE("\x84\0\0\0\0a", "longer than all"),
		CASE("\1\xff\xff\xff\xff" "a", "longer than all"),
		CASE("\xff\xff\xff\xfe\xff\xff\xff\xfe" "ab",
		    "longer than all"),
#undef CASE
	};
	struct text text;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		text.len = 0;
		PUT(&text, unit_begin);
		put_record(&text, 4, cases[i].bytes, cases[i].len);
		put_record(&text, 4, "", 0);
		is_refused(&text, cases[i].why);
	}
}
END_TEST

START_TEST(number_of_parameters_has_a_limit)
{
	struct text text = { .len = 0 };
	struct side side;
	size_t i;

	PUT(&text, unit_begin);
	for (i = 0; i < FCGI_PARAMS_MAX; i++)
		put_record(&text, 4, "\1\0a", 3);
	put_record(&text, 4, "", 0);
	side_init(&side);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_MORE);
	ck_assert_uint_eq(side.params_seen, 1);
	for (i = 0; i < FCGI_PARAMS_MAX; i++)
		ck_assert_str_eq(side.variables[i], "a=");
	ck_assert_ptr_null(side.variables[i]);
	side_fini(&side);

	text.len -= 8;
	put_record(&text, 4, "\0\0", 2);
	put_record(&text, 4, "", 0);
	is_refused(&text, "too many parameters");
}
END_TEST

START_TEST(length_of_parameters_has_a_limit)
{
	static char longest[FCGI_PARAMS_LEN];
	const unsigned char head[] = { 1, 0x80, 0, (FCGI_PARAMS_LEN - 6) >> 8,
	    (FCGI_PARAMS_LEN - 6) & 0xff, 'a' };
	struct text text = { .len = 0 };
	struct side side;

	memset(longest, 'v', sizeof longest);
	memcpy(longest, head, sizeof head);
	PUT(&text, unit_begin);
	put_record(&text, 4, longest, sizeof longest);
	put_record(&text, 4, "", 0);
	PUT(&text, unit_body);
	side_init(&side);
	ck_assert_int_eq(side_take_by(&side, &text, 10000),
	    FCGI_EVENT_REQUEST);
	ck_assert_uint_eq(strlen(side.variables[0]),
	    2 + FCGI_PARAMS_LEN - 6);
	side_fini(&side);

	/* One byte more, in the same record or the next: from its head on. */
	text.len = 0;
	PUT(&text, unit_begin);
	put_record(&text, 4, longest, sizeof longest);
	put_record(&text, 4, "\0", 1);
	text.len--;
	is_refused(&text, "its parameters are too long");
	text.len = 0;
	PUT(&text, unit_begin);
	put_record(&text, 4, longest, 1);
	put_record(&text, 4, longest, FCGI_PARAMS_LEN);
	is_refused(&text, "its parameters are too long");
}
END_TEST

START_TEST(request_cut_anywhere_is_none_or_has_no_whole_body)
{
	struct text text = { .len = 0 };
	struct side side;
	size_t len;

	PUT(&text, unit_begin);
	PUT(&text, unit_params);
	PUT(&text, unit_body);
	for (len = 0; len < text.len; len++) {
		side_init(&side);
		ck_assert_int_eq(side_take(&side, text.bytes, len),
		    FCGI_EVENT_MORE);
		if (len < sizeof unit_begin - 1 + sizeof unit_params - 1) {
			ck_assert_int_eq(fcgi_end(&side.fcgi, &side.request),
			    FCGI_EVENT_REFUSED);
		} else {
			ck_assert_int_eq(fcgi_end(&side.fcgi, &side.request),
			    FCGI_EVENT_REQUEST);
			ck_assert(side.http.is_cut);
			side_answer(&side);
		}
		ck_assert(!fcgi_is_kept(&side.fcgi));
		ck_assert_int_eq(side_go(&side), FCGI_EVENT_REFUSED);
		side_fini(&side);
	}
	ck_assert_str_eq(unit_log(), "");
}
END_TEST

START_TEST(end_behind_a_whole_request_does_not_cut_it)
{
	struct text text = { .len = 0 };
	struct side side;

	PUT(&text, unit_begin);
	PUT(&text, unit_params);
	PUT(&text, unit_body);
	side_init(&side);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_REQUEST);
	ck_assert_int_eq(fcgi_end(&side.fcgi, &side.request),
	    FCGI_EVENT_REQUEST);
	ck_assert(!side.http.is_cut);
	side_fini(&side);
}
END_TEST

START_TEST(broken_rules_in_a_body_cut_it)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *why;
	} cases[] = {
#define CASE(literal, why) { (literal), sizeof (literal) - 1, (why) }
		CASE("\1\11\0\0\0\2\0\0\0\0", "management"),
		CASE("\1\115\0\0\0\0\0\0", "management"),
		CASE("\1\4\0\1\0\0\0\0", "disorder"),
		CASE("\1\1\0\1\0\10\0\0", "disorder"),
		CASE("\1\10\0\1\0\0\0\0", "disorder"),
		CASE("\2\5\0\1\0\0\0\0", "version 1"),
		CASE("\1\2\0\1\0\0\0\0", ""),
#undef CASE
	};
	struct text text;
	size_t i, body;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (body = 0; body < 2; body++) {
			text.len = 0;
			PUT(&text, unit_begin);
			PUT(&text, unit_params);
			if (body > 0)
				PUT(&text, "\1\5\0\1\0\3\0\0xyz");
			put(&text, cases[i].bytes, cases[i].len);
			PUT(&text, unit_body);
			is_cut(&text, cases[i].why);
		}
	}
}
END_TEST

START_TEST(request_that_is_aborted_in_its_parameters_is_none)
{
	struct text text = { .len = 0 };

	PUT(&text, unit_begin);
	PUT(&text, "\1\2\0\1\0\0\0\0");
	is_refused(&text, "");
	text.len = 0;
	PUT(&text, unit_begin);
	PUT(&text, "\1\4\0\1\0\5\3\0" "\1\2AbcPAD" "\1\2\0\1\0\0\0\0");
	is_refused(&text, "");
}
END_TEST

/* Another's abortion is not this one's, nor its end. */
START_TEST(records_of_others_end_nothing)
{
	struct text text = { .len = 0 };
	struct side side;

	PUT(&text, unit_begin);
	PUT(&text, "\1\2\0\2\0\0\0\0" "\1\4\0\2\0\0\0\0");
	PUT(&text, unit_params);
	PUT(&text, "\1\2\0\2\0\0\0\0" "\1\5\0\2\0\0\0\0" "\1\1\0\2\0\0\0\0");
	PUT(&text, unit_body);
	side_init(&side);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_REQUEST);
	side_has(&side, "A=bc", "xyz");
	ck_assert(!side.http.is_cut);
	side_fini(&side);
}
END_TEST

START_TEST(next_request_is_judged_like_the_first)
{
	struct text text = { .len = 0 };
	struct side side;

	PUT(&text, unit_begin);
	PUT(&text, unit_params);
	PUT(&text, unit_body);
	PUT(&text, "\1\1\0\1\0\10\0\0" "\0\2\0\0\0\0\0\0");
	side_init(&side);
	ck_assert_int_eq(side_take_all(&side, &text), FCGI_EVENT_REQUEST);
	ck_assert(fcgi_is_kept(&side.fcgi));
	side_answer(&side);
	ck_assert_int_eq(side_go(&side), FCGI_EVENT_REFUSED);
	unit_has(unit_log(), "responder");
	side_fini(&side);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		broken_rules_are_refused_and_named,
		parameters_must_fit_their_lengths,
		number_of_parameters_has_a_limit,
		length_of_parameters_has_a_limit,
		request_cut_anywhere_is_none_or_has_no_whole_body,
		end_behind_a_whole_request_does_not_cut_it,
		broken_rules_in_a_body_cut_it,
		request_that_is_aborted_in_its_parameters_is_none,
		records_of_others_end_nothing,
		next_request_is_judged_like_the_first,
	};

	return (unit_main("fcgi_refusal", tests,
	    sizeof tests / sizeof tests[0]));
}
