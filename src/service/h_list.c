/*
 * Listing integrations: from the query to a page, by a thread that reads.
 * Refuses to know how rows are found.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body/json.h"
#include "ground/log.h"
#include "ground/moment.h"
#include "ground/token_state.h"
#include "service/cursor.h"
#include "service/find.h"
#include "service/h_list.h"
#include "service/query.h"

enum {
	LIMIT_DEFAULT = 50,
	LIMIT_MAX = 200,
	ITEM_USUAL = 1024,	/* bytes of the answer */
	BODY_MAX = 1 << 20,	/* of items, after one */
	TAG_MAX = 1 << 20	/* beyond any query */
};

enum { LIMIT, CURSOR, INTEGRATION_TYPE, STATUS, ACTIVE, UNIQUE_IDENTIFIER,
    ORG_SLUG, WORKSPACE_ID, TAG, Q, EXPIRES_BEFORE, TOKEN_STATE, PARAMS };

/* What a list has while it is read. */
struct list {
	struct call *call;
	struct writer_job job;
	struct query query;
	struct store_list list;
	struct buf tag;
	struct arena arena;
};

/* Where expiry is asked for, it is the order as well. */
static enum cursor_sort
sort_of(const struct query *query)
{
	const char *state = query->value[TOKEN_STATE];

	return (query->value[EXPIRES_BEFORE] != NULL || (state != NULL &&
	    strcmp(state, token_state_unknown) != 0) ? CURSOR_SOONEST :
	    CURSOR_NEWEST);
}

static enum fault_kind
check_cursor(const struct query *query, const char *value)
{
	struct store_cursor at;

	return (cursor_read(&at, sort_of(query), value) ? FAULT_NONE :
	    FAULT_CURSOR);
}

static const struct query_param params[PARAMS] = {
	[LIMIT] = { "limit", .low = 1, .high = LIMIT_MAX },
	[CURSOR] = { "cursor", .check = check_cursor },
	[INTEGRATION_TYPE] = { "integration_type", integration_types },
	[STATUS] = { "status", integration_statuses },
	[ACTIVE] = { "active", .check = query_check_bool },
	[UNIQUE_IDENTIFIER] = { "unique_identifier" },
	[ORG_SLUG] = { "org_slug" },
	[WORKSPACE_ID] = { "workspace_id" },
	[TAG] = { "tag" },
	[Q] = { "q", .check = query_check_part },
	[EXPIRES_BEFORE] = { "expires_before", .check = query_check_moment },
	[TOKEN_STATE] = { "token_state", token_states },
};
static const struct query_spec spec = { params, PARAMS };

static void
list_free(struct list *list)
{
	query_fini(&list->query);
	buf_fini(&list->tag);
	arena_fini(&list->arena);
	free(list);
}

static enum call_rc
read_query(struct call *call, struct list *list)
{
	return (query_take(&list->query, &spec, call));
}

/* The tag as metadata has it. */
static enum call_rc
spell_tag(struct call *call, struct list *list)
{
	const char *tag = list->query.value[TAG];

	(void)call;
	if (tag == NULL)
		return (CALL_GOES_ON);
	json_put_string(&list->tag, tag, strlen(tag));
	list->list.filter.tag = buf_text(&list->tag);
	if (list->list.filter.tag != NULL)
		return (CALL_GOES_ON);
	log_error("out of memory for a list");
	return (CALL_FAILED);
}

/* Which expiries are asked for: of a state, and before a moment. */
static enum call_rc
find_expiry(struct call *call, struct list *list)
{
	const char *state = list->query.value[TOKEN_STATE];
	struct store_filter *filter = &list->list.filter;
	struct token_range range = { "", "" };
	int64_t before_us = query_moment(&list->query, EXPIRES_BEFORE);
	char before[IDENT_TIME_LEN + 1];

	filter->has_no_expiry = state != NULL &&
	    strcmp(state, token_state_unknown) == 0;
	if (state != NULL && !filter->has_no_expiry)
		range = token_state_range(state, ident_now_us(),
		    (unsigned)call->app->conf.expiring_days);
	if (list->query.value[EXPIRES_BEFORE] != NULL) {
		moment_write(before, before_us);
		if (range.until[0] == '\0' || strcmp(before, range.until) < 0)
			memcpy(range.until, before, sizeof before);
	}
	memcpy(filter->expires_from, range.from, sizeof range.from);
	memcpy(filter->expires_until, range.until, sizeof range.until);
	return (CALL_GOES_ON);
}

