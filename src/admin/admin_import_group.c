/*
 * Lines of an import that share a commit, and what is told of each. Refuses to
 * know where lines come from.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/admin_import_group.h"
#include "admin/admin_json.h"
#include "admin/admin_trail.h"
#include "body/deposit.h"
#include "body/import_row.h"
#include "body/json.h"
#include "ground/ident.h"
#include "ground/log.h"
#include "store/store_upkeep.h"

enum {
	GROUP_LINES = 64,
	GROUP_BYTES = 1 << 20,	/* of memory for lines and refusals */
	WHY_MAX = 1 << 20, WHY_LEN = 256,
	LULL_US = 2000,		/* who waits for the lock tries as often */
	LOG_BYTES = 4 << 20	/* a longer write-ahead log is brought in */
};

static const char *const outcome_words[IMPORT_OUTCOMES] = { "imported",
    "exists", "refused" };

struct line {
	long number;
	bool is_refused;		/* before the store was asked */
	struct buf text;
	struct buf why;			/* of a refusal, JSON */
	struct import_row row;
	struct trail trail;
	char request_id[IDENT_UUID_LEN + 1];
};

struct import_group {
	const struct admin *admin;
	struct keeper *keeper;
	struct writer *writer;
	const struct chain *chain;
	size_t max_line;
	bool has_stopped;
	int64_t committed_us;		/* when the last commit was over */
	long counts[IMPORT_OUTCOMES];
	size_t bytes;
	size_t count;
	struct line lines[GROUP_LINES];
	struct deposit deposits[GROUP_LINES];	/* of those not refused */
};

