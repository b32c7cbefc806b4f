/* Lines on standard error, read from a socket that keeps writes apart. */
#include "config.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include "ground/log.h"
#include "unit/unit.h"

enum { LINE_ROOM = 8192, STAMP_LEN = 28, LONG = 2000, MANY = 2000 };

static int sink[2];

/* From here on standard error is a socket of which each read is one write. */
static void
listen_in(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sink), 0);
	ck_assert_int_eq(dup2(sink[1], STDERR_FILENO), STDERR_FILENO);
}

/* The next line without its moment, as a text; empty when there is none. */
static void
next_line(char line[LINE_ROOM])
{
	ssize_t len = recv(sink[0], line, LINE_ROOM - 1, MSG_DONTWAIT);

	line[0] = len == -1 ? '\0' : line[0];
	if (len == -1)
		return;
	line[len] = '\0';
	ck_assert_int_gt(len, 0);
	ck_assert_ptr_eq(strchr(line, '\n'), line + len - 1);
	line[len - 1] = '\0';
}

/* The next line is that text behind its moment. */
static void
logs(const char *expected)
{
	char line[LINE_ROOM];

	next_line(line);
	ck_assert_uint_gt(strlen(line), STAMP_LEN);
	ck_assert_int_eq(line[10], 'T');
	ck_assert_int_eq(line[STAMP_LEN - 2], 'Z');
	ck_assert_str_eq(line + STAMP_LEN, expected);
}

static void
logs_nothing(void)
{
	char line[LINE_ROOM];

	next_line(line);
	ck_assert_str_eq(line, "");
}

START_TEST(line_has_moment_level_event_and_pairs)
{
	listen_in();
	log_event(LOG_LEVEL_INFO, "request", "method", "POST", "status", "200",
	    NULL);
	logs("info request method=POST status=200");
	logs_nothing();
}
END_TEST

START_TEST(info_and_above_is_logged_before_log_open)
{
	listen_in();
	log_event(LOG_LEVEL_DEBUG, "a", NULL);
	logs_nothing();
	log_info("b");
	logs("info b");
	log_warning("c");
	logs("warning c");
	log_error("d");
	logs("error d");
}
END_TEST

