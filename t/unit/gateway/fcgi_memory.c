/*
 * FastCGI requests and memory: what is asked for, what happens when there is
 * none, and that nothing of a request stays in it.
 */
#include "config.h"

#include "unit/unit_fcgi.h"
#include "unit/unit_heap.h"

static const char word[] = "needle-in-the-hay";

/* As side_take, with an eye on the heap. */
static enum fcgi_event
take(struct side *side, const char *bytes, size_t len)
{
	static char piece[UNIT_ROOM];
	enum fcgi_event event;
	size_t i;

	memcpy(piece, bytes, len);
	heap_on();
	fcgi_lend(&side->fcgi, piece, len);
	event = side_go(side);
	fcgi_give_back(&side->fcgi, &side->request);
	heap_off();
	for (i = 0; i < len; i++)
		if (piece[i] != 0)
			ck_abort_msg("byte %zu of %zu is left", i, len);
	return (event);
}

static void
answer(struct side *side)
{
	heap_on();
	side_answer(side);
	heap_off();
}

static void
finish(struct side *side)
{
	heap_on();
	side_fini(side);
	heap_off();
}

/* The word in the parameters and the body, some of either around it. */
static void
put_secret(struct text *text, size_t more)
{
	char hay[4000];

	ck_assert_uint_lt(more, sizeof hay);
	memset(hay, 'h', more);
	hay[more] = '\0';
	PUT(text, unit_begin);
	put_param(text, "HTTP_X_API_KEY", word);
	put_param(text, "HAY", hay);
	put_param(text, word, word);
	put_record(text, 4, "", 0);
	put_record(text, 5, word, sizeof word - 1);
	if (more > 0)
		put_record(text, 5, hay, more);
	put_record(text, 5, word, sizeof word - 1);
	put_record(text, 5, "", 0);
}

/* Of a buffer that had len bytes in use nothing is left. */
static void
is_clean(const struct buf *buf, size_t len)
{
	size_t i;

	for (i = 0; buf->cap > 0 && i < len; i++)
		ck_assert_int_eq(buf->data[i], 0);
}

START_TEST(idle_connection_takes_no_memory)
{
	struct side side;
	size_t i;

	heap_begin(0, NULL);
	side_init(&side);
	for (i = 0; i < sizeof unit_late - 1; i++)
		ck_assert_int_eq(take(&side, unit_late + i, 1),
		    FCGI_EVENT_MORE);
	ck_assert_int_eq(take(&side, unit_begin, 15), FCGI_EVENT_MORE);
	ck_assert_int_eq(fcgi_end(&side.fcgi, &side.request),
	    FCGI_EVENT_REFUSED);
	finish(&side);
	ck_assert_uint_eq(heap.count, 0);
	ck_assert_uint_le(sizeof side.fcgi, 128);
}
END_TEST

START_TEST(length_that_is_only_claimed_takes_no_memory)
{
	struct text text = { .len = 0 };
	struct side side;

	heap_begin(0, NULL);
	side_init(&side);
	PUT(&text, unit_begin);
	PUT(&text, "\1\4\0\1\377\377\377\0" "\177\377\377\377\377abc");
	ck_assert_int_eq(take(&side, text.bytes, text.len), FCGI_EVENT_MORE);
	ck_assert_uint_le(heap.bytes, 1024);
	finish(&side);

	text.len = 0;
	PUT(&text, unit_begin);
	put_param(&text, "CONTENT_LENGTH", "1000000000");
	put_record(&text, 4, "", 0);
	PUT(&text, "\1\5\0\1\377\377\377\0" "{");
	heap_begin(0, NULL);
	side_init(&side);
	side.http.body.max = 1 << 30;
	ck_assert_int_eq(take(&side, text.bytes, text.len), FCGI_EVENT_MORE);
	ck_assert_uint_le(heap.bytes, 2048);
	finish(&side);
}
END_TEST

START_TEST(nothing_of_a_request_stays_when_it_is_over)
{
	static const size_t steps[] = { UNIT_ROOM, 1, 3, 100, 1000 };
	struct text text = { .len = 0 };
	struct side side;
	size_t i, at, len, params, body;
	enum fcgi_event event;

	put_secret(&text, 3000);
	for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		heap_begin(0, word);
		side_init(&side);
		side.http.body.max = UNIT_ROOM;
		for (at = 0; at < text.len; at += len) {
			len = text.len - at < steps[i] ? text.len - at :
			    steps[i];
			event = take(&side, text.bytes + at, len);
		}
		ck_assert_int_eq(event, FCGI_EVENT_REQUEST);
		unit_has(side.variables[0], word);
		params = side.request.params.len;
		body = side.http.body.len;
		answer(&side);
		is_clean(&side.request.params, params);
		is_clean(&side.http.body, body);
		unit_lacks(&side.fcgi, sizeof side.fcgi, word);
		finish(&side);
		ck_assert_uint_eq(heap.words, 0);
	}
}
END_TEST

START_TEST(nothing_of_a_refused_request_stays)
{
	struct text all = { .len = 0 }, text;
	struct side side;
	size_t at, params, i;

	put_secret(&all, 10);
	for (at = 16; at < all.len; at++) {
		text = all;
		text.bytes[at] ^= 0x55;
		heap_begin(0, word);
		side_init(&side);
		if (take(&side, text.bytes, text.len) == FCGI_EVENT_MORE)
			ck_assert_int_ne(fcgi_end(&side.fcgi, &side.request),
			    FCGI_EVENT_MORE);
		params = side.request.params.len;
		heap_on();
		fcgi_request_reset(&side.request);
		heap_off();
		is_clean(&side.request.params, params);
		finish(&side);
		for (i = 0; i < sizeof side.fcgi.head; i++)
			ck_assert_int_eq(side.fcgi.head[i], 0);
		ck_assert_uint_eq(heap.words, 0);
	}
}
END_TEST

