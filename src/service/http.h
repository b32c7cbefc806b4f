#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "ground/buf.h"

/*
 * What a request says, however it arrived. All texts are lent by the gateway
 * for the time of the request and never NULL, empty when absent. The names
 * are those of CGI/1.1 (RFC 3875).
 */
struct http {
	const char *method;
	const char *path;		/* decoded, without the query */
	const char *content_type;
	const char *content_length;
	const char *document_root;
	const char *api_key;		/* x-api-key */
	size_t api_keys;		/* how many were sent */
	struct buf body;
	size_t received;		/* bytes of body that came */
	bool is_too_large;		/* more than body's max */
	bool is_cut;			/* body did not arrive whole */
};

/* A piece of the body has come. What is too much is counted, not kept. */
void http_add_body(struct http *http, const void *piece, size_t len);

/* Empty; body holds at most max_body bytes. http_fini wipes and releases. */
void http_init(struct http *http, size_t max_body);
void http_fini(struct http *http);

/* Forget a request, wipe its body, keep some memory for the next. */
void http_reset(struct http *http);

/* Take the request's meta-variables, NAME=value, from a list NULL ends. */
void http_read_variables(struct http *http, char *const *variables);

/* Overwrite the API keys in that list. */
void http_wipe_keys(char **variables);

/*
 * What is to be said of the body: 0 when it is as long as it claims, 413 when
 * it is too large, 400 when it was cut or Content-Length lies.
 */
int http_body_status(const struct http *http);

/* Whether Content-Type names JSON (application/json, application/...+json). */
bool http_is_json(const struct http *http);

/* The reason phrase of a status that this service gives (RFC 9110). */
const char *http_phrase(int status);

#endif
