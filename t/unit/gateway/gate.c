/* Records of a FastCGI peer: what passes, what ends a connection. */
#include "config.h"

#include <sys/socket.h>

#include "gateway/gate.h"
#include "ground/log.h"
#include "unit.h"

enum { ROOM = 300000 };

static const char begin[] = "\1\1\0\1\0\10\0\0" "\0\1\1\0\0\0\0\0";
static const char params[] = "\1\4\0\1\0\5\3\0" "\1\2AbcPAD" "\1\4\0\1\0\0\0\0";
static const char body[] = "\1\5\0\1\0\3\0\0xyz" "\1\5\0\1\0\0\0\0";
static const char late[] = "\1\2\0\7\0\0\0\0" "\1\5\0\7\0\2\1\0zzP";

/* A peer's bytes under way. */
struct text {
	char bytes[ROOM];
	size_t len;
};

static void
put(struct text *text, const char *bytes, size_t len)
{
	ck_assert_uint_le(text->len + len, sizeof text->bytes);
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
}

#define PUT(text, literal) put((text), (literal), sizeof (literal) - 1)

static void
put_record(struct text *text, char type, const char *content, size_t len)
{
	const char head[8] = { 1, type, 0, 1, (char)(len >> 8), (char)len };

	put(text, head, sizeof head);
	put(text, content, len);
}

/* One connection through one gate. */
struct door {
	struct gate *gate;
	int peer;
	int fd;
	int from;	/* what gate_open said */
};

