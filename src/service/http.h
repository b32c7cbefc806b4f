#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "ground/buf.h"
#include "ground/field_lines.h"

/*
 * What a request says, however it arrived. All texts are lent by the gateway
 * for the time of the request and never NULL, empty when absent. The names
 * are those of CGI/1.1 (RFC 3875).
 */
struct http {
	const char *method;
	const char *path;		/* decoded, without the query */
	const char *content_type;
	const char *content_length;	/* "-1", which is none, is empty too */
	const char *document_root;
	const char *query;		/* not decoded, without the ? */
	const char *remote_addr;
	const char *api_key;		/* x-api-key without blanks around it */
	size_t api_key_len;		/* what stands behind is none of it */
	size_t api_keys;		/* how many were sent */
	const char *authorization;	/* of the scheme Bearer, or empty */
	bool is_encoded;		/* by Content-Encoding, somehow */
	struct field_lines if_match;
	struct field_lines if_none_match;
	struct field_lines idempotency_key;
	struct field_lines refresh_lease;
	struct field_lines method_override;
	struct buf body;
	size_t received;		/* bytes of body that came */
	bool is_too_large;		/* more than body's max */
	bool is_cut;			/* body did not arrive whole */
	bool is_unwanted;		/* body is counted, and kept no more */
};

/*
 * A piece of the body has come. What is too much, or not wanted, is counted
 * and not kept.
 */
void http_add_body(struct http *http, const void *piece, size_t len);

/* Empty; body holds at most max_body bytes. http_fini wipes and releases. */
void http_init(struct http *http, size_t max_body);
void http_fini(struct http *http);

/* Nobody will read the body: what has come of it is wiped. */
void http_refuse_body(struct http *http);

/* Forget a request, wipe its body, keep some memory for the next. */
void http_reset(struct http *http);

/* Take the request's meta-variables, NAME=value, from a list NULL ends. */
void http_read_variables(struct http *http, char *const *variables);

/*
 * A field line without the blanks around it: its length; *line is moved past
 * those in front.
 */
size_t http_trim(const char **line);

/*
 * How much memory the body may come to take, by what Content-Length says and
 * by how much is kept at most.
 */
size_t http_body_expected(const struct http *http);

/*
 * Take the token of Authorization: Bearer (RFC 6750, section 2.1) for the API
 * key, where no other came.
 */
void http_take_bearer(struct http *http);

/* Overwrite the API keys in that list. */
void http_wipe_keys(char **variables);

/*
 * What is to be said of the body: 413 when it is too large, 400 when it was
 * cut or Content-Length lies, 415 when it is encoded, 0 when it is none of
 * these.
 */
int http_body_status(const struct http *http);

/* Whether Content-Type names JSON (application/json, application/...+json). */
bool http_is_json(const struct http *http);

/* The statuses that this service gives have indexes below HTTP_STATUSES. */
enum { HTTP_STATUSES = 14 };
size_t http_status_index(int status);
int http_status_at(size_t index);

/* The reason phrase of a status that this service gives (RFC 9110). */
const char *http_phrase(int status);

#endif
