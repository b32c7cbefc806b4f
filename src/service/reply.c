/*
 * Every answer of the service: bodies, Status and headers, in the words of
 * the contract. Decides nothing.
 */
#include "config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "body/json.h"
#include "ground/etag.h"
#include "ground/ident.h"
#include "ground/scope.h"
#include "ground/token_state.h"
#include "service/http.h"
#include "service/reply.h"

enum { BODY_KEEP = 65536 };

/* Around the members of what has gone well. */
static const char envelope[] = "{\"success\":true,\"data\":{";
static const char envelope_end[] = "},\"error\":null}";

/* Between pieces. */
static const char piece_mark[] = "\x1e";

static struct buf *
begin(struct reply *reply, int status)
{
	reply->status = status;
	reply->type = "application/json";
	reply->headers[0] = '\0';
	buf_reset(&reply->body, BODY_KEEP);
	return (&reply->body);
}

void
reply_init(struct reply *reply, size_t max_body)
{
	*reply = (struct reply){ .status = 500 };
	buf_init(&reply->body, max_body);
	(void)begin(reply, 500);
}

void
reply_fini(struct reply *reply)
{
	buf_fini(&reply->body);
}

void
reply_reset(struct reply *reply)
{
	(void)begin(reply, 500);
	reply->failure = NULL;
}

static void
put_member(struct buf *out, const char *before, const char *text)
{
	buf_puts(out, before);
	json_put_string(out, text, strlen(text));
}

static void
put_bool(struct buf *out, const char *before, bool value)
{
	buf_puts(out, before);
	buf_puts(out, value ? "true" : "false");
}

void
reply_json(struct reply *reply, int status, const char *json)
{
	buf_puts(begin(reply, status), json);
}

void
reply_text(struct reply *reply, const char *type, const char *text)
{
	buf_puts(begin(reply, 200), text);
	reply->type = type;
}

void
reply_detail(struct reply *reply, int status, const char *detail)
{
	struct buf *out = begin(reply, status);

	put_member(out, "{\"detail\":", detail);
	buf_putc(out, '}');
}

void
reply_faults(struct reply *reply, const struct faults *faults)
{
	faults_write(faults, begin(reply, 422));
}

void
reply_put_saved(struct buf *out, const struct integration *row)
{
	put_member(out, "\"integration_id\":", row->integration_id);
	put_member(out, ",\"name\":", row->name);
	put_member(out, ",\"integration_type\":", row->integration_type);
	put_member(out, ",\"status\":", row->status);
	put_bool(out, ",\"active\":", row->active);
	put_member(out, ",\"unique_identifier\":", row->unique_identifier);
	put_member(out, ",\"created_by\":", row->created_by);
	put_member(out, ",\"created_at\":", row->created_at);
	put_bool(out, ",\"has_auth_data\":", row->has_auth_data);
	put_bool(out, ",\"has_scope_data\":", row->has_scope_data);
	buf_puts(out, ",\"metadata\":");
	buf_puts(out, row->metadata);
}

void
reply_etag(struct reply *reply, const struct integration *row)
{
	char tag[ETAG_LEN + 1];

	etag_write(tag, row->revision, row->updated_at);
	reply_header(reply, "ETag", tag);
}

struct buf *
reply_open(struct reply *reply)
{
	struct buf *out = begin(reply, 200);

	buf_puts(out, envelope);
	return (out);
}

void
reply_close(struct reply *reply)
{
	buf_puts(&reply->body, envelope_end);
}

void
reply_refusal(struct reply *reply, int status, const char *error)
{
	struct buf *out = begin(reply, status);

	put_member(out, "{\"success\":false,\"data\":null,\"error\":", error);
	buf_putc(out, '}');
}

void
reply_integration(struct reply *reply, const struct integration *row)
{
	struct buf *out = begin(reply, 200);

	buf_puts(out, envelope);
	reply_put_saved(out, row);
	buf_puts(out, envelope_end);
	reply_etag(reply, row);
}

/* A text, or null where there is none. */
static void
put_or_null(struct buf *out, const char *before, const char *text)
{
	if (text != NULL && *text != '\0') {
		put_member(out, before, text);
	} else {
		buf_puts(out, before);
		buf_puts(out, "null");
	}
}

