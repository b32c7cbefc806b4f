/*
 * Reading API keys: the one that asks, and all of its user's, of which there
 * may be many.
 */
#include "config.h"

#include <stdlib.h>

#include "ground/log.h"
#include "service/auth.h"
#include "service/find.h"
#include "service/h_keys.h"
#include "service/reply_key.h"
#include "store/store_key.h"

enum { PAGE_KEYS = 100, USUAL = 64 << 10, ANSWER_MAX = 2 << 20 };

/* What a list has while it is read. */
struct work {
	struct call *call;
	struct writer_job job;
	struct store_asker asker;
	struct buf items;
};

enum call_rc
h_keys_self(struct call *call)
{
	struct store_asker asker = find_asker(call);
	struct store *store = reader_store(call->reader);
	enum store_rc rc = STORE_UNAVAILABLE;
	struct arena arena = { 0 };
	enum call_rc answer = CALL_ANSWERED;
	struct store_key key;

	if (store != NULL)
		rc = store_key_own(store, &asker, call->key.public_id, &arena,
		    &key);
	if (rc == STORE_OK)
		reply_key(&call->reply, &key, NULL);
	else if (rc == STORE_NOT_FOUND)
		answer = auth_refuse(call, "erased");	/* just now */
	else
		answer = find_failed(call);
	arena_fini(&arena);
	return (answer);
}

/* Those of a page, as long as there is room. False: it was the last. */
static bool
put_page(struct buf *out, const struct store_key_page *page)
{
	size_t i;

	for (i = 0; i < page->count; i++) {
		if (out->len + REPLY_KEY_MAX > out->max)
			return (false);
		buf_puts(out, out->len == 0 ? "{" : ",{");
		reply_put_key(out, &page->keys[i]);
		buf_putc(out, '}');
	}
	return (!page->is_last);
}

static enum store_rc
run(struct store *store, void *cookie)
{
	struct work *work = cookie;
	struct store_cursor after = { 0 };
	struct arena arena = { 0 };
	struct store_key_page page;
	enum store_rc rc;

	buf_reset(&work->items, work->items.cap);
	while ((rc = store_key_page(store, &work->asker, &after, PAGE_KEYS,
	    &arena, &page)) == STORE_OK && put_page(&work->items, &page))
		after = page.next;
	arena_fini(&arena);
	if (rc != STORE_OK ||
	    room_take(&work->call->room, work->items.len))
		return (rc);
	buf_fini(&work->items);
	return (STORE_LACKS);
}

enum call_rc
h_keys_list_begin(struct call *call)
{
	struct work *work = calloc(1, sizeof *work);

	if (work == NULL) {
		log_error("out of memory for a list of keys");
		return (CALL_FAILED);
	}
	work->call = call;
	work->job = (struct writer_job){ .run = run, .cookie = work };
	work->asker = find_asker(call);
	buf_init(&work->items, ANSWER_MAX);
	room_expect_page(&call->room, USUAL);
	call->work = work;
	call->job = &work->job;
	return (CALL_READS);
}

enum call_rc
h_keys_list_end(struct call *call)
{
	struct work *work = call->work;
	enum call_rc rc = CALL_ANSWERED;
	struct buf *out;

	if (work->job.rc != STORE_OK) {
		if (!reply_store_failure(&call->reply, work->job.rc))
			rc = CALL_FAILED;
	} else if (work->items.failed) {
		log_error("out of memory for a list of keys");
		rc = CALL_FAILED;
	} else {
		out = reply_open(&call->reply);
		buf_puts(out, "\"api_keys\":[");
		buf_put(out, work->items.data, work->items.len);
		buf_putc(out, ']');
		reply_close(&call->reply);
	}
	buf_fini(&work->items);
	free(work);
	return (rc);
}
