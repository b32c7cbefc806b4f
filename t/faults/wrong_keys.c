/*
 * wrong_keys ask|time SOCKET KEY COUNT SEED: a client of the worker with keys
 * that are none. "ask" sends COUNT of many kinds and prints how often each
 * status came back, with the kinds that were not refused. "time" measures
 * COUNT requests each with an unknown public id and with a known one and a
 * wrong secret, in random order, and prints the two medians in ns, and z of
 * the Mann-Whitney test.
 *
 * The checksum of a key is made here anew, from its description.
 */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

enum {
	KEY_LEN = 62, ID_AT = 4, ID_LEN = 8, SECRET_AT = 13, SECRET_LEN = 43,
	SUM_AT = 56, SUM_LEN = 6, KEY_ROOM = 700
};

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789-_";
static const char id_digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const char sum_digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz";
static unsigned char seed[randombytes_SEEDBYTES];
static uint64_t drawn;

static uint32_t
draw(uint32_t below)
{
	uint32_t n;

	memcpy(seed, &drawn, sizeof drawn);
	drawn++;
	randombytes_buf_deterministic(&n, sizeof n, seed);
	return (n % below);
}

static void
put_sum(char *key)
{
	unsigned char hash[32];
	uint64_t n = 0;
	size_t i;

	crypto_generichash(hash, sizeof hash, (unsigned char *)key, SUM_AT,
	    NULL, 0);
	for (i = 0; i < 8; i++)
		n = n << 8 | hash[i];
	for (i = 0; i < SUM_LEN; i++, n /= 62)
		key[SUM_AT + i] = sum_digits[n % 62];
}

static void
fill(char *key, size_t at, size_t len, const char *digits)
{
	size_t i;

	for (i = at; i < at + len; i++)
		key[i] = digits[draw((uint32_t)strlen(digits))];
}

/* A character of the secret becomes another. */
static void
change_one(char *key)
{
	size_t at = SECRET_AT + draw(SECRET_LEN);
	char old = key[at];

	while (key[at] == old)
		fill(key, at, 1, base64url);
}

/* Make key, which is the right one, into one of that kind. */
static void
spoil(char *key, int kind)
{
	size_t i;

	switch (kind) {
	case 0:		/* all of it at random */
		fill(key, ID_AT, ID_LEN, id_digits);
		fill(key, SECRET_AT, SECRET_LEN, base64url);
		put_sum(key);
		break;
	case 1:		/* the secret wrong */
		fill(key, SECRET_AT, SECRET_LEN, base64url);
		put_sum(key);
		break;
	case 2:		/* one character of the secret */
		change_one(key);
		put_sum(key);
		break;
	case 3:		/* the same, as a typing error */
		change_one(key);
		break;
	case 4:		/* another public id */
		key[ID_AT] = key[ID_AT] == 'a' ? 'b' : 'a';
		fill(key, ID_AT + 1, ID_LEN - 1, id_digits);
		put_sum(key);
		break;
	case 5:		/* a checksum of another key */
		fill(key, SUM_AT, SUM_LEN - 1, sum_digits);
		key[KEY_LEN - 1] = key[KEY_LEN - 1] == 'x' ? 'y' : 'x';
		break;
	case 6:		/* cut */
		key[1 + draw(KEY_LEN - 1)] = '\0';
		break;
	case 7:		/* longer */
		snprintf(key + KEY_LEN, 10, "%u", draw(100000));
		break;
	case 8:		/* another case of one letter */
		for (i = SECRET_AT; (key[i] | 32) < 'a' || (key[i] | 32) > 'z';)
			i++;
		key[i] ^= 32;
		if (draw(2))
			put_sum(key);
		break;
	case 9:		/* another prefix */
		key[ID_AT - 1] = '-';
		break;
	case 10:	/* such as another system has */
		i = 16 + draw(500);
		fill(key, 0, i, sum_digits);
		key[i] = '\0';
		break;
	default:	/* bytes */
		i = 1 + draw(100);
		key[i] = '\0';
		while (i-- > 0)
			key[i] = (char)(1 + draw(255));
	}
}

