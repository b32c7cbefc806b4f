/*
 * The audit, for a user's eyes: what was done to what is his, and by which of
 * his keys. Nothing in it counts what others do.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "body/json.h"
#include "body/json_member.h"
#include "ground/log.h"
#include "service/find.h"
#include "service/h_audit.h"
#include "service/query.h"
#include "service/read_form.h"
#include "store/store_audit.h"

enum { INTEGRATION_ID, LIMIT, CURSOR, PARAMS };
enum { LIMIT_MAX = 200, LIMIT_PRESET = 50 };
enum { ROW_USUAL = 512 };		/* bytes */

/* What a request has while it is read for. */
struct work {
	struct call *call;
	struct writer_job job;
	struct store_asker asker;
	struct store_audit_query query;
	char integration_id[IDENT_UUID_LEN + 1];
	struct arena arena;
	struct store_audit_list list;
	struct json_doc doc;
};

static enum fault_kind
check_id(const struct query *query, const char *value)
{
	char id[IDENT_UUID_LEN + 1];

	(void)query;
	return (ident_read_uuid(id, value, strlen(value)) ? FAULT_NONE :
	    FAULT_UUID);
}

static const struct query_param params[PARAMS] = {
	[INTEGRATION_ID] = { "integration_id", .check = check_id },
	[LIMIT] = { "limit", .low = 1, .high = LIMIT_MAX },
	[CURSOR] = { "cursor" },
};
static const struct query_spec spec = { params, PARAMS };

static void
work_free(struct work *work)
{
	arena_fini(&work->arena);
	json_doc_fini(&work->doc);
	free(work);
}

static enum store_rc
run(struct store *store, void *cookie)
{
	struct work *work = cookie;
	enum store_rc rc = store_audit_list(store, &work->asker,
	    &work->query, &work->arena, &work->list);

	if (rc != STORE_OK ||
	    room_take(&work->call->room, work->arena.taken))
		return (rc);
	arena_fini(&work->arena);
	return (STORE_LACKS);
}

/* A cursor is another's, or none: what tells it is not in its text alone. */
static enum call_rc
read_cursor(struct call *call, const char *text, int64_t *before)
{
	if (text == NULL || chain_place_read(call->app->chain,
	    call->key.user, text, strlen(text), before))
		return (CALL_GOES_ON);
	return (read_form_refuse(call, (struct fault){ .kind = FAULT_CURSOR,
	    .in = "query", .member = "cursor", .index = -1 }));
}

static enum call_rc
fill(struct call *call, const struct query *query, struct work *work)
{
	const char *id = query->value[INTEGRATION_ID];

	work->call = call;
	work->job = (struct writer_job){ .run = run, .cookie = work };
	work->asker = find_asker(call);
	work->query = (struct store_audit_query){
		.chain = call->app->chain,
		.limit = (size_t)query_number(query, LIMIT, LIMIT_PRESET)
	};
	room_expect_page(&call->room, work->query.limit * ROW_USUAL);
	if (id != NULL && ident_read_uuid(work->integration_id, id,
	    strlen(id)))
		work->query.integration_id = work->integration_id;
	return (read_cursor(call, query->value[CURSOR],
	    &work->query.before));
}

enum call_rc
h_audit_begin(struct call *call)
{
	struct work *work = calloc(1, sizeof *work);
	struct query query = { 0 };
	enum call_rc rc;

	if (work == NULL) {
		log_error("out of memory for the audit");
		return (CALL_FAILED);
	}
	rc = query_take(&query, &spec, call);
	if (rc == CALL_GOES_ON)
		rc = fill(call, &query, work);
	query_fini(&query);
	if (rc != CALL_GOES_ON) {
		work_free(work);
		return (rc);
	}
	call->work = work;
	call->job = &work->job;
	return (CALL_READS);
}

static void
put_text(struct buf *out, const char *before, const char *text)
{
	buf_puts(out, before);
	if (text != NULL)
		json_put_string(out, text, strlen(text));
	else
		buf_puts(out, "null");
}

/* A member of the subject that was read, as it stands there. */
static void
put_member(struct buf *out, const char *before, const struct json_doc *doc,
    const char *name, const char *otherwise)
{
	uint32_t i = json_member(doc, 0, name);

	buf_puts(out, before);
	if (i != 0)
		json_write(doc, i, out);
	else
		buf_puts(out, otherwise);
}

/* A row; false: its subject is none that we write, or memory is short. */
static bool
put_row(struct buf *out, const struct store_audit_row *row,
    struct json_doc *doc)
{
	if (json_check(doc, row->subject, strlen(row->subject)) != JSON_OK ||
	    doc->node[0].type != JSON_OBJECT)
		return (false);
	put_text(out, "{\"at\":", row->at);
	put_text(out, ",\"action\":", row->action);
	put_text(out, ",\"integration_id\":", row->integration_id);
	put_text(out, ",\"request_id\":", row->request_id);
	put_member(out, ",\"key\":", doc, "key", "null");
	put_member(out, ",\"address\":", doc, "address", "null");
	put_member(out, ",\"fields\":", doc, "fields", "[]");
	buf_putc(out, '}');
	return (true);
}

static enum call_rc
answer(struct call *call, struct work *work)
{
	const struct store_audit_list *list = &work->list;
	struct buf *out = reply_open(&call->reply);
	char cursor[CHAIN_PLACE_LEN + 1];
	const char *comma = "";
	size_t i;

	buf_puts(out, "\"audit\":[");
	for (i = 0; i < list->count; i++, comma = ",") {
		buf_puts(out, comma);
		if (!put_row(out, &list->rows[i], &work->doc)) {
			log_error("a row of the audit cannot be read; see "
			    "strongroom audit verify");
			return (CALL_FAILED);
		}
	}
	if (list->next != 0)
		chain_place_write(call->app->chain, call->key.user,
		    list->next, cursor);
	put_text(out, "],\"next_cursor\":", list->next != 0 ? cursor : NULL);
	reply_close(&call->reply);
	return (CALL_ANSWERED);
}

enum call_rc
h_audit_end(struct call *call)
{
	struct work *work = call->work;
	enum call_rc rc = CALL_FAILED;

	if (work->job.rc == STORE_OK)
		rc = answer(call, work);
	else if (reply_store_failure(&call->reply, work->job.rc))
		rc = CALL_ANSWERED;
	work_free(work);
	return (rc);
}
