/*
 * An answer to FastCGI records (specification 1.0, section 3.3). Sends
 * nothing and knows no meaning of the text.
 */
#include "config.h"

#include <string.h>

#include <fastcgi.h>

#include "gateway/fcgi_out.h"

/* Records are a multiple of this long, as the specification would have it. */
enum { ALIGN = 8 };

_Static_assert(FCGI_OUT_HEAD == sizeof(FCGI_Header), "what stands before");
_Static_assert(FCGI_OUT_TAIL == ALIGN - 1 + sizeof(FCGI_Header) +
    sizeof(FCGI_EndRequestRecord), "what stands behind");
_Static_assert(FCGI_OUT_ONE == FCGI_MAX_LENGTH / ALIGN * ALIGN, "one record");

/* How many records the text takes. */
static size_t
count_records(size_t len)
{
	return (len / FCGI_OUT_ONE + (len % FCGI_OUT_ONE > 0));
}

static size_t
padding_of(size_t len)
{
	return ((ALIGN - len % ALIGN) % ALIGN);
}

size_t
fcgi_out_len(size_t len)
{
	return (count_records(len) * sizeof(FCGI_Header) + len +
	    padding_of(len) + sizeof(FCGI_Header) +
	    sizeof(FCGI_EndRequestRecord));
}

static void
put_head(char *to, unsigned char type, uint16_t id, size_t len)
{
	const FCGI_Header head = {
		.version = FCGI_VERSION_1, .type = type,
		.requestIdB1 = (unsigned char)(id >> 8),
		.requestIdB0 = (unsigned char)id,
		.contentLengthB1 = (unsigned char)(len >> 8),
		.contentLengthB0 = (unsigned char)len,
		.paddingLength = (unsigned char)padding_of(len)
	};

	memcpy(to, &head, sizeof head);
}

static void
put_end(char *to, uint16_t id)
{
	const FCGI_EndRequestBody body = {
		.protocolStatus = FCGI_REQUEST_COMPLETE
	};

	put_head(to, FCGI_STDOUT, id, 0);
	to += sizeof(FCGI_Header);
	put_head(to, FCGI_END_REQUEST, id, sizeof body);
	memcpy(to + sizeof(FCGI_Header), &body, sizeof body);
}

void
fcgi_out_frame(char *answer, size_t len, uint16_t id)
{
	char *text = answer + FCGI_OUT_HEAD, *to;
	size_t i, at, piece;

	/* From the last piece on: each moves behind the heads before it. */
	for (i = count_records(len); i > 0; i--) {
		at = (i - 1) * FCGI_OUT_ONE;
		piece = len - at < FCGI_OUT_ONE ? len - at : FCGI_OUT_ONE;
		to = text + at + (i - 1) * sizeof(FCGI_Header);
		memmove(to, text + at, piece);
		memset(to + piece, 0, padding_of(piece));
		put_head(to - sizeof(FCGI_Header), FCGI_STDOUT, id, piece);
	}
	put_end(answer + fcgi_out_len(len) - sizeof(FCGI_Header) -
	    sizeof(FCGI_EndRequestRecord), id);
}

void
fcgi_out_begin(struct buf *out)
{
	(void)buf_grow(out, FCGI_OUT_HEAD);
}

void
fcgi_out_end(struct buf *out, uint16_t id)
{
	size_t len;

	if (out->failed)
		return;
	len = out->len - FCGI_OUT_HEAD;
	if (buf_grow(out, fcgi_out_len(len) - out->len) != NULL)
		fcgi_out_frame(out->data, len, id);
}
