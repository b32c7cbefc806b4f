/* Lines to a pipe or a socket, of which this test is the reader. */
#include "config.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "ground/ident.h"
#include "ground/spool.h"
#include "unit/unit.h"

enum { READ_MAX = 4 << 20, LINE_LEN = 100, MANY = 40000, SOON_MS = 400,
    SHORT_US = 2000 };

static int ends[2];

static size_t
tell(char *room, size_t size, uint64_t lost)
{
	return ((size_t)snprintf(room, size, "lost %llu\n",
	    (unsigned long long)lost));
}

static void
begin_pipe(void)
{
	ck_assert_int_eq(pipe(ends), 0);
	spool_open(ends[1], tell);
}

static void
begin_socket(int type)
{
	ck_assert_int_eq(socketpair(AF_UNIX, type, 0, ends), 0);
	spool_open(ends[1], tell);
}

static void
make_line(char line[LINE_LEN + 1], unsigned number)
{
	char digits[16];
	int len = snprintf(digits, sizeof digits, "%u", number);

	memset(line, '.', LINE_LEN);
	memcpy(line, digits, (size_t)len);
	memcpy(line + LINE_LEN - 1, "\n", 2);
}

/* Lines of equal length with their numbers, first to before end. */
static void
put_lines(unsigned first, unsigned end)
{
	char line[LINE_LEN + 1];

	for (; first < end; first++) {
		make_line(line, first);
		spool_put(line, LINE_LEN);
	}
}

/* Read until text ends in what, which is the end of all. */
static char *
read_until(const char *what)
{
	char *text = calloc(1, READ_MAX);
	size_t len = 0, tail = strlen(what);
	ssize_t n;

	ck_assert_ptr_nonnull(text);
	while (len < tail || strcmp(text + len - tail, what) != 0) {
		n = read(ends[0], text + len, READ_MAX - 1 - len);
		ck_assert_int_gt(n, 0);
		len += (size_t)n;
		text[len] = '\0';
	}
	return (text);
}

/* Read lines and numbers of lost ones until they are all. */
static char *
read_until_all(unsigned all)
{
	char *text = calloc(1, READ_MAX), *at = text, *end;
	size_t len = 0;
	unsigned got = 0, lost;
	ssize_t n;

	ck_assert_ptr_nonnull(text);
	while (got < all) {
		n = read(ends[0], text + len, READ_MAX - 1 - len);
		ck_assert_int_gt(n, 0);
		len += (size_t)n;
		for (; (end = strchr(at, '\n')) != NULL; at = end + 1)
			got += sscanf(at, "lost %u", &lost) == 1 ? lost : 1;
	}
	return (text);
}

/* Lines of first and behind it, as they were put; returns the next number. */
static unsigned
count_lines(const char **text, unsigned first)
{
	char want[LINE_LEN + 1];

	for (;; first++, *text += LINE_LEN) {
		make_line(want, first);
		if (strncmp(*text, want, LINE_LEN) != 0)
			return (first);
	}
}

START_TEST(lines_before_the_start_are_not_lost)
{
	char *text;

	begin_pipe();
	spool_put("a\n", 2);
	ck_assert_int_eq(spool_start(), 0);
	spool_put("b\n", 2);
	text = read_until("b\n");
	ck_assert_str_eq(text, "a\nb\n");
	free(text);
}
END_TEST

START_TEST(without_a_start_the_close_writes_all)
{
	char *text;

	begin_pipe();
	put_lines(0, 100);
	spool_put("end\n", 4);
	spool_close(60000);
	text = read_until("end\n");
	ck_assert_uint_eq(strlen(text), 100 * LINE_LEN + 4);
	free(text);
}
END_TEST

/*
 * Lines that nobody reads until all are put: each is there, in its place, or
 * among the number that stands there. Where the thread comes late, there are
 * several.
 */
static void
check_gaps(void)
{
	unsigned gaps = 0, lost, next;
	const char *at;
	char *text;
	int used;

	ck_assert_int_eq(spool_start(), 0);
	put_lines(0, MANY);
	text = read_until_all(MANY);
	at = text;
	for (next = count_lines(&at, 0); next < MANY; gaps++) {
		ck_assert_int_eq(sscanf(at, "lost %u\n%n", &lost, &used), 1);
		ck_assert_uint_gt(lost, 0);
		at += used;
		next = count_lines(&at, next + lost);
	}
	ck_assert_uint_eq(next, MANY);
	ck_assert_str_eq(at, "");
	ck_assert_uint_ge(gaps, 1);
	free(text);
	put_lines(0, 100);
	spool_put("end\n", 4);
	at = text = read_until("end\n");
	ck_assert_uint_eq(count_lines(&at, 0), 100);
	ck_assert_str_eq(at, "end\n");
	free(text);
}

START_TEST(what_finds_no_room_is_counted)
{
	begin_pipe();
	check_gaps();
}
END_TEST