static void
door_init(struct door *door)
{
	const int room = 2 * ROOM;
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	door->peer = pair[0];
	door->fd = pair[1];
	setsockopt(door->peer, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	door->gate = gate_new();
	ck_assert_ptr_nonnull(door->gate);
	door->from = -1;
}

static void
door_fini(struct door *door)
{
	gate_free(door->gate);
	close(door->peer);
	close(door->fd);
}

static void
door_open(struct door *door, const struct text *text)
{
	ck_assert_int_eq(write(door->peer, text->bytes, text->len),
	    (ssize_t)text->len);
	shutdown(door->peer, SHUT_WR);
	door->from = gate_open(door->gate, door->fd);
}

/* Read what was let through, to its end; returns how long it is. */
static size_t
drain(struct door *door, char *to, size_t room)
{
	size_t len = 0, body_len = 0, n;
	ssize_t got;

	do {
		n = gate_body(door->gate);
		body_len += n;
		while ((got = recv(door->from, to + len, room - len,
		    MSG_DONTWAIT)) > 0)
			len += (size_t)got;
	} while (n > 0);
	ck_assert_uint_le(body_len, len);
	return (len);
}

static void
is_cut_off(const struct text *text, const char *why)
{
	struct door door;

	door_init(&door);
	door_open(&door, text);
	ck_assert_int_eq(door.from, -1);
	unit_has(unit_log(), why);
	door_fini(&door);
}

START_TEST(whole_request_is_left_to_the_library)
{
	struct text text = { .len = 0 };
	struct door door;

	PUT(&text, begin);
	PUT(&text, params);
	PUT(&text, body);
	door_init(&door);
	door_open(&door, &text);
	ck_assert_int_eq(door.from, door.fd);
	ck_assert_uint_eq(gate_body(door.gate), 3);
	ck_assert_uint_eq(gate_body(door.gate), 0);
	ck_assert(gate_is_whole(door.gate));
	ck_assert(gate_is_clean(door.gate));
	door_fini(&door);
}
END_TEST

START_TEST(split_request_is_put_together_without_padding)
{
	static const char expected[] =
	    "\1\1\0\1\0\10\0\0" "\0\1\1\0\0\0\0\0" "\1\4\0\1\0\5\0\0" "\1\2Abc"
	    "\1\4\0\1\0\0\0\0" "\1\5\0\1\0\3\0\0xyz" "\1\5\0\1\0\0\0\0";
	char got[256];
	struct text text = { .len = 0 };
	struct door door;

	/* What is late and another's is why it is not plain. */
	PUT(&text, late);
	PUT(&text, begin);
	PUT(&text, late);
	PUT(&text, params);
	PUT(&text, late);
	PUT(&text, body);
	door_init(&door);
	door_open(&door, &text);
	ck_assert_int_ne(door.from, -1);
	ck_assert_int_ne(door.from, door.fd);
	ck_assert_uint_eq(drain(&door, got, sizeof got), sizeof expected - 1);
	ck_assert_mem_eq(got, expected, sizeof expected - 1);
	ck_assert(gate_is_whole(door.gate));
	door_fini(&door);
}
END_TEST

START_TEST(late_record_without_content_is_kept_from_the_library)
{
	char got[256];
	struct text text = { .len = 0 };
	struct door door;

	PUT(&text, "\1\2\0\1\0\0\10\0PPPPPPPP");
	PUT(&text, begin);
	PUT(&text, params);
	PUT(&text, body);
	door_init(&door);
	door_open(&door, &text);
	ck_assert_int_ne(door.from, -1);
	ck_assert_int_ne(door.from, door.fd);
	(void)drain(&door, got, sizeof got);
	ck_assert_mem_eq(got, begin, sizeof begin - 1);
	door_fini(&door);
}
END_TEST

START_TEST(padding_that_the_library_forgets_is_kept_from_it)
{
	static const char first[] = "\1\1\0\1\0\10\2\0" "\0\1\1\0\0\0\0\0PP"
	    "\1\4\0\1\0\0\0\0" "\1\5\0\1\0\0\0\0";
	static const char padded[] = "\1\4\0\1\0\0\10\0PPPPPPPP"
	    "\1\5\0\1\0\0\10\0PPPPPPPP";
	char got[256];
	struct text text = { .len = 0 };
	struct door door;

	PUT(&text, begin);
	PUT(&text, padded);
	door_init(&door);
	door_open(&door, &text);
	ck_assert_int_ne(door.from, door.fd);
	ck_assert_uint_eq(drain(&door, got, sizeof got), 16 + 8 + 8);
	ck_assert(gate_is_clean(door.gate));
	door_fini(&door);
	text.len = 0;
	PUT(&text, first);
	door_init(&door);
	door_open(&door, &text);
	ck_assert_int_ne(door.from, door.fd);
	ck_assert_uint_eq(drain(&door, got, sizeof got), 16 + 8 + 8);
	door_fini(&door);
}
END_TEST

START_TEST(request_cut_anywhere_is_none_or_has_no_whole_body)
{
	char got[256];
	struct text all = { .len = 0 }, text;
	struct door door;
	size_t len;

	PUT(&all, begin);
	PUT(&all, params);
	PUT(&all, body);
	for (len = 0; len < all.len; len++) {
		text = all;
		text.len = len;
		door_init(&door);
		door_open(&door, &text);
		if (len < sizeof begin - 1 + sizeof params - 1)
			ck_assert_int_eq(door.from, -1);
		else
			(void)drain(&door, got, sizeof got);
		ck_assert(!gate_is_whole(door.gate));
		door_fini(&door);
	}
}
END_TEST

START_TEST(bytes_behind_a_request_are_noticed)
{
	char got[256];
	struct text text = { .len = 0 };
	struct door door;

	PUT(&text, begin);
	PUT(&text, params);
	PUT(&text, body);
	PUT(&text, begin);
	door_init(&door);
	door_open(&door, &text);
	(void)drain(&door, got, sizeof got);
	ck_assert(gate_is_whole(door.gate));
	ck_assert(!gate_is_clean(door.gate));
	door_fini(&door);
}
END_TEST

START_TEST(long_body_passes_in_pieces)
{
	static char content[60000], got[ROOM];
	struct text text = { .len = 0 };
	struct door door;
	size_t i;

	memset(content, 'b', sizeof content);
	PUT(&text, begin);
	PUT(&text, params);
	for (i = 0; i < 3; i++)
		put_record(&text, 5, content, sizeof content);
	put_record(&text, 5, content, 0);
	door_init(&door);
	door_open(&door, &text);
	ck_assert_uint_gt(drain(&door, got, sizeof got), 3 * sizeof content);
	ck_assert(gate_is_whole(door.gate));
	door_fini(&door);
}
END_TEST

START_TEST(broken_rules_are_cut_off_and_named)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *why;
	} cases[] = {
#define CASE(literal, why) { (literal), sizeof (literal) - 1, (why) }
		CASE("GET / HTTP/1.1\r\n", "version 1"),
		CASE("\1\1\0\1\0\0\0\0", "no beginning"),
		CASE("\1\1\0\1\1\0\0\0", "no beginning"),
		CASE("\1\1\0\0\0\10\0\0", "management"),
		CASE("\1\11\0\0\0\2\0\0\0\0", "management"),
		CASE("\1\1\0\1\0\10\0\0" "\0\2\0\0\0\0\0\0", "responder"),
		CASE("\1\1\0\1\0\10\0\0" "\1\1\0\0\0\0\0\0", "responder"),
		CASE("\1\1\0\1\0\10\0\0" "\0\1\0\0\0\0\0\0"
		    "\1\5\0\1\0\0\0\0", "disorder"),
		CASE("\1\1\0\1\0\10\0\0" "\0\1\0\0\0\0\0\0"
		    "\1\1\0\1\0\10\0\0", "disorder"),
		CASE("\1\1\0\1\0\10\0\0" "\0\1\0\0\0\0\0\0"
		    "\1\11\0\0\0\6\0\0" "\x84\0\0\0\0\0", "management"),
#undef CASE
	};
	struct text text;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		text.len = 0;
		put(&text, cases[i].bytes, cases[i].len);
		is_cut_off(&text, cases[i].why);
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
		PUT(&text, begin);
		put_record(&text, 4, cases[i].bytes, cases[i].len);
		put_record(&text, 4, "", 0);
		is_cut_off(&text, cases[i].why);
	}
}
END_TEST