START_TEST(held_requests_are_wiped_one_by_one)
{
	struct text text = { .len = 0 };
	struct side side;
	const struct buf *held = &side.fcgi.held;
	enum fcgi_event event;
	size_t whole;

	put_secret(&text, 0);
	whole = text.len;
	put_secret(&text, 0);
	put_secret(&text, 0);
	heap_begin(0, word);
	side_init(&side);
	ck_assert_int_eq(take(&side, text.bytes, text.len),
	    FCGI_EVENT_REQUEST);
	answer(&side);
	ck_assert_uint_eq(held->len, 2 * whole);
	ck_assert_int_eq(side_go(&side), FCGI_EVENT_REQUEST);
	answer(&side);
	is_clean(held, whole);
	ck_assert_ptr_nonnull(memmem(held->data, held->len, word,
	    sizeof word - 1));
	ck_assert_int_eq(side_go(&side), FCGI_EVENT_REQUEST);
	answer(&side);
	is_clean(held, 2 * whole);
	heap_on();
	event = side_go(&side);
	heap_off();
	ck_assert_int_eq(event, FCGI_EVENT_MORE);
	ck_assert_ptr_null(held->data);
	/* Or the connection ends before they are served. */
	ck_assert_int_eq(take(&side, text.bytes, text.len),
	    FCGI_EVENT_REQUEST);
	finish(&side);
	ck_assert_uint_eq(heap.words, 0);
}
END_TEST

enum outcome { ALL, NO_PARAMS, NO_BODY, NO_HELD, OUTCOMES };

/* A request, in pieces, and the next one with its last piece. */
static enum outcome
talk_without(size_t fail_at)
{
	struct text text = { .len = 0 };
	struct side side;
	enum fcgi_event event = FCGI_EVENT_MORE;
	enum outcome outcome;
	size_t at, end;

	put_secret(&text, 3000);
	end = text.len;
	put_secret(&text, 0);
	heap_begin(fail_at, word);
	side_init(&side);
	side.http.body.max = UNIT_ROOM;
	for (at = 0; at + 500 < end && event == FCGI_EVENT_MORE; at += 500)
		event = take(&side, text.bytes + at, 500);
	if (event == FCGI_EVENT_MORE)
		event = take(&side, text.bytes + at, text.len - at);
	if (event == FCGI_EVENT_REFUSED) {
		unit_has(unit_log(), "out of memory for its parameters");
		outcome = NO_PARAMS;
	} else {
		ck_assert_int_eq(event, FCGI_EVENT_REQUEST);
		ck_assert(side.http.body.failed == side.http.is_cut);
		outcome = side.http.body.failed ? NO_BODY :
		    fcgi_is_kept(&side.fcgi) ? ALL : NO_HELD;
		if (outcome == NO_HELD)
			unit_has(unit_log(), "out of memory");
		answer(&side);
		heap_on();
		event = side_go(&side);
		heap_off();
		ck_assert_int_eq(event, outcome == NO_HELD ?
		    FCGI_EVENT_REFUSED : FCGI_EVENT_REQUEST);
	}
	finish(&side);
	ck_assert_uint_eq(heap.words, 0);
	return (outcome);
}

START_TEST(each_allocation_may_fail_in_its_turn)
{
	size_t fail_at = 0, seen[OUTCOMES] = { 0 };

	do
		seen[talk_without(++fail_at)]++;
	while (heap.count >= fail_at);
	ck_assert_uint_gt(seen[NO_PARAMS], 1);
	ck_assert_uint_gt(seen[NO_BODY], 1);
	ck_assert_uint_eq(seen[NO_HELD], 1);
	ck_assert_uint_gt(seen[ALL], 0);
}
END_TEST

/* What was not taken yet is the body, and cannot be held. */
START_TEST(body_that_cannot_be_held_is_our_failure)
{
	struct text text = { .len = 0 };
	struct side side;
	enum fcgi_event event;

	put_secret(&text, 0);
	heap_begin(2, word);
	side_init(&side);
	heap_on();
	fcgi_lend(&side.fcgi, text.bytes, text.len);
	event = fcgi_next(&side.fcgi, &side.request);
	fcgi_give_back(&side.fcgi, &side.request);
	heap_off();
	ck_assert_int_eq(event, FCGI_EVENT_PARAMS);
	ck_assert_int_eq(fcgi_next(&side.fcgi, &side.request),
	    FCGI_EVENT_REQUEST);
	ck_assert(side.http.is_cut);
	ck_assert(side.http.body.failed);
	ck_assert(!fcgi_is_kept(&side.fcgi));
	unit_lacks(text.bytes, sizeof text.bytes, word);
	finish(&side);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		nothing_of_a_request_stays_when_it_is_over,
		nothing_of_a_refused_request_stays,
		held_requests_are_wiped_one_by_one,
		/* From here on with a heap of our own. */
		idle_connection_takes_no_memory,
		length_that_is_only_claimed_takes_no_memory,
		each_allocation_may_fail_in_its_turn,
		body_that_cannot_be_held_is_our_failure,
	};

	return (unit_main("fcgi_memory", tests, UNIT_HAS_HEAP ?
	    sizeof tests / sizeof tests[0] : 3));
}
