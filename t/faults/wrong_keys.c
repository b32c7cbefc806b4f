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
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "timed.h"

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

/* Ask with a key: the request. */
static struct timed_request
request(const char *key)
{
	return ((struct timed_request){ .method = "POST",
	    .path = "/api/v2/integrations/save", .query = "", .key = key,
	    .body = "{}" });
}

static int
ask(int fd, const char *key)
{
	struct timed_request r = request(key);

	return (timed_ask(fd, &r));
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

static int
time_all(int fd, const char *right, long count)
{
	struct timed_sample *s = calloc(2 * (size_t)count, sizeof *s);
	double median[2] = { 0, 0 }, z;
	long seen[2] = { 0, 0 }, i, k;
	struct timed_request r;
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
		r = request(key[s[i].group]);
		if (timed_ask_ns(fd, &r, &s[i].ns) != 401)
			return (1);
	}
	timed_judge(s, count, median, &z);
	printf("%.0f %.0f %.2f\n", median[0], median[1], z);
	free(s);
	return (0);
}

int
main(int argc, char **argv)
{
	uint64_t n;
	int fd;

	if (argc != 6 || sodium_init() == -1 || strlen(argv[3]) != KEY_LEN)
		return (2);
	n = strtoull(argv[5], NULL, 10);
	memcpy(seed + sizeof n, &n, sizeof n);
	fd = timed_connect(argv[2]);
	return (strcmp(argv[1], "ask") == 0 ?
	    ask_all(fd, argv[3], atol(argv[4])) :
	    time_all(fd, argv[3], atol(argv[4])));
}