static enum call_rc
fill_list(struct call *call, struct list *list)
{
	const struct query *query = &list->query;
	const char *const *value = query->value;
	struct store_filter *filter = &list->list.filter;
	enum cursor_sort sort = sort_of(query);

	(void)call;
	filter->integration_type = value[INTEGRATION_TYPE];
	filter->status = value[STATUS];
	filter->is_active = query_is_true(query, ACTIVE);
	filter->is_inactive = value[ACTIVE] != NULL && !filter->is_active;
	filter->unique_identifier = value[UNIQUE_IDENTIFIER];
	filter->org_slug = value[ORG_SLUG];
	filter->workspace_id = value[WORKSPACE_ID];
	filter->q = value[Q];
	list->list.limit = (size_t)query_number(query, LIMIT, LIMIT_DEFAULT);
	list->list.order = sort == CURSOR_SOONEST ? STORE_SOONEST :
	    STORE_NEWEST;
	if (value[CURSOR] != NULL &&
	    !cursor_read(&list->list.after, sort, value[CURSOR]))
		return (CALL_FAILED);
	return (CALL_GOES_ON);
}

/*
 * Append the rows of a page, as many as have room. Returns the last of them
 * where others had none; else NULL.
 */
static const struct integration *
put_rows(struct buf *out, const struct store_page *page,
    unsigned expiring_days)
{
	size_t begin = out->len, before, i;

	for (i = 0; i < page->count; i++) {
		before = out->len;
		buf_puts(out, i == 0 ? "{" : ",{");
		reply_put_item(out, &page->rows[i], expiring_days);
		buf_putc(out, '}');
		if (i > 0 && out->len - begin > BODY_MAX) {
			buf_cut(out, before);
			return (&page->rows[i - 1]);
		}
	}
	return (NULL);
}

static enum store_rc
answer(struct list *list, const struct store_page *page)
{
	struct reply *reply = &list->call->reply;
	struct store_cursor next = page->next;
	bool is_newest = list->list.order == STORE_NEWEST;
	bool is_last = page->is_last;
	const struct integration *cut;
	char cursor[CURSOR_LEN + 1];

	cut = put_rows(reply_list(reply, "integrations"), page,
	    (unsigned)list->call->app->conf.expiring_days);
	if (cut != NULL) {
		is_last = false;
		snprintf(next.moment, sizeof next.moment, "%s", is_newest ?
		    cut->created_at : cut->expires_at);
		snprintf(next.id, sizeof next.id, "%s", cut->integration_id);
	}
	if (!is_last && !cursor_write(cursor, is_newest ? CURSOR_NEWEST :
	    CURSOR_SOONEST, &next)) {
		log_error("an integration's row does not make sense; run "
		    "strongroom check");
		return (STORE_UNAVAILABLE);
	}
	reply_list_end(reply, is_last ? NULL : cursor);
	return (STORE_OK);
}

/* In the thread that reads: the page, and the answer made of it. */
static enum store_rc
read_page(struct store *store, void *cookie)
{
	struct list *list = cookie;
	struct store_asker asker = find_asker(list->call);
	struct buf *body = &list->call->reply.body;
	struct store_page page;
	enum store_rc rc;

	log_request_id(list->call->request_id);
	rc = store_list(store, &asker, &list->list, &list->arena, &page);
	if (rc == STORE_OK)
		rc = answer(list, &page);
	arena_fini(&list->arena);
	if (rc == STORE_OK && !room_take(&list->call->room, body->len)) {
		buf_fini(body);
		rc = STORE_LACKS;
	}
	log_request_id(NULL);
	return (rc);
}

enum call_rc
h_list_begin(struct call *call)
{
	static enum call_rc (*const steps[])(struct call *, struct list *) = {
		read_query, fill_list, spell_tag, find_expiry
	};
	struct list *list = calloc(1, sizeof *list);
	enum call_rc rc = CALL_GOES_ON;
	size_t i;

	if (list == NULL) {
		log_error("out of memory for a list");
		return (CALL_FAILED);
	}
	list->call = call;
	buf_init(&list->tag, TAG_MAX);
	for (i = 0; i < sizeof steps / sizeof steps[0] && rc == CALL_GOES_ON;
	    i++)
		rc = steps[i](call, list);
	if (rc != CALL_GOES_ON) {
		list_free(list);
		return (rc);
	}
	room_expect_page(&call->room, list->list.limit * ITEM_USUAL);
	list->job = (struct writer_job){ .run = read_page, .cookie = list };
	call->work = list;
	call->job = &list->job;
	return (CALL_READS);
}

enum call_rc
h_list_end(struct call *call)
{
	struct list *list = call->work;
	enum store_rc rc = list->job.rc;

	list_free(list);
	return (rc == STORE_OK || reply_store_failure(&call->reply, rc) ?
	    CALL_ANSWERED : CALL_FAILED);
}