void
reply_put_item(struct buf *out, const struct integration *row,
    unsigned expiring_days)
{
	reply_put_saved(out, row);
	put_member(out, ",\"updated_at\":", row->updated_at);
	buf_puts(out, ",\"revision\":");
	buf_put_u64(out, (uint64_t)row->revision);
	put_member(out, ",\"token_state\":", token_state(row->expires_at,
	    ident_now_us(), expiring_days));
	put_or_null(out, ",\"expires_at\":", row->expires_at);
}

void
reply_item(struct reply *reply, const struct integration *row,
    unsigned expiring_days)
{
	struct buf *out = begin(reply, 200);

	buf_puts(out, envelope);
	reply_put_item(out, row, expiring_days);
	buf_puts(out, envelope_end);
	reply_etag(reply, row);
}

/* What a reading has beside an item's members, mark between its pieces. */
static void
put_read(struct buf *out, const struct integration *row,
    const struct store_use *use, const char *fingerprint,
    unsigned expiring_days, const char *mark)
{
	reply_put_item(out, row, expiring_days);
	buf_puts(out, mark);
	buf_puts(out, ",\"scope_data\":");
	buf_puts(out, row->scope_data != NULL ? row->scope_data : "null");
	put_bool(out, ",\"auth\":{\"has_auth_data\":", row->has_auth_data);
	buf_puts(out, ",\"fingerprint\":");
	buf_puts(out, mark);
	put_or_null(out, "", fingerprint);
	buf_puts(out, mark);
	put_or_null(out, ",\"last_revealed_at\":", use->last_revealed_at);
	buf_puts(out, ",\"reveal_count\":");
	buf_put_u64(out, (uint64_t)use->reveal_count);
	put_or_null(out, ",\"refresh_lease_until\":", use->lease_until);
	buf_putc(out, '}');
}

void
reply_read(struct reply *reply, const struct integration *row,
    const struct store_use *use, const char *fingerprint,
    unsigned expiring_days)
{
	struct buf *out = begin(reply, 200);

	buf_puts(out, envelope);
	put_read(out, row, use, fingerprint, expiring_days, "");
	buf_puts(out, envelope_end);
	reply_etag(reply, row);
}

void
reply_put_pieces(struct buf *out, const struct integration *row,
    const struct store_use *use, const char *fingerprint,
    unsigned expiring_days)
{
	put_read(out, row, use, fingerprint, expiring_days, piece_mark);
}

/* Append the piece at *text, and move on to the next. */
static void
put_piece(struct buf *out, const char **text, bool is_shown)
{
	size_t len = strcspn(*text, piece_mark);

	if (is_shown)
		buf_put(out, *text, len);
	*text += len;
	*text += **text != '\0';
}

void
reply_pieces(struct reply *reply, const char *pieces, unsigned scopes,
    const char *more)
{
	struct buf *out = begin(reply, 200);
	bool may_read = (scopes & SCOPE_READ) != 0;
	bool may_compare = (scopes & (SCOPE_VERIFY | SCOPE_REVEAL)) != 0;

	buf_puts(out, envelope);
	put_piece(out, &pieces, true);
	if (*pieces != '\0' && may_read) {
		put_piece(out, &pieces, true);
		if (!may_compare)
			buf_puts(out, "null");
		put_piece(out, &pieces, may_compare);
		put_piece(out, &pieces, true);
	}
	if (more != NULL)
		buf_puts(out, more);
	buf_puts(out, envelope_end);
}

struct buf *
reply_list(struct reply *reply, const char *name)
{
	struct buf *out = begin(reply, 200);

	buf_puts(out, envelope);
	put_member(out, "", name);
	buf_puts(out, ":[");
	return (out);
}

void
reply_list_end(struct reply *reply, const char *next_cursor)
{
	struct buf *out = &reply->body;

	put_or_null(out, "],\"next_cursor\":", next_cursor);
	buf_puts(out, envelope_end);
}

/* The envelope around what has failed, and why: a reason in three pieces. */
static void
put_failure(struct reply *reply, int status, const char *reason,
    const char *type, const char *end)
{
	struct buf *out = begin(reply, status);

	buf_puts(out, "{\"success\":false,\"data\":null,\"error\":\"");
	buf_puts(out, reply->failure);
	buf_puts(out, ": ");
	buf_puts(out, reason);
	buf_puts(out, type);
	buf_puts(out, end);
	buf_puts(out, "\"}");
}

void
reply_error(struct reply *reply, int status, const char *error)
{
	struct buf *out = begin(reply, status);

	put_member(out, "{\"success\":false,\"data\":null,\"error\":", error);
	buf_putc(out, '}');
}

