/*
 * Line by line, out of a parcel or out of a file in clear. Judges no line.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "secrets/intake.h"
#include "ground/log.h"
#include "secrets/parcel.h"
#include "secrets/secret.h"

enum { PIECE_LEN = 65536 };

struct intake {
	FILE *from;
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
		n = (long)fread(intake->piece, 1, PIECE_LEN, intake->from);
		if (n == 0 && ferror(intake->from)) {
			log_error("reading failed: %s", strerror(errno));
			n = -1;
		}
	}
	*failed = n < 0;
	intake->is_over = n <= 0;
	intake->end = n <= 0 ? intake->at : intake->at + n;
	return (n > 0);
}

/* The file begins as a parcel does: go on in it. */
static int
open_parcel(struct intake *intake, const char *identity)
{
	unsigned char *key;

	if (identity == NULL) {
		log_error("this is sealed to a recipient: name the file of "
		    "the secret key with --identity");
		return (-1);
	}
	if ((key = recipient_load(identity)) == NULL)
		return (-1);
	intake->parcel = parcel_open(intake->from, key);
	secret_free(key);
	return (intake->parcel == NULL ? -1 : 0);
}

struct intake *
intake_open(FILE *from, const char *identity)
{
	struct intake *intake = secret_alloc(sizeof *intake);
	size_t n;

	if (intake == NULL)
		return (NULL);
	/* No second copy in stdio's own memory. */
	setvbuf(from, NULL, _IONBF, 0);
	intake->from = from;
	intake->parcel = NULL;
	intake->is_over = false;
	n = fread(intake->piece, 1, PARCEL_MAGIC_LEN, from);
	intake->at = intake->piece;
	intake->end = intake->piece + n;
	if (parcel_is(intake->piece, n)) {
		intake->at = intake->end;
		if (open_parcel(intake, identity) == -1) {
			intake_close(intake);
			intake = NULL;
		}
	}
	return (intake);
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