enum { KINDS = 12 };

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
request(char *to, const char *key)
{
	static const char begin[8] = { 0, 1, 1 };	/* keep the connection */
	char params[4096];
	size_t n = 0, len = 0;

	len += param(params, "REQUEST_METHOD", "POST");
	len += param(params + len, "SCRIPT_NAME",
	    "/api/v2/integrations/save");
	len += param(params + len, "CONTENT_TYPE", "application/json");
	len += param(params + len, "CONTENT_LENGTH", "2");
	len += param(params + len, "HTTP_X_API_KEY", key);
	n += record(to, 1, begin, sizeof begin);
	n += record(to + n, 4, params, len);
	n += record(to + n, 4, "", 0);
	n += record(to + n, 5, "{}", 2);
	n += record(to + n, 5, "", 0);
	return (n);
}

/* Ask with a key: the status, or -1. */
static int
ask(int fd, const char *key)
{
	char out[8192], in[8192];
	size_t len = request(out, key), have = 0, at = 0, size;
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

static int
ask_all(int fd, const char *right, long count)
{
	long statuses[1000] = { 0 }, i;
	char key[KEY_ROOM];
	int status;

	for (i = 0; i < count; i++) {
		do {
			strcpy(key, right);
			spoil(key, (int)(i % KINDS));
		} while (strcmp(key, right) == 0);
		status = ask(fd, key);
		statuses[status > 0 && status < 1000 ? status : 0]++;
		if (status != 401)
			printf("kind %ld: %d\n", i % KINDS, status);
		if (status == -1)
			return (1);
	}
	for (i = 0; i < 1000; i++)
		if (statuses[i] > 0)
			printf("status %ld: %ld\n", i, statuses[i]);
	printf("right: %d\n", ask(fd, right));
	return (0);
}

struct sample { double ns; int group; };

static int
by_time(const void *a, const void *b)
{
	double x = ((const struct sample *)a)->ns;
	double y = ((const struct sample *)b)->ns;

	return ((x > y) - (x < y));
}

static int
time_all(int fd, const char *right, long count)
{
	struct sample *s = calloc(2 * (size_t)count, sizeof *s);
	double rank_sum = 0, n = (double)count, median[2] = { 0, 0 };
	long seen[2] = { 0, 0 }, i, j, k;
	struct timespec from, to;
	char key[2][KEY_ROOM];

	for (i = 0; i < 2 * count; i++) {
		s[i].group = seen[0] == count ? 1 : seen[1] == count ? 0 :
		    (int)draw(2);
		seen[s[i].group]++;
		/* Both, for how long nothing is asked tells in the answer. */
		for (k = 0; k < 2; k++) {
			strcpy(key[k], right);
			spoil(key[k], (int)k);
		}
		clock_gettime(CLOCK_MONOTONIC, &from);
		if (ask(fd, key[s[i].group]) != 401)
			return (1);
		clock_gettime(CLOCK_MONOTONIC, &to);
		s[i].ns = (double)(to.tv_sec - from.tv_sec) * 1e9 +
		    (double)(to.tv_nsec - from.tv_nsec);
	}
	qsort(s, 2 * (size_t)count, sizeof *s, by_time);
	seen[0] = seen[1] = 0;
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
	printf("%.0f %.0f %.2f\n", median[0], median[1],
	    (rank_sum - n * (n + 1) / 2 - n * n / 2) /
	    sqrt(n * n * (2 * n + 1) / 12));
	free(s);
	return (0);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	uint64_t n;

	if (argc != 6 || sodium_init() == -1 || strlen(argv[3]) != KEY_LEN)
		return (2);
	n = strtoull(argv[5], NULL, 10);
	memcpy(seed + sizeof n, &n, sizeof n);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[2]);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == -1) {
		perror(argv[2]);
		return (2);
	}
	return (strcmp(argv[1], "ask") == 0 ?
	    ask_all(fd, argv[3], atol(argv[4])) :
	    time_all(fd, argv[3], atol(argv[4])));
}
