/*
 * A FastCGI peer's bytes, as one piece and as many, and read a third time by
 * the letter, in one sweep: each way has to come to the same requests. The
 * first byte of the input says where the cuts are and whether bodies are kept.
 */
#include "config.h"

#include "fuzz.h"
#include "gateway/fcgi.h"

/* What guides the fuzzer is what is tested, and not this. */
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), \
    apply_to = function)

enum { MOST = 60000, MAX_BODY = 1000, PARAMS_MOST = 65535, PAIRS_MOST = 1000 };

/* What the bytes came to: a sum over all that an owner would see. */
struct sum {
	uint64_t hash;
	int is_over;		/* the connection, before the bytes were */
};

static struct fcgi_request request;
static struct http http;
/* A piece ends where the memory does. */
static uint8_t *room;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	http_init(&http, MAX_BODY);
	fcgi_request_init(&request, &http);
	room = malloc(MOST);
	fuzz_must(room != NULL, "memory");
	return (0);
}

static void
add(struct sum *sum, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	sum->hash = (sum->hash ^ len) * 0x100000001b3;
	for (; len >= 8; p += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, p, 8);
		sum->hash = (sum->hash ^ word) * 0x9e3779b97f4a7c15;
		sum->hash ^= sum->hash >> 32;
	}
	for (; len > 0; p++, len--)
		sum->hash = (sum->hash ^ *p) * 0x100000001b3;
}

/* A request at its end. Of a body too large it matters not what is there. */
static void
add_end(struct sum *sum, unsigned int id, int is_cut, int is_kept,
    const void *body, size_t kept, size_t received)
{
	const size_t end[] = { id, (size_t)is_cut, (size_t)is_kept, received };

	add(sum, end, sizeof end);
	add(sum, body, received <= MAX_BODY ? kept : 0);
}

static void
must_be_zero(const void *p, size_t len)
{
	const char *bytes = p;

	fuzz_must(len == 0 || (*bytes == 0 && memcmp(bytes, bytes + 1,
	    len - 1) == 0), "what is over is wiped");
}

/* The parameters are there. */
static void
take_params(struct sum *sum, int keeps)
{
	char *variables[FCGI_PARAMS_MAX + 1];
	size_t count = 0, total = 0, len;

	fuzz_must(request.params.len <= PARAMS_MOST, "parameters are bounded");
	fcgi_variables(&request, variables);
	for (; variables[count] != NULL; count++) {
		len = strlen(variables[count]);
		total += len;
		add(sum, variables[count], len);
	}
	/* Two bytes of lengths at least became "=". */
	fuzz_must(count <= PAIRS_MOST && total + count <= request.params.len,
	    "they are no more and no longer than that");
	fuzz_must(http.received == 0, "a body comes behind them");
	if (!keeps)
		http_refuse_body(&http);
}

static void
answer(struct fcgi *fcgi, struct sum *sum)
{
	size_t params = request.params.len, body = http.body.len;
	uint8_t *from = fcgi->from;

	add_end(sum, fcgi->id, http.is_cut, fcgi_is_kept(fcgi),
	    http.body.data, body, http.received);
	fuzz_must(body <= MAX_BODY && body <= http.received,
	    "a body is bounded");
	fuzz_must(http.is_too_large == (http.received > MAX_BODY),
	    "what is too large is known");
	fcgi_done(fcgi);
	fcgi_request_reset(&request);
	http_reset(&http);
	must_be_zero(request.params.data, request.params.cap > 0 ? params : 0);
	must_be_zero(http.body.data, http.body.cap > 0 ? body : 0);
	must_be_zero(from, (size_t)(fcgi->at - from));
}

/* Take what is at hand to its end. */
static void
go(struct fcgi *fcgi, struct sum *sum, int keeps)
{
	enum fcgi_event event;

	while ((event = fcgi_next(fcgi, &request)) == FCGI_EVENT_PARAMS ||
	    event == FCGI_EVENT_REQUEST) {
		if (event == FCGI_EVENT_PARAMS)
			take_params(sum, keeps);
		else
			answer(fcgi, sum);
	}
	sum->is_over = event == FCGI_EVENT_REFUSED;
}

/* How long the next piece is: in most cases short, up to 4 KiB. */
static size_t
next_len(uint32_t *seed, size_t size)
{
	size_t len;

	if (*seed == 0)
		return (size);
	*seed = *seed * 1664525 + 1013904223;
	len = 1 + (*seed >> 20) % (2u << (*seed >> 16) % 12);
	return (len < size ? len : size);
}

/*
 * The bytes in pieces that seed decides on, or in one: 0. Some are answered
 * while they are lent, others from what was held.
 */
