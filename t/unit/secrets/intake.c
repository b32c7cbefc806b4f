/* Lines out of a pipe whose writer takes his time, in clear and sealed. */
#include "config.h"

#include "secrets/intake.h"
#include "secrets/parcel.h"
#include "secrets/secret.h"
#include "unit/unit.h"

enum { LINE_LEN = 100, LINE = 10, PARCEL_HEAD = PARCEL_MAGIC_LEN + 80 + 24,
    PARCEL_ROOM = 100000 };

/*
 * A pipe into which a part goes whenever the reader would wait. What was read
 * by then is noted: the number of lines.
 */
struct source {
	struct input input;
	int to;
	const char *bytes;
	size_t parts[8];	/* their ends; 0: no more */
	size_t at;
	int next;
	int lines;		/* that were read */
	int lines_at[8];	/* before each part */
	int stops_at;		/* this wait is none; 0: all are */
	int fails_at;		/* from then on no read goes well */
};

static int
write_part(void *cookie)
{
	struct source *source = cookie;
	size_t end = source->parts[source->next], n = end - source->at;

	source->lines_at[source->next++] = source->lines;
	if (source->next == source->stops_at)
		return (-1);
	if (source->next == source->fails_at)
		return (dup2(open(".", O_RDONLY | O_CLOEXEC),
		    source->input.fd) == -1 ? -1 : 0);
	if (end == 0)
		return (close(source->to));
	ck_assert_int_eq(write(source->to, source->bytes + source->at, n),
	    (ssize_t)n);
	source->at = end;
	return (0);
}

static void
begin(struct source *source, const char *bytes)
{
	int ends[2];

	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(pipe(ends), 0);
	source->input = (struct input){ ends[0], write_part, source };
	source->to = ends[1];
	source->bytes = bytes;
}

static enum intake_rc
next(struct source *source, struct intake *intake, struct buf *line)
{
	enum intake_rc rc = intake_line(intake, line);

	if (rc == INTAKE_LINE || rc == INTAKE_TOO_LONG)
		source->lines++;
	return (rc);
}

static void
has_line(struct source *source, struct intake *intake, const char *text)
{
	struct buf line;

	buf_init(&line, LINE_LEN);
	ck_assert_int_eq(next(source, intake, &line), INTAKE_LINE);
	ck_assert_str_eq(buf_text(&line), text);
	buf_fini(&line);
}

static void
ends_with(struct source *source, struct intake *intake, enum intake_rc rc)
{
	struct buf line;

	buf_init(&line, LINE_LEN);
	ck_assert_int_eq(next(source, intake, &line), rc);
	buf_fini(&line);
	intake_close(intake);
}

START_TEST(line_is_read_before_the_next_is_there)
{
	struct source source = { .parts = { 2, 29, 33, 35 } };
	struct intake *intake;

	begin(&source, "x\n12345678901234567890\nthree\nfour\n\n");
	intake = intake_open(&source.input, NULL);
	ck_assert_ptr_nonnull(intake);
	has_line(&source, intake, "x");
	has_line(&source, intake, "12345678901234567890");
	has_line(&source, intake, "three");
	has_line(&source, intake, "four");
	has_line(&source, intake, "");
	ends_with(&source, intake, INTAKE_END);
	ck_assert_int_eq(source.lines_at[0], 0);
	ck_assert_int_eq(source.lines_at[1], 1);
	ck_assert_int_eq(source.lines_at[2], 3);
	ck_assert_int_eq(source.lines_at[3], 3);
	ck_assert_int_eq(source.lines_at[4], 5);
}
END_TEST

START_TEST(line_that_is_too_long_is_one_line)
{
	char text[3 * LINE_LEN];
	struct source source = { .parts = { LINE_LEN / 2, sizeof text } };
	struct intake *intake;
	struct buf line;

	memset(text, 'x', sizeof text);
	text[LINE_LEN + 1] = text[2 * LINE_LEN + 2] = '\n';
	begin(&source, text);
	intake = intake_open(&source.input, NULL);
	buf_init(&line, LINE_LEN);
	ck_assert_int_eq(next(&source, intake, &line), INTAKE_TOO_LONG);
	ck_assert_int_eq(next(&source, intake, &line), INTAKE_LINE);
	ck_assert_uint_eq(line.len, LINE_LEN);
	ck_assert_int_eq(next(&source, intake, &line), INTAKE_LINE);
	ck_assert_uint_eq(line.len, LINE_LEN - 3);
	buf_fini(&line);
	ends_with(&source, intake, INTAKE_END);
}
END_TEST