void
reply_lease(struct reply *reply, const char *lease_id,
    const char *expires_at, int64_t revision)
{
	struct buf *out = begin(reply, 200);

	buf_puts(out, envelope);
	if (lease_id != NULL) {
		put_member(out, "\"lease_id\":", lease_id);
		put_member(out, ",\"expires_at\":", expires_at);
		buf_putc(out, ',');
	}
	buf_puts(out, "\"revision\":");
	buf_put_u64(out, (uint64_t)revision);
	buf_puts(out, envelope_end);
}

void
reply_held(struct reply *reply, int64_t retry_after, const char *expires_at)
{
	struct buf *out = begin(reply, 409);
	char seconds[24];

	snprintf(seconds, sizeof seconds, "%lld", (long long)retry_after);
	buf_puts(out, "{\"success\":false,\"data\":{\"retry_after\":");
	buf_puts(out, seconds);
	put_member(out, ",\"expires_at\":", expires_at);
	buf_puts(out, "},\"error\":\"Refresh lease is held\"}");
	reply_header(reply, "Retry-After", seconds);
}

void
reply_failure(struct reply *reply, int status, const char *reason)
{
	if (reply->failure == NULL)
		reply_detail(reply, status, http_phrase(status));
	else
		put_failure(reply, status, reason, "", "");
	if (status == 503)
		reply_header(reply, "Retry-After", "1");
}

bool
reply_store_failure(struct reply *reply, enum store_rc rc)
{
	switch (rc) {
	case STORE_BUSY:
		reply_failure(reply, 503, "Database is busy");
		return (true);
	case STORE_FULL:
		reply_failure(reply, 507, "Database is full");
		return (true);
	case STORE_WRITE_FAILED:
		reply_failure(reply, 500, "Database write failed");
		return (true);
	case STORE_UNAVAILABLE:
	case STORE_NEWER:
	case STORE_OLDER:
		reply_failure(reply, 500, "Database connection failed");
		return (true);
	default:
		return (false);
	}
}

void
reply_conflict(struct reply *reply, const char *type)
{
	if (type != NULL)
		put_failure(reply, 409,
		    "unique_identifier already belongs to a ", type,
		    " integration");
	else
		reply_failure(reply, 409, "unique_identifier already belongs "
		    "to another integration");
}

void
reply_header(struct reply *reply, const char *name, const char *value)
{
	size_t len = strlen(reply->headers), room = REPLY_HEADERS_MAX - len;
	int n;

	n = snprintf(reply->headers + len, room, "%s: %s\r\n", name, value);
	assert(n > 0 && (size_t)n < room);
	(void)n;
}

void
reply_write(const struct reply *reply, const char *request_id, bool is_head,
    struct buf *out)
{
	buf_puts(out, "Status: ");
	buf_put_u64(out, (uint64_t)reply->status);
	buf_putc(out, ' ');
	buf_puts(out, http_phrase(reply->status));
	buf_puts(out, "\r\nContent-Type: ");
	buf_puts(out, reply->type);
	buf_puts(out, "\r\nCache-Control: no-store\r\nX-Request-Id: ");
	buf_puts(out, request_id);
	buf_puts(out, "\r\n");
	buf_puts(out, reply->headers);
	buf_puts(out, "Content-Length: ");
	buf_put_u64(out, reply->body.len);
	buf_puts(out, "\r\n\r\n");
	if (!is_head)
		buf_put(out, reply->body.data, reply->body.len);
}

size_t
reply_write_failure(const struct reply *reply, const char *request_id,
    bool is_head, char out[REPLY_FAILURE_MAX])
{
	const char *phrase = http_phrase(500);
	char body[REPLY_FAILURE_MAX / 2];
	int len;

	if (reply->failure == NULL)
		len = snprintf(body, sizeof body, "{\"detail\":\"%s\"}",
		    phrase);
	else
		len = snprintf(body, sizeof body, "{\"success\":false,"
		    "\"data\":null,\"error\":\"%s: Internal error\"}",
		    reply->failure);
	assert(len > 0 && (size_t)len < sizeof body);
	return ((size_t)snprintf(out, REPLY_FAILURE_MAX, "Status: 500 %s\r\n"
	    "Content-Type: application/json\r\nCache-Control: no-store\r\n"
	    "X-Request-Id: %.*s\r\nContent-Length: %d\r\n\r\n%s", phrase,
	    IDENT_UUID_LEN, request_id, len, is_head ? "" : body));
}
