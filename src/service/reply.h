#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "ground/buf.h"
#include "body/fault.h"
#include "ground/integration.h"

/*
 * An answer before it goes out. The functions below replace what is there;
 * that body ran out of memory shows in body.failed.
 */
struct reply {
	int status;
	const char *header;	/* one more header line, static, or NULL */
	struct buf body;	/* JSON */
};

void reply_init(struct reply *reply, size_t max_body);
void reply_fini(struct reply *reply);
void reply_reset(struct reply *reply);

/* {"detail":"..."} of a plain ASCII detail. header: as above. */
void reply_detail(struct reply *reply, int status, const char *detail,
    const char *header);

/* 422 with the faults of a body. */
void reply_faults(struct reply *reply, const struct faults *faults);

/* 200 with the envelope around an integration; auth_data is not in it. */
void reply_integration(struct reply *reply, const struct integration *row);

/*
 * The envelope of a failure. reason is from the contract's closed list, never
 * made from a value, a path or another program's message.
 */
void reply_failure(struct reply *reply, int status, const char *reason);

/* 409: the identifier belongs to an integration of that type. */
void reply_conflict(struct reply *reply, const char *type);

/* A body of plain text as it stands. */
void reply_json(struct reply *reply, int status, const char *json);

/*
 * Append the whole answer as a CGI document response (RFC 3875 section 6),
 * without its body for HEAD.
 */
void reply_write(const struct reply *reply, const char *request_id,
    bool is_head, struct buf *out);

enum { REPLY_FAILURE_MAX = 512 };

/*
 * The same of a 500, for an answer that reply_write had no memory for.
 * Returns its length.
 */
size_t reply_write_failure(char out[REPLY_FAILURE_MAX],
    const char *request_id, bool is_head);

#endif
