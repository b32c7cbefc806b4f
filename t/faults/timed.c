/*
 * Requests to a worker by FastCGI over one connection, and whether those of
 * two kinds take as long.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "timed.h"

enum { ROOM = 16384 };

int
timed_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == -1) {
		perror(path);
		exit(2);
	}
	return (fd);
}

static size_t
record(char *to, int type, const char *content, size_t len)
{
	const char head[8] = { 1, (char)type, 0, 1, (char)(len >> 8),
	    (char)len, 0, 0 };

	memcpy(to, head, sizeof head);
	memcpy(to + sizeof head, content, len);
	return (sizeof head + len);
}

static size_t
param(char *to, const char *name, const char *value)
{
	size_t n = strlen(name), v = strlen(value);
	char *p = to;

	*p++ = (char)n;
	*p++ = (char)(0x80 | v >> 24);
	*p++ = (char)(v >> 16);
	*p++ = (char)(v >> 8);
	*p++ = (char)v;
	memcpy(p, name, n);
	memcpy(p + n, value, v);
	return (5 + n + v);
}

static size_t
put_request(char *to, const struct timed_request *request)
{
	static const char begin[8] = { 0, 1, 1 };	/* keep_conn */
	char params[4096], length[24];
	size_t n = 0, len = 0;

	snprintf(length, sizeof length, "%zu", strlen(request->body));
	len += param(params, "REQUEST_METHOD", request->method);
	len += param(params + len, "SCRIPT_NAME", request->path);
	len += param(params + len, "QUERY_STRING", request->query);
	len += param(params + len, "CONTENT_TYPE", "application/json");
	len += param(params + len, "CONTENT_LENGTH", length);
	len += param(params + len, "HTTP_X_API_KEY", request->key);
	if (request->header[0] != NULL)
		len += param(params + len, request->header[0],
		    request->header[1]);
	n += record(to, 1, begin, sizeof begin);
	n += record(to + n, 4, params, len);
	n += record(to + n, 4, "", 0);
	if (request->body[0] != '\0')
		n += record(to + n, 5, request->body, strlen(request->body));
	n += record(to + n, 5, "", 0);
	return (n);
}

int
timed_ask(int fd, const struct timed_request *request)
{
	char out[ROOM], in[ROOM];
	size_t len = put_request(out, request), have = 0, at = 0, size;
	int status = 0;
	ssize_t n;

	if (write(fd, out, len) != (ssize_t)len)
		return (-1);
	for (;;) {
		while (have - at >= 8) {
			size = 8 + ((unsigned char)in[at + 4] << 8 |
			    (unsigned char)in[at + 5]) +
			    (unsigned char)in[at + 6];
			if (have - at < size)
				break;
			if (in[at + 1] == 6 && status == 0)
				sscanf(in + at + 8, "Status: %d", &status);
			if (in[at + 1] == 3)
				return (status);
			at += size;
		}
		if (have == sizeof in - 1 ||
		    (n = read(fd, in + have, sizeof in - 1 - have)) <= 0)
			return (-1);
		have += (size_t)n;
		in[have] = '\0';
	}
}

int
timed_ask_ns(int fd, const struct timed_request *request, double *ns)
{
	struct timespec from, to;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &from);
	status = timed_ask(fd, request);
	clock_gettime(CLOCK_MONOTONIC, &to);
	*ns = (double)(to.tv_sec - from.tv_sec) * 1e9 +
	    (double)(to.tv_nsec - from.tv_nsec);
	return (status);
}

static int
by_time(const void *a, const void *b)
{
	double x = ((const struct timed_sample *)a)->ns;
	double y = ((const struct timed_sample *)b)->ns;

	return ((x > y) - (x < y));
}

void
timed_judge(struct timed_sample *s, long count, double median[2], double *z)
{
	double rank_sum = 0, n = (double)count;
	long seen[2] = { 0, 0 }, i, j, k;

	qsort(s, 2 * (size_t)count, sizeof *s, by_time);
	for (i = 0; i < 2 * count; i = j) {
		for (j = i; j < 2 * count && s[j].ns == s[i].ns; j++)
			;
		for (k = i; k < j; k++) {
			if (s[k].group == 0)
				rank_sum += (double)(i + j + 1) / 2;
			if (++seen[s[k].group] == count / 2)
				median[s[k].group] = s[k].ns;
		}
	}
	*z = (rank_sum - n * (n + 1) / 2 - n * n / 2) /
	    sqrt(n * n * (2 * n + 1) / 12);
}
