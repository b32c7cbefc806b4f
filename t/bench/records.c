/*
 * What a request costs between recv and send, alone: from records, an answer
 * to records, and all of it wiped; and the same with the parameters looked
 * through for those of struct http. The request is nginx's, with 25 parameters
 * and 300 bytes of body; the answer is as long as that to a save.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/fcgi.h"
#include "gateway/fcgi_out.h"

enum { ROUNDS = 1000000, ROOM = 4096, HEAD = 170, BODY = 480 };

static const char *const params[][2] = {
	{ "REQUEST_METHOD", "POST" },
	{ "REQUEST_URI", "/api/v2/integrations/save" },
	{ "QUERY_STRING", "" },
	{ "CONTENT_TYPE", "application/json" },
	{ "CONTENT_LENGTH", "300" },
	{ "SCRIPT_NAME", "/api/v2/integrations/save" },
	{ "PATH_INFO", "" },
	{ "DOCUMENT_URI", "/api/v2/integrations/save" },
	{ "DOCUMENT_ROOT", "/usr/share/nginx/html" },
	{ "SERVER_PROTOCOL", "HTTP/1.1" },
	{ "REQUEST_SCHEME", "https" },
	{ "HTTPS", "on" },
	{ "GATEWAY_INTERFACE", "CGI/1.1" },
	{ "SERVER_SOFTWARE", "nginx/1.22.1" },
	{ "REMOTE_ADDR", "203.0.113.7" },
	{ "REMOTE_PORT", "54321" },
	{ "SERVER_ADDR", "203.0.113.1" },
	{ "SERVER_PORT", "443" },
	{ "SERVER_NAME", "strongroom.example.org" },
	{ "REDIRECT_STATUS", "200" },
	{ "HTTP_HOST", "strongroom.example.org" },
	{ "HTTP_USER_AGENT", "python-requests/2.28.1" },
	{ "HTTP_ACCEPT", "*/*" },
	{ "HTTP_X_API_KEY", "sr_0123456789ab_0123456789abcdef0123456789abcdef"
	    "0123456789a" },
	{ "HTTP_CONTENT_LENGTH", "300" },
};

static char request[ROOM];
static size_t request_len;

static void
put_record(char type, const char *content, size_t len)
{
	const char head[8] = { 1, type, 0, 1, (char)(len >> 8), (char)len };

	memcpy(request + request_len, head, sizeof head);
	memcpy(request + request_len + sizeof head, content, len);
	request_len += sizeof head + len;
}

static void
make_request(void)
{
	char content[ROOM / 2], *to = content;
	size_t i;

	for (i = 0; i < sizeof params / sizeof params[0]; i++) {
		*to++ = (char)strlen(params[i][0]);
		*to++ = (char)strlen(params[i][1]);
		to = stpcpy(stpcpy(to, params[i][0]), params[i][1]);
	}
	put_record(1, "\0\1\1\0\0\0\0\0", 8);
	put_record(4, content, (size_t)(to - content));
	put_record(4, "", 0);
	memset(content, 'b', 300);
	put_record(5, content, 300);
	put_record(5, "", 0);
}

struct bench {
	struct fcgi fcgi;
	struct fcgi_request request;
	struct http http;
	struct buf out;
	char input[ROOM];
};

/* Returns how much would be sent; 0 is a fault. */
static size_t
serve(struct bench *bench, bool is_read)
{
	static const char text[HEAD + BODY];
	char *variables[FCGI_PARAMS_MAX + 1];
	struct fcgi *fcgi = &bench->fcgi;
	size_t sent;

	memcpy(bench->input, request, request_len);
	fcgi_lend(fcgi, bench->input, request_len);
	if (fcgi_next(fcgi, &bench->request) != FCGI_EVENT_PARAMS)
		return (0);
	fcgi_variables(&bench->request, variables);
	if (is_read)
		http_read_variables(&bench->http, variables);
	if (fcgi_next(fcgi, &bench->request) != FCGI_EVENT_REQUEST ||
	    http_body_status(&bench->http) != 0)
		return (0);
	fcgi_give_back(fcgi, &bench->request);
	fcgi_out_begin(&bench->out);
	buf_put(&bench->out, text, sizeof text);
	fcgi_out_end(&bench->out, fcgi->id);
	fcgi_done(fcgi);
	sent = bench->out.failed ? 0 : bench->out.len;
	fcgi_request_reset(&bench->request);
	http_reset(&bench->http);
	buf_reset(&bench->out, ROOM);
	return (sent);
}

static double
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return ((double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3);
}

int
main(void)
{
	static const char *const names[] = { "records alone", "with http" };
	struct bench bench;
	double from;
	size_t i, n;

	make_request();
	http_init(&bench.http, 1 << 20);
	fcgi_init(&bench.fcgi);
	fcgi_request_init(&bench.request, &bench.http);
	buf_init(&bench.out, 1 << 20);
	for (i = 0; i < 2; i++) {
		from = cpu_us();
		for (n = 0; n < ROUNDS; n++)
			if (serve(&bench, i > 0) == 0)
				return (1);
		printf("%s: %.3f us of CPU a request of %zu bytes\n", names[i],
		    (cpu_us() - from) / ROUNDS, request_len);
	}
	return (0);
}