START_TEST(a_pipe_that_does_not_block_is_the_same)
{
	begin_pipe();
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_WRONLY | O_NONBLOCK), 0);
	check_gaps();
}
END_TEST

START_TEST(a_stream_socket_is_the_same)
{
	begin_socket(SOCK_STREAM);
	check_gaps();
}
END_TEST

START_TEST(a_datagram_has_whole_lines)
{
	char text[2 * SPOOL_LINE_MAX];
	int got = 0;
	ssize_t n;

	begin_socket(SOCK_SEQPACKET);
	put_lines(0, 1000);
	ck_assert_int_eq(spool_start(), 0);
	for (; got < 1000; got += (int)n / LINE_LEN) {
		n = recv(ends[0], text, sizeof text, 0);
		ck_assert_int_gt(n, 0);
		ck_assert_int_le(n, SPOOL_LINE_MAX);
		ck_assert_int_eq(n % LINE_LEN, 0);
	}
}
END_TEST

START_TEST(the_longest_line_goes_out_in_one_piece)
{
	char line[SPOOL_LINE_MAX], text[2 * SPOOL_LINE_MAX];
	int i;

	begin_socket(SOCK_SEQPACKET);
	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\n';
	for (i = 0; i < 10; i++)
		spool_put(line, sizeof line);
	ck_assert_int_eq(spool_start(), 0);
	for (i = 0; i < 10; i++) {
		ck_assert_int_eq(recv(ends[0], text, sizeof text, 0),
		    SPOOL_LINE_MAX);
		ck_assert_mem_eq(text, line, sizeof line);
	}
}
END_TEST

START_TEST(the_close_waits_no_longer_than_it_is_told)
{
	int64_t began_ms;

	begin_pipe();
	ck_assert_int_eq(spool_start(), 0);
	put_lines(0, MANY);
	began_ms = ident_monotonic_ms();
	spool_close(SOON_MS);
	ck_assert_int_ge(ident_monotonic_ms() - began_ms, SOON_MS);
	put_lines(0, MANY);		/* nor does who comes too late */
}
END_TEST

/* From a line to its close, by a process of its own: in far less than a nap. */
static void
close_soon(void)
{
	int64_t began_us;

	begin_pipe();
	ck_assert_int_eq(spool_start(), 0);
	began_us = ident_monotonic_us();
	spool_put("a\n", 2);
	spool_close(60000);
	exit(ident_monotonic_us() - began_us < SHORT_US ? EXIT_SUCCESS : 2);
}

/* A process that serves one request must not wait for lines to come. */
START_TEST(the_close_waits_for_no_more_lines)
{
	int status;
	pid_t pid;

	do {
		if ((pid = fork()) == 0)
			close_soon();
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFEXITED(status));
	} while (WEXITSTATUS(status) == 2);
	ck_assert_int_eq(WEXITSTATUS(status), EXIT_SUCCESS);
}
END_TEST

START_TEST(without_a_reader_the_close_does_not_wait)
{
	int64_t began_ms;

	signal(SIGPIPE, SIG_IGN);
	begin_pipe();
	close(ends[0]);
	ck_assert_int_eq(spool_start(), 0);
	put_lines(0, MANY);
	began_ms = ident_monotonic_ms();
	spool_close(UNIT_SECONDS * 1000);
	ck_assert_int_lt(ident_monotonic_ms() - began_ms,
	    UNIT_SECONDS * 1000);
}
END_TEST

/* A file that is full, and has room again later. */
START_TEST(a_file_that_had_no_room_has_the_line_whole)
{
	char text[64] = "";
	int fd = open("file", O_RDWR | O_CREAT | O_APPEND, 0600), reader;
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(ftruncate(fd, 10), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 20;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	spool_open(fd, tell);
	ck_assert_int_eq(spool_start(), 0);
	spool_put("0123456789abcdef\n", 17);
	reader = open("file", O_RDONLY);
	/* As much as there was room for. */
	while (lseek(reader, 0, SEEK_END) < 20)
		sched_yield();
	ck_assert_int_eq(pread(reader, text, sizeof text, 10), 10);
	ck_assert_str_eq(text, "0123456789");
	/* logrotate's copytruncate. */
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	while (lseek(reader, 0, SEEK_END) < 7)
		sched_yield();
	ck_assert_int_eq(pread(reader, text, sizeof text, 0), 7);
	ck_assert_mem_eq(text, "abcdef\n", 7);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		lines_before_the_start_are_not_lost,
		without_a_start_the_close_writes_all,
		what_finds_no_room_is_counted,
		a_pipe_that_does_not_block_is_the_same,
		a_stream_socket_is_the_same,
		a_datagram_has_whole_lines,
		the_longest_line_goes_out_in_one_piece,
		the_close_waits_no_longer_than_it_is_told,
		the_close_waits_for_no_more_lines,
		without_a_reader_the_close_does_not_wait,
		a_file_that_had_no_room_has_the_line_whole,
	};

	return (unit_main("spool", tests, sizeof tests / sizeof tests[0]));
}
