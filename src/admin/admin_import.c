/*
 * strongroom import: integrations of another system, line by line. Each is on
 * the disk before it is reported, and one that is there is left as it is, so
 * an import that was broken off is simply run again.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "body/import_row.h"
#include "secrets/intake.h"
#include "secrets/keeper.h"
#include "body/json.h"
#include "ground/log.h"
#include "store/writer.h"

enum { LINE_ROOM = 65536, WHY_MAX = 1 << 20, PROGRESS_LINES = 500,
    SEAL_TRIES = 3 };

/* What became of a line. */
enum outcome { IMPORTED, THERE_ALREADY, REFUSED, OUTCOMES };

static const char *const outcome_words[OUTCOMES] = { "imported", "exists",
    "refused" };

struct import {
	const struct admin *admin;
	struct keeper *keeper;
	struct writer *writer;
	struct import_row row;
	struct buf line;
	struct buf why;			/* of a refusal, JSON */
	long number;			/* of the line */
	long counts[OUTCOMES];
};

/* A line for programs. */
static int
tell_json(const struct import *import, enum outcome outcome)
{
	const struct integration *row = &import->row.draft.save.row;
	struct json_out *out = json_out_object();
	int rc;

	json_out_number(out, "line", import->number);
	json_out_text(out, "outcome", outcome_words[outcome]);
	if (outcome == REFUSED) {
		json_out_raw(out, "why", import->why.data, import->why.len);
	} else {
		json_out_text(out, "created_by", row->created_by);
		json_out_text(out, "unique_identifier",
		    row->unique_identifier);
	}
	rc = json_out_print(out);
	json_out_free(out);
	return (rc);
}

/* A line for people: number, outcome, identifier or reason. */
static int
tell(struct import *import, enum outcome outcome)
{
	const struct integration *row = &import->row.draft.save.row;

	import->counts[outcome]++;
	if (import->admin->is_json)
		return (tell_json(import, outcome));
	if (outcome != REFUSED)
		json_put_string(&import->why, row->unique_identifier,
		    strlen(row->unique_identifier));
	return (printf("%ld\t%s\t%.*s\n", import->number,
	    outcome_words[outcome], (int)import->why.len,
	    import->why.data) < 0 ? -1 : 0);
}

static int
refuse(struct import *import, const char *why)
{
	buf_puts(&import->why, "{\"detail\":");
	json_put_string(&import->why, why, strlen(why));
	buf_putc(&import->why, '}');
	return (tell(import, REFUSED));
}

/* A box whose master key is not in use any more is sealed again. */
static enum store_rc
seal_and_save(struct import *import)
{
	struct draft *draft = &import->row.draft;
	enum store_rc rc = STORE_SEAL_AGAIN;
	int tries, sealed;

	for (tries = 0; rc == STORE_SEAL_AGAIN && tries < SEAL_TRIES;
	    tries++) {
		sealed = draft_seal(draft, keeper_borrow(import->keeper,
		    writer_active_key(import->writer)));
		keeper_return(import->keeper);
		if (sealed == -1)
			return (STORE_UNAVAILABLE);
		draft->save.old_key_will_do = tries > 0;
		rc = writer_save(import->writer, &draft->save);
	}
	return (rc);
}

static int
save(struct import *import)
{
	switch (seal_and_save(import)) {
	case STORE_OK:
		return (tell(import, IMPORTED));
	case STORE_EXISTS:
		return (tell(import, THERE_ALREADY));
	case STORE_ROW_FAILED:
		return (refuse(import, "its integration_id is in use for "
		    "another identifier or owner"));
	case STORE_BUSY:
		log_error("the database is busy: try again");
		return (-1);
	default:
		return (-1);
	}
}

static int
import_line(struct import *import)
{
	buf_reset(&import->why, import->why.cap);
	if (import->line.failed)
		return (refuse(import, "the line is too long; max_body in "
		    "the configuration is the limit"));
	switch (import_row_read(&import->row, &import->line,
	    import->admin->user, &import->why)) {
	case IMPORT_ROW:
		return (save(import));
	case IMPORT_REFUSED:
		return (tell(import, REFUSED));
	default:
		return (-1);
	}
}

static void
show_progress(const struct import *import, bool is_over)
{
	const long *counts = import->counts;

	if (!is_over && (import->number % PROGRESS_LINES != 0 ||
	    !isatty(STDERR_FILENO)))
		return;
	fprintf(stderr, "%s%ld lines: %ld imported, %ld there already, "
	    "%ld refused%s", isatty(STDERR_FILENO) ? "\r" : "",
	    import->number, counts[IMPORTED], counts[THERE_ALREADY],
	    counts[REFUSED], is_over ? "\n" : "");
}

/* All lines; 0 when every one was dealt with. */
static int
import_all(struct import *import, struct intake *intake)
{
	enum intake_rc rc;

	while ((rc = intake_line(intake, &import->line)) == INTAKE_LINE ||
	    rc == INTAKE_TOO_LONG) {
		import->number++;
		if (rc == INTAKE_LINE && import->line.len == 0)
			continue;
		if (import_line(import) == -1) {
			log_error("stopped at line %ld; all lines before it "
			    "are dealt with: run it again to go on",
			    import->number);
			return (-1);
		}
		show_progress(import, false);
	}
	show_progress(import, true);
	return (rc == INTAKE_END ? 0 : -1);
}

enum admin_rc
admin_import(const struct admin *admin)
{
	struct import import = { .admin = admin };
	enum admin_rc result = ADMIN_FAILED;
	struct intake *intake = NULL;
	struct keyring *keyring = NULL;
	struct store *store = NULL;
	enum admin_rc opened;
	size_t max_line = (size_t)admin->conf.max_body + LINE_ROOM;

	buf_init(&import.line, max_line);
	buf_init(&import.why, WHY_MAX);
	import_row_init(&import.row, max_line);
	/* Opened once to see that key file and database fit. */
	opened = admin_open(admin, STORE_WRITE, &store, &keyring);
	if (opened != ADMIN_DONE) {
		result = opened;
		goto done;
	}
	store_close(store);
	import.keeper = keeper_open(admin->conf.master_key_file);
	if (import.keeper == NULL ||
	    writer_open(&import.writer, &admin->store) != STORE_OK ||
	    (intake = intake_open(stdin, admin->identity)) == NULL)
		goto done;
	if (import_all(&import, intake) == 0 && import.counts[REFUSED] == 0 &&
	    fflush(stdout) == 0)
		result = ADMIN_DONE;
done:
	intake_close(intake);
	writer_close(import.writer);
	keeper_close(import.keeper);
	keyring_free(keyring);
	import_row_fini(&import.row);
	buf_fini(&import.why);
	buf_fini(&import.line);
	return (result);
}
