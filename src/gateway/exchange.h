#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdbool.h>
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
	size_t reserved;		/* bytes that its body may take ... */
	size_t reserved_rows;		/* ... and what it reads */
	void *owner;
	struct exchange *next;
};

struct exchanges {
	const struct app *app;
	struct reader *reader;		/* lent, for all calls */
	struct exchange *spare;
	size_t spares;
	size_t under_way;
	size_t max_memory;		/* of bodies, and as much of rows */
	size_t reserved;		/* by all of them ... */
	size_t reserved_rows;		/* ... either */
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

/*
 * Let the body take so many bytes, if there is room for them beside what others
 * may take; a single one may be larger than all are to be together.
 */
bool exchange_reserve(struct exchanges *exchanges, struct exchange *exchange,
    size_t len) __attribute__((warn_unused_result));

/*
 * The same of what it reads from the database, of which there are copies until
 * it is answered: the room's limit becomes len. Whoever has that has all that
 * he needs, so it comes back; the two are not one sum, or those who have bodies
 * could wait for each other's memory. After each step let it be no more than
 * what was read, or still will be.
 */
bool exchange_reserve_rows(struct exchanges *exchanges,
    struct exchange *exchange, size_t len) __attribute__((warn_unused_result));
void exchange_fit_rows(struct exchanges *exchanges, struct exchange *exchange);

/*
 * Make the records of the answer that the call has come to. They are all that
 * is left of what was read, and counted as such up to their last byte.
 */
void exchange_answer(struct exchanges *exchanges, struct exchange *exchange,
    uint16_t id);

#endif
