/*
 * HTTP as CGI/1.1 hands it over. Does no input or output and knows no route.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "service/http.h"
#include "ground/number.h"

enum { BODY_KEEP = 65536 };	/* bytes of memory kept between requests */

static const char api_key_name[] = "HTTP_X_API_KEY=";

static const struct {
	int status;
	const char *phrase;
} phrases[] = {
	{ 200, "OK" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 413, "Content Too Large" },
	{ 422, "Unprocessable Entity" },
	{ 503, "Service Unavailable" },
	{ 507, "Insufficient Storage" },
};

static void
forget(struct http *http)
{
	http->method = http->path = http->content_type = "";
	http->content_length = http->document_root = http->api_key = "";
	http->api_keys = 0;
	http->received = 0;
	http->is_too_large = http->is_cut = false;
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
	else
		buf_put(&http->body, piece, len);
}

void
http_read_variables(struct http *http, char *const *variables)
{
	const char *script_name = "", *path_info = "";
	const struct {
		const char *name;
		const char **to;
	} table[] = {
		{ "REQUEST_METHOD=", &http->method },
		{ "SCRIPT_NAME=", &script_name },
		{ "PATH_INFO=", &path_info },
		{ "CONTENT_TYPE=", &http->content_type },
		{ "CONTENT_LENGTH=", &http->content_length },
		{ "DOCUMENT_ROOT=", &http->document_root },
		{ api_key_name, &http->api_key },
	};
	size_t i, len;

	for (; *variables != NULL; variables++) {
		for (i = 0; i < sizeof table / sizeof table[0]; i++) {
			len = strlen(table[i].name);
			if (strncmp(*variables, table[i].name, len) != 0)
				continue;
			*table[i].to = *variables + len;
			http->api_keys += table[i].to == &http->api_key;
		}
	}
	http->path = *path_info != '\0' ? path_info : script_name;
}

void
http_wipe_keys(char **variables)
{
	size_t len = strlen(api_key_name);

	for (; *variables != NULL; variables++)
		if (strncmp(*variables, api_key_name, len) == 0)
			explicit_bzero(*variables + len,
			    strlen(*variables + len));
}

int
http_body_status(const struct http *http)
{
	uint64_t length;

	if (http->is_too_large)
		return (413);
	if (http->is_cut)
		return (400);
	if (*http->content_length == '\0')
		return (0);
	if (number_parse(http->content_length, 0, UINT64_MAX, &length) == -1)
		return (400);
	return (length == http->received ? 0 : 400);
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
	size_t len;

	type += strspn(type, " \t");
	if (*type == '\0')
		return (true);
	len = strcspn(type, ";");
	while (len > 0 && (type[len - 1] == ' ' || type[len - 1] == '\t'))
		len--;
	if (len < strlen(main_type) ||
	    strncasecmp(type, main_type, strlen(main_type)) != 0 ||
	    memchr(type + strlen(main_type), '/',
	    len - strlen(main_type)) != NULL)
		return (false);
	return (ends_in(type, len, "/json") || ends_in(type, len, "+json"));
}

const char *
http_phrase(int status)
{
	size_t i;

	for (i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
		if (phrases[i].status == status)
			return (phrases[i].phrase);
	return ("Internal Server Error");
}
