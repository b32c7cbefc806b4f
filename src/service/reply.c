/*
 * Every answer of the service: bodies, Status and headers, in the words of
 * the contract. Decides nothing.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "service/http.h"
#include "ground/ident.h"
#include "body/json.h"
#include "service/reply.h"

enum { BODY_KEEP = 65536 };

void
reply_init(struct reply *reply, size_t max_body)
{
	*reply = (struct reply){ .status = 500 };
	buf_init(&reply->body, max_body);
}

void
reply_fini(struct reply *reply)
{
	buf_fini(&reply->body);
}

void
reply_reset(struct reply *reply)
{
	reply->status = 500;
	reply->header = NULL;
	buf_reset(&reply->body, BODY_KEEP);
}

static struct buf *
begin(struct reply *reply, int status, const char *header)
{
	reply_reset(reply);
	reply->status = status;
	reply->header = header;
	return (&reply->body);
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
	buf_puts(begin(reply, status, NULL), json);
}

void
reply_detail(struct reply *reply, int status, const char *detail,
    const char *header)
{
	struct buf *out = begin(reply, status, header);

	put_member(out, "{\"detail\":", detail);
	buf_putc(out, '}');
}

void
reply_faults(struct reply *reply, const struct faults *faults)
{
	faults_write(faults, begin(reply, 422, NULL));
}

void
reply_integration(struct reply *reply, const struct integration *row)
{
	struct buf *out = begin(reply, 200, NULL);

	put_member(out, "{\"success\":true,\"data\":{\"integration_id\":",
	    row->integration_id);
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
	buf_puts(out, "},\"error\":null}");
}

/* The envelope around "Failed to save integration: " and two texts. */
static void
put_failure(struct buf *out, const char *reason, const char *type,
    const char *end)
{
	buf_puts(out, "{\"success\":false,\"data\":null,"
	    "\"error\":\"Failed to save integration: ");
	buf_puts(out, reason);
	buf_puts(out, type);
	buf_puts(out, end);
	buf_puts(out, "\"}");
}

void
reply_failure(struct reply *reply, int status, const char *reason)
{
	put_failure(begin(reply, status,
	    status == 503 ? "Retry-After: 1" : NULL), reason, "", "");
}

void
reply_conflict(struct reply *reply, const char *type)
{
	put_failure(begin(reply, 409, NULL),
	    "unique_identifier already belongs to a ", type, " integration");
}

void
reply_write(const struct reply *reply, const char *request_id, bool is_head,
    struct buf *out)
{
	buf_puts(out, "Status: ");
	buf_put_u64(out, (uint64_t)reply->status);
	buf_putc(out, ' ');
	buf_puts(out, http_phrase(reply->status));
	buf_puts(out, "\r\nContent-Type: application/json\r\n"
	    "Cache-Control: no-store\r\nX-Request-Id: ");
	buf_puts(out, request_id);
	if (reply->header != NULL) {
		buf_puts(out, "\r\n");
		buf_puts(out, reply->header);
	}
	buf_puts(out, "\r\nContent-Length: ");
	buf_put_u64(out, reply->body.len);
	buf_puts(out, "\r\n\r\n");
	if (!is_head)
		buf_put(out, reply->body.data, reply->body.len);
}

size_t
reply_write_failure(char out[REPLY_FAILURE_MAX], const char *request_id,
    bool is_head)
{
	static const char body[] = "{\"success\":false,\"data\":null,"
	    "\"error\":\"Failed to save integration: Internal error\"}";

	return ((size_t)snprintf(out, REPLY_FAILURE_MAX, "Status: 500 %s\r\n"
	    "Content-Type: application/json\r\nCache-Control: no-store\r\n"
	    "X-Request-Id: %.*s\r\nContent-Length: %zu\r\n\r\n%s",
	    http_phrase(500), IDENT_UUID_LEN, request_id, sizeof body - 1,
	    is_head ? "" : body));
}
