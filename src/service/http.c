/*
 * HTTP as CGI/1.1 hands it over. Does no input or output and knows no route.
 */
#include "config.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "ground/number.h"
#include "service/http.h"

enum { BODY_KEEP = 65536 };	/* bytes of memory kept between requests */

static const char api_key_name[] = "HTTP_X_API_KEY=";
static const char authorization_name[] = "HTTP_AUTHORIZATION=";

static const struct {
	int status;
	const char *phrase;
} phrases[HTTP_STATUSES] = {
	{ 200, "OK" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 422, "Unprocessable Entity" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
	{ 507, "Insufficient Storage" },
};

static void
forget(struct http *http)
{
	http->method = http->path = http->content_type = "";
	http->content_length = http->document_root = http->api_key = "";
	http->query = http->remote_addr = http->authorization = "";
	http->api_key_len = http->api_keys = 0;
	http->received = 0;
	http->is_too_large = http->is_cut = http->is_unwanted = false;
	http->is_encoded = false;
	http->if_match.count = http->if_none_match.count = 0;
	http->idempotency_key.count = http->refresh_lease.count = 0;
	http->method_override.count = 0;
}

void
http_init(struct http *http, size_t max_body)
{
	*http = (struct http){ 0 };
	forget(http);
	buf_init(&http->body, max_body);
}

void
http_fini(struct http *http)
{
	forget(http);
	buf_fini(&http->body);
}

void
http_reset(struct http *http)
{
	forget(http);
	buf_reset(&http->body, BODY_KEEP);
}

void
http_add_body(struct http *http, const void *piece, size_t len)
{
	http->received += len;
	if (http->received > http->body.max)
		http->is_too_large = true;
	else if (!http->is_unwanted)
		buf_put(&http->body, piece, len);
}

static bool
is_blank(char c)
{
	return (c == ' ' || c == '\t');
}

/*
 * The length of len bytes of a header without the blanks around them, which
 * are no part of its value (RFC 9110 section 5.5); *text is moved past those
 * in front.
 */
static size_t
trim(const char **text, size_t len)
{
	for (; len > 0 && is_blank(**text); len--)
		(*text)++;
	while (len > 0 && is_blank((*text)[len - 1]))
		len--;
	return (len);
}

size_t
http_trim(const char **line)
{
	return (trim(line, strlen(*line)));
}

static bool
is_identity(const char *encoding)
{
	static const char identity[] = "identity";
	size_t len = trim(&encoding, strlen(encoding));

	return (len == 0 || (len == strlen(identity) &&
	    strncasecmp(encoding, identity, len) == 0));
}

void
http_refuse_body(struct http *http)
{
	http->is_unwanted = true;
	buf_reset(&http->body, BODY_KEEP);
}

/* One more line of a header. */
static void
add_line(struct field_lines *lines, const char *value)
{
	if (lines->count < FIELD_LINES_MAX)
		lines->line[lines->count] = value;
	lines->count++;
}

/* The value of NAME=value, or NULL where it is another name's. */
static const char *
value_of(const char *variable, const char *name)
{
	size_t len;

	/* Most differ there, and each request has thirty. */
	if (variable[0] != name[0])
		return (NULL);
	len = strlen(name);
	return (strncmp(variable, name, len) == 0 ? variable + len : NULL);
}

/* Take a variable that may stand there more than once. */
static void
read_lines(struct http *http, const char *variable)
{
	const struct {
		const char *name;
		struct field_lines *to;
	} table[] = {
		{ "HTTP_IF_MATCH=", &http->if_match },
		{ "HTTP_IF_NONE_MATCH=", &http->if_none_match },
		{ "HTTP_IDEMPOTENCY_KEY=", &http->idempotency_key },
		{ "HTTP_REFRESH_LEASE=", &http->refresh_lease },
		{ "HTTP_X_HTTP_METHOD_OVERRIDE=", &http->method_override },
	};
	const char *value;
	size_t i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++)
		if ((value = value_of(variable, table[i].name)) != NULL)
			add_line(table[i].to, value);
}

