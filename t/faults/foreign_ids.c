/*
 * foreign_ids SOCKET KEY COUNT SEED FILE [NAME]: how long it takes to be told
 * that an integration is not there, where it is another user's and where it is
 * nobody's. FILE has the other's ids, one a line, and his keys' public ids.
 * Of each route COUNT requests of both kinds are measured, in random order;
 * for each a line: its name, the medians in ns of nobody's and another's, and
 * z of the Mann-Whitney test.
 *
 * In a table "@" stands for the id. The ids in FILE end with 00, those that
 * are made here out of them, and so lie beside them, do not.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timed.h"

#define ALL "/api/v2/integrations"
#define SEAL_TO "{\"public_key\":" \
    "\"CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"

enum { ID_LEN = 36, PUBLIC_ID_LEN = 8, IDS_MAX = 2000, ROOM = 512 };

static const struct {
	const char *name;
	int status;
	struct timed_request request;
} cases[] = {
	{ "read", 404, { "GET", ALL "/@", .body = "" } },
	{ "change", 404, { "PATCH", ALL "/@", .body = "{\"name\":\"n\","
	    "\"auth_data\":{\"access_token\":\"t\"}}" } },
	{ "replay", 404, { "PATCH", ALL "/@", .body = "{\"name\":\"n\"}",
	    .header = { "HTTP_IDEMPOTENCY_KEY", "k-1" } } },
	{ "delete", 404, { "DELETE", ALL "/@", .body = "" } },
	{ "reveal", 404, { "GET", ALL "/@/auth_data", .body = "" } },
	{ "sealed", 404, { "POST", ALL "/@/auth_data/sealed",
	    .body = SEAL_TO } },
	{ "verify", 404, { "POST", ALL "/@/verify",
	    .body = "{\"access_token\":\"t\"}" } },
	{ "lease", 404, { "POST", ALL "/@/refresh-lease", .body = "" } },
	{ "release", 404, { "DELETE", ALL "/@/refresh-lease", .body = "",
	    .header = { "HTTP_REFRESH_LEASE",
	    "01890a5d-ac96-4abc-8def-0123456789ab" } } },
	{ "list", 200, { "GET", ALL, "unique_identifier=u-@", .body = "" } },
	{ "audit", 200, { "GET", "/api/v2/audit", "integration_id=@",
	    .body = "" } },
	{ "save", 412, { "POST", ALL "/save", .body = "{\"name\":\"n\","
	    "\"integration_type\":\"jira\",\"unique_identifier\":\"u-@\"}",
	    .header = { "HTTP_IF_MATCH", "*" } } },
	{ "revoke", 404, { "DELETE", "/api/v2/api-keys/@", .body = "" } },
	{ "rotate", 404, { "POST", "/api/v2/api-keys/@/rotate",
	    .body = "" } },
};

/* The others' ids, and those of their keys. */
struct known {
	char ids[IDS_MAX][ID_LEN + 1];
	char public_ids[IDS_MAX][PUBLIC_ID_LEN + 1];
	uint32_t count, public_count;
};

static uint64_t drawn;

/* Good enough to choose: splitmix64. */
static uint32_t
draw(uint32_t below)
{
	uint64_t z = drawn += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return ((uint32_t)(z >> 32) % below);
}

static int
read_known(struct known *known, const char *file)
{
	FILE *in = fopen(file, "r");
	char line[64];

	if (in == NULL)
		return (-1);
	while (fscanf(in, "%63s", line) == 1) {
		if (strlen(line) == ID_LEN && known->count < IDS_MAX)
			strcpy(known->ids[known->count++], line);
		else if (strlen(line) == PUBLIC_ID_LEN &&
		    known->public_count < IDS_MAX)
			strcpy(known->public_ids[known->public_count++],
			    line);
	}
	fclose(in);
	return (known->count > 0 && known->public_count > 0 ? 0 : -1);
}

/* An id of nobody's, and one of another's, of an integration or a key. */
static void
choose(const struct known *known, int is_key, char id[2][ID_LEN + 1])
{
	static const char hex[] = "0123456789abcdef";
	const char *other = is_key ?
	    known->public_ids[draw(known->public_count)] :
	    known->ids[draw(known->count)];
	const char *near = is_key ?
	    known->public_ids[draw(known->public_count)] :
	    known->ids[draw(known->count)];
	size_t i, len = strlen(near);

	strcpy(id[0], near);
	strcpy(id[1], other);
	for (i = len - 6; i < len; i++)
		id[0][i] = hex[draw(16)];
	id[0][len - 1] = hex[1 + draw(15)];
}

/* A text with the id in the place of "@"; NULL is an empty one. */
static const char *
put(char room[ROOM], const char *text, const char *id)
{
	const char *at;

	if (text == NULL)
		return ("");
	at = strchr(text, '@');
	if (at == NULL)
		return (text);
	snprintf(room, ROOM, "%.*s%s%s", (int)(at - text), text, id, at + 1);
	return (room);
}

static struct timed_request
made(const struct timed_request *model, const char *key, const char *id,
    char room[3][ROOM])
{
	struct timed_request request = *model;

	request.key = key;
	request.path = put(room[0], model->path, id);
	request.query = put(room[1], model->query, id);
	request.body = put(room[2], model->body, id);
	return (request);
}

static int
time_case(int fd, const char *key, const struct known *known, size_t at,
    long count)
{
	struct timed_sample *s = calloc(2 * (size_t)count, sizeof *s);
	int is_key = strstr(cases[at].request.path, "api-keys") != NULL;
	double median[2] = { 0, 0 }, z;
	long seen[2] = { 0, 0 }, i;
	struct timed_request request[2];
	char id[2][ID_LEN + 1], room[2][3][ROOM];
	int status, k;

	for (i = 0; i < 2 * count; i++) {
		s[i].group = seen[0] == count ? 1 : seen[1] == count ? 0 :
		    (int)draw(2);
		seen[s[i].group]++;
		/* Both, for how long nothing is asked tells in the answer. */
		choose(known, is_key, id);
		for (k = 0; k < 2; k++)
			request[k] = made(&cases[at].request, key, id[k],
			    room[k]);
		status = timed_ask_ns(fd, &request[s[i].group], &s[i].ns);
		if (status != cases[at].status) {
			printf("%s of %s: %d\n", cases[at].name,
			    id[s[i].group], status);
			free(s);
			return (-1);
		}
	}
	timed_judge(s, count, median, &z);
	printf("%s %.0f %.0f %.2f\n", cases[at].name, median[0], median[1],
	    z);
	free(s);
	return (0);
}

int
main(int argc, char **argv)
{
	static struct known known;
	size_t i;
	int fd;

	if (argc < 6 || read_known(&known, argv[5]) == -1)
		return (2);
	drawn = strtoull(argv[4], NULL, 10);
	fd = timed_connect(argv[1]);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if ((argc == 6 || strcmp(argv[6], cases[i].name) == 0) &&
		    time_case(fd, argv[2], &known, i, atol(argv[3])) == -1)
			return (1);
	return (0);
}