/* A parcel of so many lines of nine characters; its size. */
static size_t
seal(int lines, char *bytes, unsigned char **secret_key)
{
	unsigned char public_key[RECIPIENT_KEY_LEN];
	char text[RECIPIENT_TEXT_LEN + 1];
	FILE *file = fopen("parcel", "w+");
	struct parcel_writer *parcel;
	size_t len;

	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(recipient_create("key", text), 0);
	ck_assert_int_eq(recipient_read(text, public_key), 0);
	*secret_key = recipient_load("key");
	ck_assert_ptr_nonnull(*secret_key);
	parcel = parcel_begin(file, public_key);
	while (lines-- > 0)
		parcel_put(parcel, "123456789\n", LINE);
	ck_assert_int_eq(parcel_end(parcel), 0);
	rewind(file);
	len = fread(bytes, 1, PARCEL_ROOM, file);
	fclose(file);
	return (len);
}

START_TEST(parcel_is_read_piece_by_piece)
{
	enum { LINES = 7000, IN_PIECE = 65536 / LINE,
	    SECOND = PARCEL_HEAD + 65536 + 17 };
	static char bytes[PARCEL_ROOM];
	unsigned char *secret_key;
	size_t len = seal(LINES, bytes, &secret_key);
	struct source source = { .parts = { 30, 65000, SECOND, SECOND + 9,
	    len } };
	struct intake *intake;
	int i;

	begin(&source, bytes);
	intake = intake_open(&source.input, secret_key);
	ck_assert_ptr_nonnull(intake);
	for (i = 0; i < LINES; i++)
		has_line(&source, intake, "123456789");
	ends_with(&source, intake, INTAKE_END);
	secret_free(secret_key);
	ck_assert_int_eq(source.lines_at[2], 0);
	ck_assert_int_eq(source.lines_at[3], IN_PIECE);
	ck_assert_int_eq(source.lines_at[4], IN_PIECE);
	/* Whether it is the end shows at the end alone. */
	ck_assert_int_eq(source.lines_at[5], IN_PIECE);
}
END_TEST

/* Nobody says that it is the parcel's fault. */
static void
is_told_once(const char *what)
{
	const char *log = unit_log();

	unit_has(log, what);
	ck_assert_ptr_eq(strchr(log, '\n') + 1, log + strlen(log));
}

START_TEST(failure_to_read_is_told_once)
{
	static char bytes[PARCEL_ROOM];
	unsigned char *secret_key;
	struct source source = { .parts = { 0 } };
	size_t len = seal(1, bytes, &secret_key);
	size_t ends[] = { 0, PARCEL_MAGIC_LEN, PARCEL_HEAD, len };
	struct intake *intake;
	size_t i;

	for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		source = (struct source){ .parts = { ends[i] } };
		begin(&source, bytes);
		source.fails_at = ends[i] > 0 ? 2 : 1;
		intake = intake_open(&source.input, secret_key);
		ck_assert((intake == NULL) == (i < 2));
		if (intake != NULL)
			ends_with(&source, intake, INTAKE_FAILED);
		is_told_once("reading failed: ");
	}
	secret_free(secret_key);
}
END_TEST

START_TEST(who_is_told_of_a_wait_may_end_it)
{
	struct source source = { .parts = { 30, 33 } };
	struct intake *intake;

	begin(&source, "123456789\n123456789\n123456789\nfour\n");
	source.stops_at = 2;
	intake = intake_open(&source.input, NULL);
	has_line(&source, intake, "123456789");
	has_line(&source, intake, "123456789");
	has_line(&source, intake, "123456789");
	ends_with(&source, intake, INTAKE_FAILED);
	ck_assert_str_eq(unit_log(), "");
	begin(&source, "");
	source.next = 0;
	source.stops_at = 1;
	ck_assert_ptr_null(intake_open(&source.input, NULL));
	ck_assert_str_eq(unit_log(), "");
}
END_TEST

START_TEST(parcel_without_a_key_is_refused)
{
	static char bytes[PARCEL_ROOM];
	unsigned char *secret_key;
	size_t len = seal(1, bytes, &secret_key);
	struct source source = { .parts = { len } };

	begin(&source, bytes);
	ck_assert_ptr_null(intake_open(&source.input, NULL));
	is_told_once("--identity");
	secret_free(secret_key);
	intake_close(NULL);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		line_is_read_before_the_next_is_there,
		line_that_is_too_long_is_one_line,
		parcel_is_read_piece_by_piece,
		failure_to_read_is_told_once,
		who_is_told_of_a_wait_may_end_it,
		parcel_without_a_key_is_refused,
	};

	return (unit_main("intake", tests, sizeof tests / sizeof tests[0]));
}