static struct sum
take(const uint8_t *data, size_t size, uint32_t seed, int keeps)
{
	struct sum sum = { 0 };
	struct fcgi fcgi;
	uint8_t *piece;
	size_t len;

	fcgi_init(&fcgi);
	for (; size > 0; data += len, size -= len) {
		len = next_len(&seed, size);
		piece = memcpy(room + MOST - len, data, len);
		if (FUZZ_IS_CONTROL)
			fcgi.padding = 0;
		fcgi_lend(&fcgi, piece, len);
		if ((seed >> 8) % 8 > 0 || seed == 0) {
			go(&fcgi, &sum, keeps);
			fcgi_give_back(&fcgi, &request);
		} else {
			fcgi_give_back(&fcgi, &request);
			go(&fcgi, &sum, keeps);
		}
		must_be_zero(piece, len);
		if (sum.is_over)
			break;
		fuzz_must(fcgi.held.cap == 0, "nothing is held for nothing");
	}
	if (fcgi_end(&fcgi, &request) == FCGI_EVENT_REQUEST)
		answer(&fcgi, &sum);
	fcgi_request_reset(&request);
	http_reset(&http);
	fcgi_fini(&fcgi);
	return (sum);
}

/* The same by the letter, with all bytes at hand. */
static struct {
	struct sum sum;
	enum { NONE, PARAMS, BODY, OVER } state;
	int is_kept, keeps;
	unsigned int id;
	size_t params_len, received;
	uint8_t params[PARAMS_MOST], body[MAX_BODY];
} letter;

static void
letter_end(int is_cut)
{
	if (letter.state == BODY)
		add_end(&letter.sum, letter.id, is_cut, letter.is_kept &&
		    !is_cut, letter.body, letter.keeps ? letter.received : 0,
		    letter.received);
	letter.state = is_cut || !letter.is_kept ? OVER : NONE;
}

static size_t
letter_length(const uint8_t **p, const uint8_t *end)
{
	size_t len = 0, bytes = *p < end && **p < 0x80 ? 1 : 4;

	if ((size_t)(end - *p) < bytes)
		return (SIZE_MAX);
	for (; bytes > 0; bytes--)
		len = len << 8 | *(*p)++;
	return (len & 0x7fffffff);
}

static void
letter_params(void)
{
	static char text[PARAMS_MOST + 2];
	const uint8_t *p = letter.params, *end = p + letter.params_len;
	struct sum sum = letter.sum;
	size_t name, value, count;

	letter.state = OVER;
	for (count = 0; p < end; p += name + value, count++) {
		name = letter_length(&p, end);
		value = name == SIZE_MAX ? name : letter_length(&p, end);
		if (value == SIZE_MAX || name + value > (size_t)(end - p) ||
		    count == PAIRS_MOST)
			return;
		memcpy(text, p, name);
		text[name] = '=';
		memcpy(text + name + 1, p + name, value);
		text[name + value + 1] = '\0';
		add(&sum, text, strlen(text));
	}
	letter.sum = sum;
	letter.state = BODY;
}

static void
letter_begin(unsigned int id, const uint8_t *content, size_t len, size_t n)
{
	if (len != 8 || (n == 8 && (content[0] != 0 || content[1] != 1))) {
		letter.state = OVER;
	} else if (n == 8) {
		letter.state = PARAMS;
		letter.id = id;
		letter.is_kept = content[2] & 1;
		letter.params_len = letter.received = 0;
	}
}

/* Of the content, which has len bytes, n are there. */
static void
letter_content(unsigned int type, const uint8_t *content, size_t len, size_t n)
{
	if (type != (letter.state == PARAMS ? 4 : 5)) {
		letter_end(1);
	} else if (len == 0 && letter.state == PARAMS) {
		letter_params();
	} else if (len == 0) {
		letter_end(0);
	} else if (letter.state == BODY) {
		letter.received += n;
		if (letter.received <= MAX_BODY)
			memcpy(letter.body + letter.received - n, content, n);
	} else if (letter.params_len + len > PARAMS_MOST) {
		letter_end(1);
	} else {
		memcpy(letter.params + letter.params_len, content, n);
		letter.params_len += n;
	}
}

static struct sum
read_letter(const uint8_t *p, size_t size, int keeps)
{
	const uint8_t *end = p + size;
	unsigned int id;
	size_t len, n;

	letter.sum = (struct sum){ 0 };
	letter.state = NONE;
	letter.keeps = keeps;
	while (letter.state != OVER && end - p >= 8) {
		id = (unsigned int)p[2] << 8 | p[3];
		len = (size_t)p[4] << 8 | p[5];
		n = len < (size_t)(end - p - 8) ? len : (size_t)(end - p - 8);
		if (p[0] != 1 || id == 0)
			letter_end(1);
		else if (letter.state == NONE && p[1] == 1)
			letter_begin(id, p + 8, len, n);
		else if (letter.state != NONE && id == letter.id)
			letter_content(p[1], p + 8, len, n);
		n += p[6];
		p = n < (size_t)(end - p - 8) ? p + 8 + n : end;
	}
	letter.sum.is_over = letter.state == OVER;
	if (letter.state != OVER)
		letter_end(1);
	return (letter.sum);
}

static void
must_be_same(struct sum one, struct sum other, const char *what)
{
	fuzz_must(one.hash == other.hash && one.is_over == other.is_over,
	    what);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum whole;
	int keeps;

	if (size == 0 || size > MOST)
		return (0);
	keeps = data[0] % 4 > 0;
	whole = take(data + 1, size - 1, 0, keeps);
	must_be_same(whole, read_letter(data + 1, size - 1, keeps),
	    "one piece is what the letter says");
	must_be_same(whole, take(data + 1, size - 1, 1 + data[0] * 8191u,
	    keeps), "pieces are what one piece is");
	return (0);
}

#pragma clang attribute pop
