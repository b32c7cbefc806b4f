/*
 * The memory of requests under way. Sends and receives nothing.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/exchange.h"
#include "ground/log.h"

enum {
	SPARES_MAX = 64,
	COPIES = 4,		/* of a row, with it */
	WARNING_MS = 1000,	/* between two of a kind */
	OUT_KEEP = 16384,	/* bytes of an answer's memory */
	OUT_ROOM = 8192		/* beyond the body: head and records */
};

void
exchanges_init(struct exchanges *exchanges, const struct app *app,
    struct reader *reader)
{
	*exchanges = (struct exchanges){ .app = app, .reader = reader,
	    .max_memory = app->conf.max_request_memory };
}

static void
exchange_free(struct exchange *exchange)
{
	fcgi_request_fini(&exchange->request);
	call_fini(&exchange->call);
	buf_fini(&exchange->out);
	free(exchange);
}

void
exchanges_fini(struct exchanges *exchanges)
{
	struct exchange *exchange;

	while ((exchange = exchanges->spare) != NULL) {
		exchanges->spare = exchange->next;
		exchange_free(exchange);
	}
}

static struct exchange *
exchange_new(struct exchanges *exchanges)
{
	struct exchange *exchange = calloc(1, sizeof *exchange);
	size_t max;

	if (exchange == NULL) {
		if (pace_allows(&exchanges->warning, WARNING_MS))
			log_error("out of memory for a request: it waits");
		return (NULL);
	}
	call_init(&exchange->call, exchanges->app, exchanges->reader);
	fcgi_request_init(&exchange->request, &exchange->call.http);
	max = exchange->call.reply.body.max + OUT_ROOM;
	buf_init(&exchange->out, fcgi_out_len(max));
	return (exchange);
}

struct exchange *
exchange_take(struct exchanges *exchanges, void *owner)
{
	struct exchange *exchange = exchanges->spare;

	if (exchange == NULL) {
		if ((exchange = exchange_new(exchanges)) == NULL)
			return (NULL);
	} else {
		exchanges->spare = exchange->next;
		exchanges->spares--;
	}
	exchange->next = NULL;
	exchange->owner = owner;
	exchanges->under_way++;
	return (exchange);
}

void
exchange_give(struct exchanges *exchanges, struct exchange *exchange)
{
	exchanges->reserved -= exchange->reserved;
	exchanges->reserved_rows -= exchange->reserved_rows;
	exchange->reserved = exchange->reserved_rows = 0;
	exchanges->under_way--;
	if (exchanges->spares == SPARES_MAX) {
		exchange_free(exchange);
		return;
	}
	fcgi_request_reset(&exchange->request);
	call_reset(&exchange->call);
	buf_reset(&exchange->out, OUT_KEEP);
	exchange->answer = NULL;
	exchange->answer_len = exchange->sent = 0;
	exchange->owner = NULL;
	exchange->next = exchanges->spare;
	exchanges->spare = exchange;
	exchanges->spares++;
}

/* Let *own, a part of *all, become len, if there is room for it. */
static bool
reserve(const struct exchanges *exchanges, size_t *all, size_t *own,
    size_t len)
{
	size_t others = *all - *own;

	if (others > 0 && (others >= exchanges->max_memory ||
	    len > exchanges->max_memory - others))
		return (false);
	*all = others + len;
	*own = len;
	return (true);
}

bool
exchange_reserve(struct exchanges *exchanges, struct exchange *exchange,
    size_t len)
{
	return (reserve(exchanges, &exchanges->reserved, &exchange->reserved,
	    len));
}

bool
exchange_reserve_rows(struct exchanges *exchanges, struct exchange *exchange,
    size_t len)
{
	if (!reserve(exchanges, &exchanges->reserved_rows,
	    &exchange->reserved_rows, COPIES * len))
		return (false);
	exchange->call.room.limit = len;
	return (true);
}

/* Let what it reads be counted as so many bytes, whether there is room. */
static void
count_rows(struct exchanges *exchanges, struct exchange *exchange, size_t len)
{
	exchanges->reserved_rows -= exchange->reserved_rows;
	exchange->reserved_rows = len;
	exchanges->reserved_rows += len;
}

void
exchange_fit_rows(struct exchanges *exchanges, struct exchange *exchange)
{
	struct call *call = &exchange->call;
	size_t len = call->is_held ? 0 : room_reserved(&call->room);

	count_rows(exchanges, exchange, COPIES * len);
	call->room.limit = len > 0 ? len : call->room.small;
}

void
exchange_answer(struct exchanges *exchanges, struct exchange *exchange,
    uint16_t id)
{
	struct call *call = &exchange->call;
	struct buf *out = &exchange->out;
	bool is_head = strcmp(call->http.method, "HEAD") == 0;
	bool is_large = room_reserved(&call->room) > 0;
	size_t len;

	fcgi_out_begin(out);
	reply_write(&call->reply, call->request_id, is_head, out);
	fcgi_out_end(out, id);
	exchange->answer = out->data;
	exchange->answer_len = out->len;
	if (out->failed) {
		log_error("out of memory for an answer");
		exchange->answer = exchange->failure;
		len = reply_write_failure(&call->reply, call->request_id,
		    is_head, exchange->failure + FCGI_OUT_HEAD);
		fcgi_out_frame(exchange->failure, len, id);
		exchange->answer_len = fcgi_out_len(len);
	}
	call_end(call);
	count_rows(exchanges, exchange, is_large ? exchange->answer_len : 0);
}
