#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stddef.h>

#include "gateway/fcgi.h"
#include "gateway/fcgi_out.h"
#include "ground/buf.h"
#include "ground/pace.h"
#include "service/call.h"

/*
 * A request under way and its answer: the memory that a connection has only
 * as long as it needs it. Some are kept, so that most requests allocate
 * nothing.
 */
struct exchange {
	struct call call;
	struct fcgi_request request;
	struct buf out;
	char failure[FCGI_OUT_HEAD + REPLY_FAILURE_MAX + FCGI_OUT_TAIL];
	char *answer;			/* in out or failure */
	size_t answer_len;
	size_t sent;			/* of it */
	size_t reserved;		/* bytes that its body may take */
	void *owner;
	struct exchange *next;
};

struct exchanges {
	const struct app *app;
	struct reader *reader;		/* lent, for all calls */
	struct exchange *spare;
	size_t spares;
	size_t under_way;
	size_t reserved;		/* by all of them */
	struct pace warning;
};

void exchanges_init(struct exchanges *exchanges, const struct app *app,
    struct reader *reader);

/* Wipe and release the spare ones. None is under way. */
void exchanges_fini(struct exchanges *exchanges);

/* One for owner; NULL: out of memory, which is logged. */
struct exchange *exchange_take(struct exchanges *exchanges, void *owner)
    __attribute__((warn_unused_result));

/* Wipe what it has of its request, and give it back. */
void exchange_give(struct exchanges *exchanges, struct exchange *exchange);

/* Let the body take so many bytes, as far as the others are concerned. */
void exchange_reserve(struct exchanges *exchanges, struct exchange *exchange,
    size_t len);

/* Make the records of the answer that the call has come to. */
void exchange_answer(struct exchange *exchange, uint16_t id);

#endif