void
http_read_variables(struct http *http, char *const *variables)
{
	const char *script_name = "", *path_info = "", *encoding = "", *value;
	const struct {
		const char *name;
		const char **to;
	} table[] = {
		{ "REQUEST_METHOD=", &http->method },
		{ "SCRIPT_NAME=", &script_name },
		{ "PATH_INFO=", &path_info },
		{ "QUERY_STRING=", &http->query },
		{ "REMOTE_ADDR=", &http->remote_addr },
		{ "CONTENT_TYPE=", &http->content_type },
		{ "CONTENT_LENGTH=", &http->content_length },
		{ "HTTP_CONTENT_ENCODING=", &encoding },
		{ "DOCUMENT_ROOT=", &http->document_root },
		{ api_key_name, &http->api_key },
		{ authorization_name, &http->authorization },
	};
	size_t i;

	for (; *variables != NULL; variables++) {
		for (i = 0; i < sizeof table / sizeof table[0]; i++) {
			value = value_of(*variables, table[i].name);
			if (value == NULL)
				continue;
			*table[i].to = value;
			http->api_keys += table[i].to == &http->api_key;
			http->is_encoded |= table[i].to == &encoding &&
			    !is_identity(encoding);
		}
		read_lines(http, *variables);
	}
	http->api_key_len = trim(&http->api_key, strlen(http->api_key));
	/* How Caddy writes that it was told none. */
	if (strcmp(http->content_length, "-1") == 0)
		http->content_length = "";
	http->path = *path_info != '\0' ? path_info : script_name;
}

void
http_take_bearer(struct http *http)
{
	static const char scheme[] = "bearer ";
	size_t len = strlen(scheme);

	if (http->api_keys > 0 ||
	    strncasecmp(http->authorization, scheme, len) != 0)
		return;
	http->api_key = http->authorization + len;
	http->api_key_len = trim(&http->api_key, strlen(http->api_key));
	http->api_keys = 1;
}

void
http_wipe_keys(char **variables)
{
	static const char *const names[] = {
		api_key_name, authorization_name
	};
	char *value;
	size_t i;

	for (; *variables != NULL; variables++)
		for (i = 0; i < sizeof names / sizeof names[0]; i++)
			if (strncmp(*variables, names[i],
			    strlen(names[i])) == 0) {
				value = *variables + strlen(names[i]);
				explicit_bzero(value, strlen(value));
			}
}

size_t
http_body_expected(const struct http *http)
{
	uint64_t length;

	if (number_parse(http->content_length, 0, UINT64_MAX, &length) == 0 &&
	    length < http->body.max)
		return ((size_t)length);
	return (http->body.max);
}

/* Whether Content-Length is absent, or a plain number and what came. */
static bool
is_true_length(const struct http *http)
{
	uint64_t length;

	return (*http->content_length == '\0' ||
	    (number_parse(http->content_length, 0, UINT64_MAX, &length) == 0 &&
	    length == http->received));
}

int
http_body_status(const struct http *http)
{
	if (http->is_too_large)
		return (413);
	if (http->is_cut || !is_true_length(http))
		return (400);
	return (http->is_encoded ? 415 : 0);
}

/* Whether text, len bytes without its case, ends in end. */
static bool
ends_in(const char *text, size_t len, const char *end)
{
	size_t end_len = strlen(end);

	return (len >= end_len &&
	    strncasecmp(text + len - end_len, end, end_len) == 0);
}

bool
http_is_json(const struct http *http)
{
	static const char main_type[] = "application/";
	const char *type = http->content_type;
	size_t len = trim(&type, strcspn(type, ";"));

	if (*type == '\0')
		return (true);
	if (len < strlen(main_type) ||
	    strncasecmp(type, main_type, strlen(main_type)) != 0 ||
	    memchr(type + strlen(main_type), '/',
	    len - strlen(main_type)) != NULL)
		return (false);
	return (ends_in(type, len, "/json") || ends_in(type, len, "+json"));
}

size_t
http_status_index(int status)
{
	size_t i = 0;

	while (i < HTTP_STATUSES && phrases[i].status != status)
		i++;
	assert(i < HTTP_STATUSES);
	return (i);
}

int
http_status_at(size_t index)
{
	return (phrases[index].status);
}

const char *
http_phrase(int status)
{
	return (phrases[http_status_index(status)].phrase);
}
