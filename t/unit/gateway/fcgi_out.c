/* Answers as FastCGI records, read by the letter of the specification. */
#include "config.h"

#include "gateway/fcgi_out.h"
#include "ground/log.h"
#include "service/reply.h"
#include "unit/unit.h"

enum { ID = 0x1234 };

/*
 * Read one record of that type behind at; returns where its content is and
 * its length, and lets at stand behind it.
 */
static const unsigned char *
read_record(const unsigned char *bytes, size_t len, size_t *at, int type,
    size_t *content_len)
{
	const unsigned char *head = bytes + *at;
	size_t i, padding;

	ck_assert_uint_le(*at + 8, len);
	ck_assert_int_eq(head[0], 1);
	ck_assert_int_eq(head[1], type);
	ck_assert_int_eq(head[2] << 8 | head[3], ID);
	*content_len = (size_t)head[4] << 8 | head[5];
	padding = head[6];
	ck_assert_int_eq(head[7], 0);
	ck_assert_uint_lt(padding, 8);
	ck_assert_uint_eq((*content_len + padding) % 8, 0);
	*at += 8 + *content_len + padding;
	ck_assert_uint_le(*at, len);
	for (i = 0; i < padding; i++)
		ck_assert_int_eq(head[8 + *content_len + i], 0);
	return (head + 8);
}

/* Assert that the bytes are the answer with that text, and nothing else. */
static void
is_answer(const char *answer, size_t len, const char *text, size_t text_len)
{
	const unsigned char *bytes = (const unsigned char *)answer, *content;
	size_t at = 0, seen = 0, content_len, i;

	ck_assert_uint_eq(len, fcgi_out_len(text_len));
	while ((content = read_record(bytes, len, &at, 6, &content_len)) !=
	    NULL && content_len > 0) {
		ck_assert_uint_le(seen + content_len, text_len);
		ck_assert_mem_eq(content, text + seen, content_len);
		seen += content_len;
	}
	ck_assert_uint_eq(seen, text_len);
	content = read_record(bytes, len, &at, 3, &content_len);
	ck_assert_uint_eq(content_len, 8);
	for (i = 0; i < 8; i++)
		ck_assert_int_eq(content[i], 0);
	ck_assert_uint_eq(at, len);
}

/* Every length has been an answer. */
static void
is_framed(size_t len)
{
	static char text[200000];
	struct buf out;
	size_t i;

	ck_assert_uint_le(len, sizeof text);
	for (i = 0; i < len; i++)
		text[i] = (char)(i % 253 + 1);
	buf_init(&out, fcgi_out_len(len));
	fcgi_out_begin(&out);
	buf_put(&out, text, len);
	fcgi_out_end(&out, ID);
	ck_assert(!out.failed);
	is_answer(out.data, out.len, text, len);
	buf_fini(&out);
}

START_TEST(text_of_any_length_is_framed)
{
	size_t len;

	for (len = 0; len < 1100; len++)
		is_framed(len);
}
END_TEST

START_TEST(text_is_cut_into_records_where_they_end)
{
	static const size_t ends[] = { FCGI_OUT_ONE, 65536,
	    2 * (size_t)FCGI_OUT_ONE, 3 * (size_t)FCGI_OUT_ONE };
	size_t i, len;

	for (i = 0; i < sizeof ends / sizeof ends[0]; i++)
		for (len = ends[i] - 9; len <= ends[i] + 9; len++)
			is_framed(len);
}
END_TEST

START_TEST(short_text_is_one_record)
{
	ck_assert_uint_eq(fcgi_out_len(0), 8 + 16);
	ck_assert_uint_eq(fcgi_out_len(1), 8 + 8 + 8 + 16);
	ck_assert_uint_eq(fcgi_out_len(FCGI_OUT_ONE),
	    8 + FCGI_OUT_ONE + 8 + 16);
	ck_assert_uint_eq(fcgi_out_len(FCGI_OUT_ONE + 1),
	    8 + FCGI_OUT_ONE + 8 + 8 + 8 + 16);
	ck_assert_uint_eq(fcgi_out_len(FCGI_OUT_ONE - 7), FCGI_OUT_HEAD +
	    FCGI_OUT_ONE - 7 + FCGI_OUT_TAIL);
}
END_TEST

START_TEST(answer_without_room_fails_and_says_so)
{
	struct buf out;
	size_t max;

	for (max = 0; max < fcgi_out_len(100); max++) {
		buf_init(&out, max);
		fcgi_out_begin(&out);
		buf_put(&out, "0123456789", 10);
		(void)buf_grow(&out, 90);
		fcgi_out_end(&out, ID);
		ck_assert(out.failed);
		buf_fini(&out);
	}
}
END_TEST

START_TEST(last_resort_needs_no_memory)
{
	static const char id[] = "01890a5d-ac96-774b-bcce-b302099a8057";
	char answer[FCGI_OUT_HEAD + REPLY_FAILURE_MAX + FCGI_OUT_TAIL];
	char text[REPLY_FAILURE_MAX];
	struct reply reply;
	size_t len;

	reply_init(&reply, 0);
	len = reply_write_failure(&reply, id, false, text);
	ck_assert_uint_eq(reply_write_failure(&reply, id, false,
	    answer + FCGI_OUT_HEAD), len);
	reply_fini(&reply);
	ck_assert_uint_le(fcgi_out_len(len), sizeof answer);
	ck_assert_uint_le(fcgi_out_len(REPLY_FAILURE_MAX), sizeof answer);
	fcgi_out_frame(answer, len, ID);
	is_answer(answer, fcgi_out_len(len), text, len);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		text_of_any_length_is_framed,
		text_is_cut_into_records_where_they_end,
		short_text_is_one_record,
		answer_without_room_fails_and_says_so,
		last_resort_needs_no_memory,
	};

	return (unit_main("fcgi_out", tests, sizeof tests / sizeof tests[0]));
}
