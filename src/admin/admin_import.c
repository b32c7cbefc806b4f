/*
 * strongroom import: integrations of another system, line by line. Each is on
 * the disk before it is reported, and one that is there is left as it is, so
 * an import that was broken off is simply run again.
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/admin_import_group.h"
#include "ground/log.h"
#include "secrets/intake.h"
#include "secrets/recipient.h"
#include "secrets/secret.h"
#include "store/store_upkeep.h"

enum {
	LINE_ROOM = 65536, PROGRESS_LINES = 500,
	OBJECTS = 3,		/* of a row, each from a body of its own */
	LOG_BYTES = 1 << 20	/* a longer write-ahead log is cut at the end */
};

struct import {
	struct keeper *keeper;
	struct writer *writer;
	struct chain *chain;
	struct import_group *group;
	struct buf line;
	long number;			/* of the line */
};

static void
show_counts(const struct import *import, const char *before,
    const char *after)
{
	const long *counts = import_group_counts(import->group);

	fprintf(stderr, "%s%ld lines: %ld imported, %ld there already, "
	    "%ld refused%s", before, import->number, counts[IMPORT_STORED],
	    counts[IMPORT_EXISTS], counts[IMPORT_NOT_TAKEN], after);
}

/* Nothing more is there for now: nobody shall wait for what is. */
static int
be_idle(void *group)
{
	return (import_group_settle(group));
}

/* All lines; 0 when every one was dealt with. */
static int
import_all(struct import *import, struct intake *intake)
{
	bool is_shown = isatty(STDERR_FILENO);
	enum intake_rc rc;

	while ((rc = intake_line(intake, &import->line)) == INTAKE_LINE ||
	    rc == INTAKE_TOO_LONG) {
		import->number++;
		if (rc == INTAKE_LINE && import->line.len == 0)
			continue;
		if (import_group_add(import->group, &import->line,
		    import->number) == -1)
			return (-1);
		if (is_shown && import->number % PROGRESS_LINES == 0)
			show_counts(import, "\r", "");
	}
	if (import_group_settle(import->group) == -1)
		return (-1);
	show_counts(import, is_shown ? "\r" : "", "\n");
	return (rc == INTAKE_END ? 0 : -1);
}

static int
import_from(struct import *import, const unsigned char *identity)
{
	const struct input input = { STDIN_FILENO, be_idle, import->group };
	struct intake *intake = intake_open(&input, identity);
	int rc = -1;

	if (intake != NULL && import_all(import, intake) == 0 &&
	    import_group_counts(import->group)[IMPORT_NOT_TAKEN] == 0)
		rc = 0;
	intake_close(intake);
	return (rc);
}

enum admin_rc
admin_import(const struct admin *admin)
{
	struct import import = { 0 };
	enum admin_rc result = ADMIN_FAILED;
	unsigned char *identity = NULL;
	struct store *store = NULL;
	enum admin_rc opened;
	size_t max_line = OBJECTS *
	    (size_t)admin->conf.max_body + LINE_ROOM;

	buf_init(&import.line, max_line);
	/* What the operator has named may be in reach of him alone. */
	if ((admin->identity != NULL &&
	    (identity = recipient_load(admin->identity)) == NULL) ||
	    !admin_become_owner(conf_home(&admin->conf)))
		goto done;
	/* Opened once to see that key file and database fit. */
	opened = admin_open(admin, STORE_WRITE, &store, &import.keeper);
	if (opened != ADMIN_DONE) {
		result = opened;
		goto done;
	}
	store_close(store);
	if ((import.chain = chain_new(import.keeper)) != NULL &&
	    writer_open(&import.writer, &admin->store) == STORE_OK &&
	    (import.group = import_group_new(admin, import.keeper,
	    import.writer, import.chain, max_line)) != NULL &&
	    import_from(&import, identity) == 0)
		result = ADMIN_DONE;
done:
	secret_free(identity);
	import_group_free(import.group);
	if (import.writer != NULL)
		store_checkpoint(writer_store(import.writer), LOG_BYTES,
		    STORE_LOG_TRUNCATE);
	writer_close(import.writer);
	chain_free(import.chain);
	keeper_close(import.keeper);
	buf_fini(&import.line);
	return (result);
}
