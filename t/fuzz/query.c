/*
 * A query, and the cursor that it may have: what is wrong with it is told as
 * JSON; what is not is within its bounds, and says the same when every byte of
 * it comes as %XX.
 */
#include "config.h"

#include "body/json_check.h"
#include "fuzz.h"
#include "service/cursor.h"
#include "service/query.h"
#include "service/reply.h"

enum { ROOM = 1 << 22, LEAST = 1, MOST = 200 };

enum { LIMIT, CURSOR, ACTIVE, TYPE, BEFORE, PART, ANY, PARAMS };

static const char hex[] = "0123456789abcdef";
static const char *const types[] = { "github", "jira", NULL };

static enum fault_kind
check_cursor(const struct query *query, const char *text)
{
	struct store_cursor at;

	(void)query;
	return (cursor_read(&at, CURSOR_NEWEST, text) ? FAULT_NONE :
	    FAULT_CURSOR);
}

static const struct query_param params[PARAMS] = {
	[LIMIT] = { "limit", .low = LEAST, .high = MOST },
	[CURSOR] = { "cursor", .check = check_cursor },
	[ACTIVE] = { "active", .check = query_check_bool },
	[TYPE] = { "type", .choices = types },
	[BEFORE] = { "before", .check = query_check_moment },
	[PART] = { "q", .check = query_check_part },
	[ANY] = { "any" }
};
static const struct query_spec spec = { params, PARAMS };

static void
look_at_faults(const struct faults *faults)
{
	struct json_doc doc = { 0 };
	struct reply reply;
	size_t i;

	for (i = 0; i < faults->count; i++)
		fuzz_must(strcmp(faults->list[i].in, "query") == 0,
		    "a fault of a query is told of it");
	reply_init(&reply, ROOM);
	reply_faults(&reply, faults);
	fuzz_must(json_check(&doc, reply.body.data, reply.body.len) ==
	    JSON_OK, "a 422 is JSON");
	json_doc_fini(&doc);
	reply_fini(&reply);
}

static void
look_at_cursor(const char *text)
{
	char again[CURSOR_LEN + 1];
	struct store_cursor at;

	fuzz_must(cursor_read(&at, CURSOR_NEWEST, text) &&
	    !cursor_read(&at, CURSOR_SOONEST, text),
	    "a cursor is of one sort");
	fuzz_must(cursor_read(&at, CURSOR_NEWEST, text) &&
	    cursor_write(again, CURSOR_NEWEST, &at) &&
	    strcmp(again, text) == 0, "a cursor is written as it was read");
}

static void
look_at_values(const struct query *query)
{
	int64_t limit = query_number(query, LIMIT, LEAST);

	fuzz_must(limit >= LEAST && limit <= MOST - FUZZ_IS_CONTROL * MOST / 2,
	    "a number is within its bounds");
	if (query->value[CURSOR] != NULL)
		look_at_cursor(query->value[CURSOR]);
	if (query->value[TYPE] != NULL)
		fuzz_must(strcmp(query->value[TYPE], types[0]) == 0 ||
		    strcmp(query->value[TYPE], types[1]) == 0,
		    "a choice is one of them");
}

/* The same once more, in another spelling: no fault, and the same values. */
static void
read_again(const struct query *query)
{
	struct faults faults = { 0 };
	struct query again;
	struct buf text;
	const char *p;
	size_t i;

	buf_init(&text, ROOM);
	for (i = 0; i < PARAMS; i++) {
		if (query->value[i] == NULL)
			continue;
		buf_puts(&text, params[i].name);
		buf_putc(&text, '=');
		for (p = query->value[i]; *p != '\0'; p++) {
			buf_putc(&text, '%');
			buf_putc(&text, hex[(unsigned char)*p >> 4]);
			buf_putc(&text, hex[*p & 15]);
		}
		buf_putc(&text, '&');
	}
	buf_putc(&text, '\0');
	fuzz_must(!text.failed, "memory");
	query_read(&again, &spec, text.data, &faults);
	fuzz_must(faults.count == 0, "another spelling is no fault");
	for (i = 0; i < PARAMS; i++)
		fuzz_must((query->value[i] == NULL) ==
		    (again.value[i] == NULL) && (query->value[i] == NULL ||
		    strcmp(query->value[i], again.value[i]) == 0),
		    "another spelling says the same");
	query_fini(&again);
	faults_fini(&faults);
	buf_fini(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct faults faults = { 0 };
	struct query query;
	char *text = malloc(size + 1);

	fuzz_must(text != NULL, "memory");
	memcpy(text, data, size);
	text[size] = '\0';
	query_read(&query, &spec, text, &faults);
	fuzz_must(!faults.failed, "memory for a query");
	if (faults.count > 0) {
		look_at_faults(&faults);
	} else {
		look_at_values(&query);
		read_again(&query);
	}
	query_fini(&query);
	faults_fini(&faults);
	free(text);
	return (0);
}
