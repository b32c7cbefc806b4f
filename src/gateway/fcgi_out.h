#ifndef FCGI_OUT_H
#define FCGI_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "ground/buf.h"

/*
 * A whole answer as FastCGI records in one run of memory, for one send: the
 * text on standard output, its end, and the end of the request. Nothing is
 * said on standard error.
 */
enum {
	FCGI_OUT_ONE = 65528,	/* bytes of text that one record holds */
	FCGI_OUT_HEAD = 8,	/* what stands before such a text ... */
	FCGI_OUT_TAIL = 31	/* ... and behind it, at most */
};

/* How long the answer is whose text has len bytes. */
size_t fcgi_out_len(size_t len);

/*
 * Put records around the len bytes of text at answer + FCGI_OUT_HEAD, where
 * there is room for fcgi_out_len(len) in all. id: the request's.
 */
void fcgi_out_frame(char *answer, size_t len, uint16_t id);

/*
 * The same in a buffer, which is empty: begin, append the text, end. When
 * memory is short out->failed is set.
 */
void fcgi_out_begin(struct buf *out);
void fcgi_out_end(struct buf *out, uint16_t id);

#endif
