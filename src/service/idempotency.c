/*
 * Idempotency-Key. Refuses to know what is done under it.
 */
#include "config.h"

#include <string.h>

#include "ground/etag.h"
#include "ground/log.h"
#include "ground/words.h"
#include "service/idempotency.h"
#include "service/read_form.h"
#include "service/route.h"

enum { KEY_MAX = 255 };

#define US_PER_HOUR ((int64_t)3600 * 1000000)

static const char header[] = "header", name[] = "idempotency-key";

void
idempotency_fini(struct idempotency *idempotency)
{
	arena_fini(&idempotency->arena);
}

/* The key, without quotes; false: it is malformed, or there are several. */
static bool
find_key(const struct field_lines *lines, struct print_piece *key)
{
	const char *text = lines->line[0];
	size_t i, len;

	if (lines->count != 1)
		return (false);
	len = http_trim(&text);
	if (len > 1 && text[0] == '"' && text[len - 1] == '"') {
		text++;
		len -= 2;
	}
	*key = (struct print_piece){ text, len };
	for (i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return (false);
	return (len > 0 && len <= KEY_MAX);
}

static struct print_piece
piece_of(const char *text)
{
	return ((struct print_piece){ text, strlen(text) });
}

/* Who asks, for what, under which key; and what came with it. */
static void
hash(struct idempotency *idempotency, const struct call *call,
    const char *id, struct print_piece key)
{
	const struct print_piece request[] = {
		piece_of(call->key.user), piece_of(call->route->method),
		piece_of(call->route->path), piece_of(id), key
	};
	const struct buf *text = &call->http.body;
	const struct print_piece body = { text->data, text->len };
	const struct keyring *keyring = keeper_borrow(call->app->keeper);

	print_pieces(idempotency->request, keyring, "idempotency", request,
	    sizeof request / sizeof request[0]);
	print_pieces(idempotency->body, keyring, "idempotency body", &body, 1);
	keeper_return(call->app->keeper);
}

void
idempotency_read(struct idempotency *idempotency, struct call *call,
    const char *id)
{
	const struct field_lines *lines = &call->http.idempotency_key;
	struct print_piece key;

	if (lines->count == 0)
		return;
	if (!find_key(lines, &key)) {
		faults_add(&call->faults, (struct fault){
		    .kind = FAULT_IDEMPOTENCY_KEY, .in = header,
		    .member = name, .index = -1 });
		return;
	}
	hash(idempotency, call, id, key);
	ident_time(idempotency->expires_at, ident_now_us() +
	    (int64_t)call->app->conf.idempotency_hours * US_PER_HOUR);
	idempotency->is_given = true;
}

enum store_rc
idempotency_find(struct idempotency *idempotency, struct call *call,
    struct store *store, size_t beside)
{
	enum store_rc rc;

	idempotency->is_found = false;
	if (!idempotency->is_given)
		return (STORE_NOT_FOUND);
	rc = store_idempotency_find(store, idempotency->request,
	    &idempotency->arena, &idempotency->found);
	if (rc == STORE_OK && !room_take(&call->room,
	    beside + idempotency->arena.taken)) {
		arena_fini(&idempotency->arena);
		rc = STORE_LACKS;
	}
	idempotency->is_found = rc == STORE_OK;
	return (rc);
}

enum store_rc
idempotency_keep(const struct idempotency *idempotency, struct store *store,
    const struct integration *row, struct buf *pieces)
{
	char tag[ETAG_LEN + 1];

	if (!idempotency->is_given)
		return (STORE_OK);
	etag_write(tag, row->revision, row->updated_at);
	if (buf_text(pieces) == NULL) {
		log_error("out of memory for an answer that is kept");
		return (STORE_UNAVAILABLE);
	}
	return (store_idempotency_add(store, &(struct store_idempotency){
	    .request = idempotency->request, .body = idempotency->body,
	    .created_by = row->created_by,
	    .integration_type = row->integration_type, .etag = tag,
	    .answer = pieces->data, .expires_at = idempotency->expires_at }));
}

enum call_rc
idempotency_reply(const struct idempotency *idempotency, struct call *call,
    enum call_rc (*hide)(struct call *call, const char *type))
{
	const struct store_idempotency *found = &idempotency->found;

	if ((call->key.types & words_bit(integration_types,
	    found->integration_type)) == 0)
		return (hide(call, found->integration_type));
	if (memcmp(found->body, idempotency->body, PRINT_LEN) != 0)
		return (read_form_refuse(call, (struct fault){
		    .kind = FAULT_OTHER_BODY, .in = header, .member = name,
		    .index = -1 }));
	reply_pieces(&call->reply, found->answer, call->key.scopes, NULL);
	reply_header(&call->reply, "ETag", found->etag);
	reply_header(&call->reply, "Idempotent-Replayed", "true");
	return (CALL_ANSWERED);
}
