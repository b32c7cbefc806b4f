#ifndef FCGI_H
#define FCGI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/buf.h"
#include "service/http.h"

/*
 * Requests out of the bytes of a FastCGI connection, one after the other. No
 * descriptor is known here: the owner reads, lends what has come and asks
 * what is in it, until nothing is. Into how many pieces the bytes were cut
 * makes no difference.
 *
 *	fcgi_lend(fcgi, bytes, len);
 *	while ((event = fcgi_next(fcgi, request)) == FCGI_EVENT_PARAMS)
 *		the parameters are read, and who asks is looked at: whose
 *		body is not wanted, http_refuse_body
 *	fcgi_give_back(fcgi, request);
 *
 * What is taken is one request at a time of the responder role, whose
 * parameters are at most FCGI_PARAMS_LEN bytes and FCGI_PARAMS_MAX pairs that
 * fit them. Records of other requests are passed over. Who breaks the rules
 * is refused, and the log says which. DESIGN, section 9, says why so little.
 */
enum {
	FCGI_PARAMS_LEN = 65535,
	FCGI_PARAMS_MAX = 1000
};

/* One connection: what lies between two pieces. An idle one has no more. */
struct fcgi {
	unsigned char *from;		/* bytes at hand, not wiped yet ... */
	unsigned char *at, *end;	/* ... and those not taken yet */
	struct buf held;		/* where they are, if not lent */
	uint16_t id;			/* of the request */
	uint16_t content;		/* bytes of the record to come ... */
	uint8_t padding;		/* ... and behind it */
	uint8_t phase;
	uint8_t head_len;		/* of the record, how much has come */
	bool is_lent;
	bool is_dropped;		/* the record is another request's */
	bool is_kept;			/* the peer wants the connection kept */
	unsigned char head[16];
};

/* What a request takes as long as it is under way. */
struct fcgi_request {
	struct buf params;	/* as they came; fcgi_variables makes texts */
	struct http *http;	/* where its body goes */
};

enum fcgi_event {
	FCGI_EVENT_MORE,	/* all has been taken: more is wanted */
	FCGI_EVENT_PARAMS,	/* the parameters are there, and no body yet */
	FCGI_EVENT_REQUEST,	/* it is whole, or cut in its body: answer it */
	FCGI_EVENT_REFUSED	/* there is nothing to answer: close */
};

/* A connection from its first byte on. Allocates nothing. */
void fcgi_init(struct fcgi *fcgi);

/* Wipe and release what is held. Nothing may be lent. */
void fcgi_fini(struct fcgi *fcgi);

/* The memory of a request; http is its own, empty, and outlives it. */
void fcgi_request_init(struct fcgi_request *request, struct http *http);

/*
 * Wipe what a request left; http is reset by its owner. Reset keeps some
 * memory for the next one, of whichever connection.
 */
void fcgi_request_reset(struct fcgi_request *request);
void fcgi_request_fini(struct fcgi_request *request);

/*
 * Len bytes have come. They stay the caller's, who leaves them alone until
 * they are given back. Only when nothing is lent, and fcgi_next wants more.
 */
void fcgi_lend(struct fcgi *fcgi, void *bytes, size_t len);

/*
 * Take what was lent or is held, as far as the next event. As long as the
 * connection is idle any empty request will do; from then on it is the same
 * one until fcgi_done.
 */
enum fcgi_event fcgi_next(struct fcgi *fcgi, struct fcgi_request *request)
    __attribute__((warn_unused_result));

/*
 * After FCGI_EVENT_PARAMS, once: the parameters as a list of NAME=value that
 * NULL ends, as http_read_variables takes it. The texts last as long as the
 * request.
 */
void fcgi_variables(struct fcgi_request *request,
    char *variables[FCGI_PARAMS_MAX + 1]);

/*
 * What was lent is wiped. What of it was not taken yet is held, and fcgi_next
 * goes on with it; when memory is short for that, the request is cut, or if it
 * is whole, the connection is not kept.
 */
void fcgi_give_back(struct fcgi *fcgi, struct fcgi_request *request);

/*
 * Nothing more comes from the peer. A request whose parameters are there is
 * cut (FCGI_EVENT_REQUEST), any other refused.
 */
enum fcgi_event fcgi_end(struct fcgi *fcgi, struct fcgi_request *request)
    __attribute__((warn_unused_result));

/*
 * The request is answered, and what was taken for it wiped where it stood:
 * the next one may come, if fcgi_is_kept said so. Bytes may be lent still.
 */
void fcgi_done(struct fcgi *fcgi);

/* Whether bytes are at hand that have not been taken. */
bool fcgi_has_input(const struct fcgi *fcgi);

/* Whether not one byte has come of whatever comes next. */
bool fcgi_is_silent(const struct fcgi *fcgi);

/* Whether the connection goes on behind the answer. */
bool fcgi_is_kept(const struct fcgi *fcgi);

/* Whether no request has begun, so that none needs to be had for it. */
bool fcgi_is_idle(const struct fcgi *fcgi);

#endif
