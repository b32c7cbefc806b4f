/* What a descriptor has, as it comes, and who is told before it is waited. */
#include "config.h"

#include <sched.h>

#include "ground/input.h"
#include "unit/unit.h"

enum { ROOM = 64 };

/* A pipe whose other end writes when the reader is about to wait. */
struct source {
	struct input input;
	int to;
	const char *const *more;	/* a text each time; NULL: the end */
	int idles;
	int ends_at;			/* this time says no; 0: none */
};

static int
write_more(void *cookie)
{
	struct source *source = cookie;
	const char *text = source->more[source->idles++];

	if (source->idles == source->ends_at)
		return (-1);
	if (text == NULL)
		ck_assert_int_eq(close(source->to), 0);
	else
		ck_assert_int_eq(write(source->to, text, strlen(text)),
		    (ssize_t)strlen(text));
	return (0);
}

static void
begin(struct source *source, const char *const *more)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	*source = (struct source){ .input = { ends[0], write_more, source },
	    .to = ends[1], .more = more };
}

/* The next bytes are that text. */
static void
comes(const struct input *input, const char *text)
{
	char bytes[ROOM];
	ssize_t n = input_some(input, bytes, sizeof bytes);

	ck_assert_int_eq(n, (ssize_t)strlen(text));
	ck_assert_mem_eq(bytes, text, strlen(text));
}

START_TEST(what_is_there_comes_before_anybody_is_told_of_a_wait)
{
	static const char *const more[] = { "cd", "e", NULL };
	struct source source;

	begin(&source, more);
	ck_assert_int_eq(write(source.to, "ab", 2), 2);
	comes(&source.input, "ab");
	ck_assert_int_eq(source.idles, 0);
	comes(&source.input, "cd");
	ck_assert_int_eq(source.idles, 1);
	comes(&source.input, "e");
	comes(&source.input, "");
	ck_assert_int_eq(source.idles, 3);
	comes(&source.input, "");	/* an end is no wait */
	ck_assert_int_eq(source.idles, 3);
}
END_TEST

START_TEST(whoever_is_told_may_end_the_reading)
{
	static const char *const more[] = { "ab", "cd" };
	struct source source;
	char bytes[ROOM];

	begin(&source, more);
	source.ends_at = 2;
	ck_assert_int_eq(input_all(&source.input, bytes, 3), -1);
	ck_assert_int_eq(source.idles, 2);
	ck_assert_str_eq(unit_log(), "");
}
END_TEST

START_TEST(descriptor_that_does_not_block_is_waited_for)
{
	static const char *const more[] = { "ab", NULL };
	struct source source;

	begin(&source, more);
	ck_assert_int_eq(fcntl(source.input.fd, F_SETFL, O_NONBLOCK), 0);
	comes(&source.input, "ab");
	comes(&source.input, "");
	ck_assert_int_eq(source.idles, 2);
}
END_TEST

/* Return when a process sleeps. */
static void
await_sleep(pid_t pid)
{
	char path[64], state = 'R';
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	while (state != 'S') {
		sched_yield();
		file = fopen(path, "r");
		if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			state = 'S';
		fclose(file);
	}
}

START_TEST(wait_without_anybody_to_tell_is_one)
{
	struct input input;
	int ends[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	input = (struct input){ .fd = ends[0] };
	ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	if ((pid = fork()) == 0) {
		await_sleep(getppid());
		_exit(write(ends[1], "ab", 2) != 2);
	}
	close(ends[1]);
	comes(&input, "ab");
	comes(&input, "");
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

START_TEST(all_is_as_much_as_was_asked_for_or_there_is)
{
	static const char *const more[] = { "ab", "cde", "f", NULL };
	struct source source;
	char bytes[ROOM];

	begin(&source, more);
	ck_assert_int_eq(input_all(&source.input, bytes, 4), 4);
	ck_assert_mem_eq(bytes, "abcd", 4);
	ck_assert_int_eq(source.idles, 2);
	ck_assert_int_eq(input_all(&source.input, bytes, 4), 2);
	ck_assert_mem_eq(bytes, "ef", 2);
	ck_assert_int_eq(input_all(&source.input, bytes, 4), 0);
	ck_assert_int_eq(source.idles, 4);
}
END_TEST

START_TEST(file_is_never_waited_for)
{
	struct source source = { .input = { .idle = write_more } };
	char bytes[ROOM];

	source.input.cookie = &source;
	source.input.fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(pwrite(source.input.fd, "abc", 3, 0), 3);
	ck_assert_int_eq(input_all(&source.input, bytes, ROOM), 3);
	ck_assert_int_eq(source.idles, 0);
}
END_TEST

START_TEST(failure_is_told_once)
{
	struct input input = { .fd = open(".", O_RDONLY | O_CLOEXEC) };
	char bytes[ROOM];
	const char *log;

	ck_assert_int_eq(input_all(&input, bytes, ROOM), -1);
	log = unit_log();
	unit_has(log, "reading failed: Is a directory");
	ck_assert_ptr_eq(strchr(log, '\n') + 1, log + strlen(log));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_there_comes_before_anybody_is_told_of_a_wait,
		whoever_is_told_may_end_the_reading,
		descriptor_that_does_not_block_is_waited_for,
		wait_without_anybody_to_tell_is_one,
		all_is_as_much_as_was_asked_for_or_there_is,
		file_is_never_waited_for,
		failure_is_told_once,
	};

	return (unit_main("input", tests, sizeof tests / sizeof tests[0]));
}
