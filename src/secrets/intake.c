/*
 * Line by line, out of a parcel or out of a file in clear. Judges no line.
 */
#include "config.h"

#include <string.h>

#include "ground/log.h"
#include "secrets/intake.h"
#include "secrets/parcel.h"
#include "secrets/secret.h"

enum { PIECE_LEN = 65536 };

struct intake {
	const struct input *from;
	struct parcel_reader *parcel;	/* NULL: in clear */
	const char *at;			/* what was read and not yet taken */
	const char *end;
	bool is_over;
	char piece[PIECE_LEN];
};

/* Read more; false at the end, and at a failure, which is logged. */
static bool
fill(struct intake *intake, bool *failed)
{
	long n;

	if (intake->is_over)
		return (false);
	if (intake->parcel != NULL) {
		n = parcel_next(intake->parcel, &intake->at);
	} else {
		intake->at = intake->piece;
		n = input_some(intake->from, intake->piece, PIECE_LEN);
	}
	*failed = n < 0;
	intake->is_over = n <= 0;
	intake->end = n <= 0 ? intake->at : intake->at + n;
	return (n > 0);
}

/* The file begins as a parcel does: go on in it. */
static int
open_parcel(struct intake *intake, const unsigned char *identity)
{
	if (identity == NULL) {
		log_error("this is sealed to a recipient: name the file of "
		    "the secret key with --identity");
		return (-1);
	}
	intake->parcel = parcel_open(intake->from, identity);
	return (intake->parcel == NULL ? -1 : 0);
}

/*
 * Read as many bytes as a parcel's magic has, or the first line where that is
 * shorter: whoever sends it may wait to hear of it.
 */
static int
read_magic(struct intake *intake)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < PARCEL_MAGIC_LEN &&
	    memchr(intake->piece, '\n', len) == NULL) {
		n = input_some(intake->from, intake->piece + len,
		    PARCEL_MAGIC_LEN - len);
		if (n > 0)
			len += (size_t)n;
	}
	intake->at = intake->piece;
	intake->end = intake->piece + len;
	return (n == -1 ? -1 : 0);
}

struct intake *
intake_open(const struct input *from, const unsigned char *identity)
{
	struct intake *intake = secret_alloc(sizeof *intake);

	if (intake == NULL)
		return (NULL);
	intake->from = from;
	intake->parcel = NULL;
	intake->is_over = false;
	if (read_magic(intake) == -1)
		goto fail;
	if (parcel_is(intake->piece, (size_t)(intake->end - intake->at))) {
		intake->at = intake->end;
		if (open_parcel(intake, identity) == -1)
			goto fail;
	}
	return (intake);
fail:
	intake_close(intake);
	return (NULL);
}

enum intake_rc
intake_line(struct intake *intake, struct buf *line)
{
	bool failed = false, has_begun = false;
	const char *newline;
	size_t len;

	buf_reset(line, line->cap);
	while (intake->at < intake->end || fill(intake, &failed)) {
		has_begun = true;
		len = (size_t)(intake->end - intake->at);
		newline = memchr(intake->at, '\n', len);
		if (newline != NULL)
			len = (size_t)(newline - intake->at);
		buf_put(line, intake->at, len);
		intake->at += len + (newline != NULL);
		if (newline != NULL)
			break;
	}
	if (failed)
		return (INTAKE_FAILED);
	if (!has_begun)
		return (INTAKE_END);
	return (line->failed ? INTAKE_TOO_LONG : INTAKE_LINE);
}

void
intake_close(struct intake *intake)
{
	if (intake == NULL)
		return;
	parcel_close(intake->parcel);
	secret_free(intake);
}