/* That many parameters of "a" without a value, and what is said of them. */
static void
are_passed(size_t count, bool yes)
{
	struct text text = { .len = 0 };
	struct door door;
	size_t i;

	PUT(&text, begin);
	for (i = 0; i < count; i++)
		put_record(&text, 4, "\1\0a", 3);
	put_record(&text, 4, "", 0);
	if (!yes) {
		is_cut_off(&text, "too many parameters");
		return;
	}
	door_init(&door);
	door_open(&door, &text);
	ck_assert_int_ne(door.from, -1);
	door_fini(&door);
}

START_TEST(number_of_parameters_has_a_limit)
{
	are_passed(GATE_PARAMS_MAX, true);
	are_passed(GATE_PARAMS_MAX + 1, false);
}
END_TEST

START_TEST(length_of_parameters_has_a_limit)
{
	static char longest[GATE_PARAMS_LEN];
	const unsigned char head[] = { 1, 0x80, 0, (GATE_PARAMS_LEN - 6) >> 8,
	    (GATE_PARAMS_LEN - 6) & 0xff, 'a' };
	struct text text = { .len = 0 };
	struct door door;

	memcpy(longest, head, sizeof head);
	PUT(&text, begin);
	put_record(&text, 4, longest, sizeof longest);
	put_record(&text, 4, "", 0);
	PUT(&text, body);
	door_init(&door);
	door_open(&door, &text);
	ck_assert_int_ne(door.from, -1);
	door_fini(&door);
	text.len = 0;
	PUT(&text, begin);
	put_record(&text, 4, longest, sizeof longest);
	put_record(&text, 4, "\0", 1);
	is_cut_off(&text, "its parameters are too long");
}
END_TEST

START_TEST(management_record_in_a_body_cuts_it)
{
	char got[256];
	struct text text = { .len = 0 };
	struct door door;

	PUT(&text, begin);
	PUT(&text, params);
	PUT(&text, "\1\5\0\1\0\3\0\0xyz" "\1\11\0\0\0\2\0\0\0\0");
	PUT(&text, body);
	door_init(&door);
	door_open(&door, &text);
	ck_assert_int_ne(door.from, -1);
	(void)drain(&door, got, sizeof got);
	ck_assert(!gate_is_whole(door.gate));
	unit_has(unit_log(), "management");
	door_fini(&door);
}
END_TEST

START_TEST(gate_serves_after_the_library_closed_its_end)
{
	char got[256];
	struct text text = { .len = 0 };
	struct door door, next;

	PUT(&text, late);
	PUT(&text, begin);
	PUT(&text, params);
	PUT(&text, body);
	door_init(&door);
	door_init(&next);
	door_open(&door, &text);
	close(door.from);
	gate_lost(door.gate);
	gate_free(next.gate);
	next.gate = door.gate;
	door.gate = NULL;
	door_open(&next, &text);
	(void)drain(&next, got, sizeof got);
	ck_assert(gate_is_whole(next.gate));
	door_fini(&door);
	door_fini(&next);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		whole_request_is_left_to_the_library,
		split_request_is_put_together_without_padding,
		late_record_without_content_is_kept_from_the_library,
		padding_that_the_library_forgets_is_kept_from_it,
		request_cut_anywhere_is_none_or_has_no_whole_body,
		bytes_behind_a_request_are_noticed,
		long_body_passes_in_pieces,
		broken_rules_are_cut_off_and_named,
		parameters_must_fit_their_lengths,
		number_of_parameters_has_a_limit,
		length_of_parameters_has_a_limit,
		management_record_in_a_body_cuts_it,
		gate_serves_after_the_library_closed_its_end,
	};

	return (unit_main("gate", tests, sizeof tests / sizeof tests[0]));
}