START_TEST(level_decides_what_is_logged)
{
	listen_in();
	log_open(LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	log_warning("a");
	logs_nothing();
	log_error("b");
	logs("error b");
	log_open(LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
	log_event(LOG_LEVEL_DEBUG, "c", NULL);
	logs("debug c");
}
END_TEST

START_TEST(message_is_formatted)
{
	listen_in();
	log_error("file %s: %d bytes", "a b", 7);
	logs("error file a b: 7 bytes");
}
END_TEST

START_TEST(message_stays_one_line)
{
	listen_in();
	log_error("a\nb\r\tc\x1b[31m");
	logs("error a b  c [31m");
}
END_TEST

START_TEST(null_value_is_left_out_with_its_name)
{
	listen_in();
	log_event(LOG_LEVEL_INFO, "e", "a", NULL, "b", "1", "c", NULL, NULL);
	logs("info e b=1");
}
END_TEST

START_TEST(strange_values_are_quoted_and_escaped)
{
	listen_in();
	log_event(LOG_LEVEL_INFO, "e", "a", "", "b", "two words", "c", "x=y",
	    "d", "q\"\\", "e", "1\n2\r3\x1b\x7f\xc3\xa9", NULL);
	logs("info e a=\"\" b=\"two words\" c=\"x=y\" d=\"q\\\"\\\\\" "
	    "e=\"1\\x0a2\\x0d3\\x1b\\x7f\\xc3\\xa9\"");
}
END_TEST

START_TEST(value_cannot_forge_a_line)
{
	listen_in();
	log_event(LOG_LEVEL_INFO, "e", "path",
	    "/\n2024-01-15T10:30:00.000000Z info request status=200", NULL);
	logs("info e path=\"/\\x0a2024-01-15T10:30:00.000000Z info request "
	    "status=200\"");
	logs_nothing();
}
END_TEST

START_TEST(value_is_cut_at_256_bytes)
{
	char value[300], expected[300] = "info e a=";

	memset(value, 'x', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	memset(expected + 9, 'x', 256);
	listen_in();
	log_event(LOG_LEVEL_INFO, "e", "a", value, NULL);
	logs(expected);
}
END_TEST

START_TEST(many_long_values_stay_one_write)
{
	char value[300], line[LINE_ROOM];

	memset(value, '\n', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	listen_in();
	log_event(LOG_LEVEL_INFO, "e", "a", value, "b", value, "c", value,
	    "d", value, "e", value, "f", value, "g", value, NULL);
	next_line(line);
	unit_has(line, "info e a=\"\\x0a");
	logs_nothing();
}
END_TEST

START_TEST(request_id_goes_into_every_line_of_its_thread)
{
	listen_in();
	log_request_id("the-id");
	log_event(LOG_LEVEL_INFO, "e", "a", "1", NULL);
	logs("info e id=the-id a=1");
	log_error("m");
	logs("error m id=the-id");
	log_request_id(NULL);
	log_error("m");
	logs("error m");
}
END_TEST

static void *
log_elsewhere(void *cookie)
{
	(void)cookie;
	log_error("elsewhere");
	return (NULL);
}

START_TEST(request_id_is_not_another_threads)
{
	pthread_t thread;

	listen_in();
	log_request_id("the-id");
	ck_assert_int_eq(pthread_create(&thread, NULL, log_elsewhere, NULL),
	    0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	logs("error elsewhere");
}
END_TEST

/* The next line is that JSON between its moment and its end. */
static void
logs_json(const char *expected)
{
	char line[LINE_ROOM], text[LINE_ROOM];

	next_line(line);
	ck_assert_uint_gt(strlen(line), 37);
	ck_assert_mem_eq(line, "{\"time\":\"", 9);
	ck_assert_mem_eq(line + 35, "Z\",", 3);
	snprintf(text, sizeof text, "%s", line + 38);
	ck_assert_str_eq(text, expected);
}

START_TEST(json_line_is_an_object)
{
	listen_in();
	log_open(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	log_request_id("the-id");
	log_event(LOG_LEVEL_INFO, "e", "a", "1", "b", NULL, "c", "", NULL);
	logs_json("\"level\":\"info\",\"event\":\"e\",\"id\":\"the-id\","
	    "\"a\":\"1\",\"c\":\"\"}");
	log_request_id(NULL);
	log_error("no \"such\" file: %s", "a\\b");
	logs_json("\"level\":\"error\","
	    "\"event\":\"no \\\"such\\\" file: a\\\\b\"}");
}
END_TEST

START_TEST(json_values_are_escaped)
{
	listen_in();
	log_open(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	log_event(LOG_LEVEL_INFO, "e", "a", "x=\"\\\n\xc3\xa9", NULL);
	logs_json("\"level\":\"info\",\"event\":\"e\","
	    "\"a\":\"x=\\\"\\\\\\\\x0a\\\\xc3\\\\xa9\"}");
}
END_TEST

START_TEST(json_line_too_long_is_still_an_object)
{
	char line[LINE_ROOM], text[LONG];

	memset(text, '\xc3', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	listen_in();
	log_open(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	log_error("%s", text);
	next_line(line);
	ck_assert_uint_gt(strlen(line), LONG);
	ck_assert_str_eq(line + strlen(line) - 2, "\"}");
}
END_TEST

struct diverted {
	enum log_level level;
	char message[64];
};

static void
take_message(void *cookie, enum log_level level, const char *message)
{
	struct diverted *diverted = cookie;

	diverted->level = level;
	snprintf(diverted->message, sizeof diverted->message, "%s", message);
}

START_TEST(messages_can_be_diverted)
{
	struct diverted diverted = { .level = LOG_LEVEL_DEBUG };
	char line[LINE_ROOM];

	listen_in();
	log_divert(take_message, &diverted);
	log_error("no file %s\n", "x");
	ck_assert_int_eq(diverted.level, LOG_LEVEL_ERROR);
	ck_assert_str_eq(diverted.message, "no file x ");
	log_warning("odd");
	ck_assert_int_eq(diverted.level, LOG_LEVEL_WARNING);
	next_line(line);
	ck_assert_str_eq(line, "");
	log_divert(NULL, NULL);
	log_error("again");
	logs("error again");
}
END_TEST

START_TEST(held_lines_come_with_the_start)
{
	struct pollfd input = { .events = POLLIN };

	listen_in();
	input.fd = sink[0];
	log_hold();
	log_error("a");
	logs_nothing();
	ck_assert_int_eq(log_start(), 0);
	ck_assert_int_eq(poll(&input, 1, -1), 1);
	logs("error a");
	log_error("b");
	log_end();
	logs("error b");
	logs_nothing();
}
END_TEST

/*
 * So many lines that nobody reads them, and then the one that says so, as far
 * as it is the last of those that came with it.
 */
static void
lose(char line[LINE_ROOM])
{
	char text[LINE_ROOM];
	ssize_t len;
	int i;

	listen_in();
	log_hold();
	ck_assert_int_eq(log_start(), 0);
	for (i = 0; i < MANY; i++)
		log_error("%01000d", i);
	do {
		len = recv(sink[0], text, sizeof text - 1, 0);
		ck_assert_int_gt(len, 1);
		text[len] = '\0';
	} while (strstr(text, " lost: ") == NULL);
	snprintf(line, LINE_ROOM, "%s", (char *)memrchr(text, '\n',
	    (size_t)len - 1) + 1);
}

START_TEST(a_loss_is_told)
{
	char line[LINE_ROOM];

	lose(line);
	unit_has(line, "Z warning ");
	unit_has(line, " lines of this log were lost: its reader stalled, or "
	    "its disk was full\n");
}
END_TEST

START_TEST(a_loss_is_told_as_an_object_in_json)
{
	char line[LINE_ROOM];

	log_open(LOG_FORMAT_JSON, LOG_LEVEL_ERROR);
	lose(line);
	ck_assert_mem_eq(line, "{\"time\":\"", 9);
	unit_has(line, "\",\"level\":\"warning\",\"event\":\"");
	unit_has(line, " disk was full\"}\n");
}
END_TEST

/* Standard error is a terminal; what is written to it by now. */
static int
open_terminal(void)
{
	int ours = posix_openpt(O_RDWR | O_NOCTTY), theirs;

	ck_assert_int_ne(ours, -1);
	ck_assert_int_eq(grantpt(ours), 0);
	ck_assert_int_eq(unlockpt(ours), 0);
	theirs = open(ptsname(ours), O_RDWR | O_NOCTTY);
	ck_assert_int_eq(dup2(theirs, STDERR_FILENO), STDERR_FILENO);
	close(theirs);
	return (ours);
}

/* One line; what was written at once may come in pieces. */
static void
read_line(int terminal, char text[LINE_ROOM])
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read(terminal, text + len, LINE_ROOM - 1 - len);
		ck_assert_int_gt(n, 0);
		len += (size_t)n;
		text[len] = '\0';
	} while (strchr(text, '\n') == NULL && len < LINE_ROOM - 1);
}

static void
shows(int terminal, const char *expected)
{
	char text[LINE_ROOM];

	read_line(terminal, text);
	ck_assert_str_eq(text, expected);
}

START_TEST(people_read_messages_on_their_terminal)
{
	int terminal = open_terminal();

	log_people("prog");
	log_open(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	log_error("no file %s\n", "\"x\"");
	shows(terminal, "prog: no file \"x\" \r\n");
	log_warning("odd");
	shows(terminal, "prog: warning: odd\r\n");
	log_info("done");
	shows(terminal, "prog: done\r\n");
}
END_TEST

START_TEST(a_terminal_alone_is_not_for_people)
{
	char line[LINE_ROOM];
	int terminal = open_terminal();

	log_error("a");
	read_line(terminal, line);
	ck_assert_uint_gt(strlen(line), STAMP_LEN);
	ck_assert_str_eq(line + STAMP_LEN, "error a\r\n");
}
END_TEST

START_TEST(without_a_terminal_people_get_the_log)
{
	listen_in();
	log_people("prog");
	log_error("a");
	logs("error a");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		line_has_moment_level_event_and_pairs,
		info_and_above_is_logged_before_log_open,
		level_decides_what_is_logged,
		message_is_formatted,
		message_stays_one_line,
		null_value_is_left_out_with_its_name,
		strange_values_are_quoted_and_escaped,
		value_cannot_forge_a_line,
		value_is_cut_at_256_bytes,
		many_long_values_stay_one_write,
		request_id_goes_into_every_line_of_its_thread,
		request_id_is_not_another_threads,
		json_line_is_an_object,
		json_values_are_escaped,
		json_line_too_long_is_still_an_object,
		messages_can_be_diverted,
		held_lines_come_with_the_start,
		a_loss_is_told,
		a_loss_is_told_as_an_object_in_json,
		people_read_messages_on_their_terminal,
		a_terminal_alone_is_not_for_people,
		without_a_terminal_people_get_the_log,
	};

	return (unit_main("log", tests, sizeof tests / sizeof tests[0]));
}
