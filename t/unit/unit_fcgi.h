#ifndef UNIT_FCGI_H
#define UNIT_FCGI_H

/* For tests of FastCGI records: a web server's bytes, and who takes them. */
#include "gateway/fcgi.h"
#include "ground/log.h"
#include "unit/unit.h"

enum { UNIT_ROOM = 300000, UNIT_MAX_BODY = 1024 };

static const char unit_begin[] = "\1\1\0\1\0\10\0\0" "\0\1\1\0\0\0\0\0";
static const char unit_params[] = "\1\4\0\1\0\5\3\0" "\1\2AbcPAD"
    "\1\4\0\1\0\0\0\0";
static const char unit_body[] = "\1\5\0\1\0\3\0\0xyz" "\1\5\0\1\0\0\0\0";
static const char unit_late[] = "\1\2\0\7\0\0\0\0" "\1\5\0\7\0\2\1\0zzP";

/* Bytes under way. */
struct text {
	char bytes[UNIT_ROOM];
	size_t len;
};

static inline void
put(struct text *text, const void *bytes, size_t len)
{
	ck_assert_uint_le(text->len + len, sizeof text->bytes);
	if (len > 0)
		memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
}

#define PUT(text, literal) put((text), (literal), sizeof (literal) - 1)

static inline void
put_record(struct text *text, char type, const void *content, size_t len)
{
	const char head[8] = { 1, type, 0, 1, (char)(len >> 8), (char)len };

	put(text, head, sizeof head);
	put(text, content, len);
}

/* One parameter in a record of its own, its lengths in four bytes each. */
static inline void
put_param(struct text *text, const char *name, const char *value)
{
	size_t name_len = strlen(name), value_len = strlen(value);
	char content[4096];

	ck_assert_uint_le(8 + name_len + value_len, sizeof content);
	memset(content, 0, 8);
	content[0] = content[4] = (char)0x80;
	content[2] = (char)(name_len >> 8);
	content[3] = (char)name_len;
	content[6] = (char)(value_len >> 8);
	content[7] = (char)value_len;
	memcpy(content + 8, name, name_len);
	memcpy(content + 8 + name_len, value, value_len);
	put_record(text, 4, content, 8 + name_len + value_len);
}

/* One connection, and the request on it. */
struct side {
	struct fcgi fcgi;
	struct fcgi_request request;
	struct http http;
	bool wants_body;
	size_t params_seen;		/* how often parameters were told of */
	size_t received_then;		/* bytes of body at that time */
	char *variables[FCGI_PARAMS_MAX + 1];
};

static inline void
side_init(struct side *side)
{
	memset(side, 0, sizeof *side);
	fcgi_init(&side->fcgi);
	http_init(&side->http, UNIT_MAX_BODY);
	fcgi_request_init(&side->request, &side->http);
	side->wants_body = true;
}

static inline void
side_fini(struct side *side)
{
	fcgi_fini(&side->fcgi);
	fcgi_request_fini(&side->request);
	http_fini(&side->http);
}

/* As the owner of a connection would, to the end of what is at hand. */
static inline enum fcgi_event
side_go(struct side *side)
{
	enum fcgi_event event;

	while ((event = fcgi_next(&side->fcgi, &side->request)) ==
	    FCGI_EVENT_PARAMS) {
		side->params_seen++;
		side->received_then = side->http.received;
		fcgi_variables(&side->request, side->variables);
		http_read_variables(&side->http, side->variables);
		if (!side->wants_body)
			http_refuse_body(&side->http);
	}
	return (event);
}

/* A piece comes, of which nothing is left where it was. */
static inline enum fcgi_event
side_take(struct side *side, const char *bytes, size_t len)
{
	char *piece = malloc(len + 1);
	enum fcgi_event event;
	size_t i;

	ck_assert_ptr_nonnull(piece);
	memcpy(piece, bytes, len);
	fcgi_lend(&side->fcgi, piece, len);
	event = side_go(side);
	fcgi_give_back(&side->fcgi, &side->request);
	for (i = 0; i < len; i++)
		ck_assert_int_eq(piece[i], 0);
	free(piece);
	return (event);
}

/* In pieces of step bytes, up to an event that is not for more. */
static inline enum fcgi_event
side_take_by(struct side *side, const struct text *text, size_t step)
{
	enum fcgi_event event = FCGI_EVENT_MORE;
	size_t at, len;

	for (at = 0; at < text->len && event == FCGI_EVENT_MORE; at += len) {
		len = text->len - at < step ? text->len - at : step;
		event = side_take(side, text->bytes + at, len);
	}
	return (event);
}

static inline enum fcgi_event
side_take_all(struct side *side, const struct text *text)
{
	return (side_take_by(side, text, UNIT_ROOM));
}

/* The answer is sent: what the request left is wiped. */
static inline void
side_answer(struct side *side)
{
	fcgi_done(&side->fcgi);
	fcgi_request_reset(&side->request);
	http_reset(&side->http);
	side->params_seen = 0;
}

/* Assert what the request is: its only parameter, its body. */
static inline void
side_has(const struct side *side, const char *variable, const char *body)
{
	ck_assert_uint_eq(side->params_seen, 1);
	ck_assert_uint_eq(side->received_then, 0);
	ck_assert_str_eq(side->variables[0], variable);
	ck_assert_ptr_null(side->variables[1]);
	ck_assert_uint_eq(side->http.body.len, strlen(body));
	if (*body != '\0')
		ck_assert_mem_eq(side->http.body.data, body, strlen(body));
}

#endif