/* A line for programs. */
static int
tell_json(const struct line *line, enum import_outcome outcome)
{
	const struct integration *row = &line->row.draft.save.row;
	struct json_out *out = json_out_object();
	int rc;

	json_out_number(out, "line", line->number);
	json_out_text(out, "outcome", outcome_words[outcome]);
	if (outcome == IMPORT_NOT_TAKEN) {
		json_out_raw(out, "why", line->why.data, line->why.len);
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
tell(struct import_group *group, struct line *line,
    enum import_outcome outcome)
{
	const struct integration *row = &line->row.draft.save.row;

	group->counts[outcome]++;
	if (group->admin->is_json)
		return (tell_json(line, outcome));
	if (outcome != IMPORT_NOT_TAKEN)
		json_put_string(&line->why, row->unique_identifier,
		    strlen(row->unique_identifier));
	return (printf("%ld\t%s\t%.*s\n", line->number,
	    outcome_words[outcome], (int)line->why.len,
	    line->why.data) < 0 ? -1 : 0);
}

static void
say_why(struct line *line, const char *why)
{
	buf_puts(&line->why, "{\"detail\":");
	json_put_string(&line->why, why, strlen(why));
	buf_putc(&line->why, '}');
}

static int
refuse(struct import_group *group, struct line *line, const char *why)
{
	say_why(line, why);
	return (tell(group, line, IMPORT_NOT_TAKEN));
}

/* The identifier is that of another integration: its id, and the line's. */
static int
refuse_other(struct import_group *group, struct line *line)
{
	const struct store_save *save = &line->row.draft.save;
	const char *given = line->row.id;
	char why[WHY_LEN];

	snprintf(why, sizeof why, "its unique_identifier is that of the %s "
	    "integration %s, not of %s%s%s", save->stored.integration_type,
	    save->stored.integration_id, given[0] == '\0' ? "a " : given,
	    given[0] == '\0' ? save->row.integration_type : "",
	    given[0] == '\0' ? " one" : "");
	return (refuse(group, line, why));
}

/* One that is there is the same only by the id that the line gives, if any. */
static int
tell_existing(struct import_group *group, struct line *line)
{
	const struct store_save *save = &line->row.draft.save;
	const char *given = line->row.id;

	if (given[0] != '\0' &&
	    strcmp(save->stored.integration_id, given) != 0)
		return (refuse_other(group, line));
	return (tell(group, line, IMPORT_EXISTS));
}

/* What has come of one that was dealt with. */
static int
tell_deposit(struct import_group *group, struct line *line, enum store_rc rc)
{
	switch (rc) {
	case STORE_OK:
		return (tell(group, line, IMPORT_STORED));
	case STORE_EXISTS:
		return (tell_existing(group, line));
	case STORE_CONFLICT:
		return (refuse_other(group, line));
	default:
		return (refuse(group, line, "its integration_id is in use for "
		    "another identifier or owner"));
	}
}

static int
stop(struct import_group *group, long number)
{
	log_error("stopped at line %ld; all lines before it are dealt with: "
	    "run it again to go on", number);
	group->has_stopped = true;
	return (-1);
}

/* In the transaction of a row that has been saved. */
static enum store_rc
add_trail(struct store *store, void *cookie)
{
	struct line *line = cookie;

	return (store_audit_add(store, &line->trail.entry));
}

/* Make a deposit of a line, with its row of the audit. */
static int
begin(struct import_group *group, struct line *line, struct deposit *deposit)
{
	const struct integration *row = &line->row.draft.save.row;

	if (admin_trail(&line->trail, group->chain, "import",
	    line->request_id, row->created_by) == -1)
		return (-1);
	line->trail.entry.integration_id = row->integration_id;
	form_save_trail(&line->row.draft.form, &line->trail);
	if (trail_end(&line->trail) == -1 || deposit_begin(deposit,
	    &line->row.draft, group->keeper, group->writer) == -1)
		return (-1);
	deposit->then = add_trail;
	deposit->cookie = line;
	return (0);
}

/*
 * Let the lock alone for so long after a commit that whoever waits for it has
 * tried to take it: the service's saves would find it taken time and again.
 */
static void
give_way(const struct import_group *group)
{
	int64_t left_us = group->committed_us + LULL_US -
	    ident_monotonic_us();
	struct timespec pause = { 0, left_us * 1000 };

	if (left_us > 0)
		nanosleep(&pause, NULL);
}

/*
 * Store what was not refused, in one commit if that can be. Returns how many
 * were dealt with; the reason why the next one was not is logged.
 */
static size_t
store_all(struct import_group *group)
{
	struct deposit *deposits = group->deposits;
	size_t i, count = 0, done;

	for (i = 0; i < group->count; i++) {
		if (group->lines[i].is_refused)
			continue;
		if (begin(group, &group->lines[i], &deposits[count]) == -1)
			break;
		count++;
	}
	give_way(group);
	done = deposit_make(deposits, count);
	if (done < count && deposits[done].job.rc == STORE_BUSY)
		log_error("the database is busy: try again");
	/* Nobody else might, where there is only CGI. */
	store_checkpoint(writer_store(group->writer), LOG_BYTES,
	    STORE_LOG_KEEP);
	group->committed_us = ident_monotonic_us();
	return (done);
}

/* Tell what has come of the lines, up to the first that is stopped at. */
static int
tell_all(struct import_group *group, size_t done)
{
	struct line *line = group->lines, *end = line + group->count;
	size_t told = 0;
	int rc = 0;

	for (; line < end && rc == 0; line++) {
		if (line->is_refused)
			rc = tell(group, line, IMPORT_NOT_TAKEN);
		else if (told == done)
			rc = -1;
		else
			rc = tell_deposit(group, line,
			    group->deposits[told++].job.rc);
	}
	/* Who waits for it shall have it now. */
	if (!admin_flush())
		rc = -1;
	return (rc == 0 ? 0 : stop(group, line[-1].number));
}

static void
line_fini(struct line *line)
{
	buf_fini(&line->text);
	buf_fini(&line->why);
	trail_fini(&line->trail);
	import_row_fini(&line->row);
}

/* Wipe what was added. */
static void
empty(struct import_group *group)
{
	while (group->count > 0)
		line_fini(&group->lines[--group->count]);
	group->bytes = 0;
}

struct import_group *
import_group_new(const struct admin *admin, struct keeper *keeper,
    struct writer *writer, const struct chain *chain, size_t max_line)
{
	struct import_group *group = calloc(1, sizeof *group);

	if (group == NULL) {
		log_error("out of memory while importing");
		return (NULL);
	}
	group->admin = admin;
	group->keeper = keeper;
	group->writer = writer;
	group->chain = chain;
	group->max_line = max_line;
	return (group);
}

void
import_group_free(struct import_group *group)
{
	if (group == NULL)
		return;
	empty(group);
	free(group);
}

static enum import_rc
read_line(const struct import_group *group, struct line *line)
{
	if (!line->text.failed)
		return (import_row_read(&line->row, &line->text,
		    group->admin->user, &line->why));
	say_why(line, "the line is too long; max_body in the configuration "
	    "is the limit");
	return (IMPORT_REFUSED);
}

int
import_group_add(struct import_group *group, struct buf *text, long number)
{
	struct line *line = &group->lines[group->count];
	enum import_rc rc;

	line->number = number;
	line->text = *text;
	buf_init(text, text->max);
	buf_init(&line->why, WHY_MAX);
	import_row_init(&line->row, group->max_line);
	line->trail = (struct trail){ 0 };
	rc = read_line(group, line);
	if (rc == IMPORT_FAILED) {
		line_fini(line);
		return (import_group_settle(group) == -1 ? -1 :
		    stop(group, number));
	}
	line->is_refused = rc == IMPORT_REFUSED;
	group->count++;
	group->bytes += line->text.cap + line->why.cap +
	    line->row.doc.cap * sizeof *line->row.doc.node;
	return (group->count == GROUP_LINES || group->bytes >= GROUP_BYTES ?
	    import_group_settle(group) : 0);
}

int
import_group_settle(struct import_group *group)
{
	int rc = 0;

	if (group->has_stopped)
		return (-1);
	if (group->count > 0) {
		rc = tell_all(group, store_all(group));
		empty(group);
	}
	return (rc);
}

const long *
import_group_counts(const struct import_group *group)
{
	return (group->counts);
}
