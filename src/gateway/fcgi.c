/*
 * FastCGI records (specification 1.0, section 3.3) to a request. Does no
 * input or output, knows no meaning of parameters, and believes no length:
 * memory is had for bytes that are there.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include <fastcgi.h>

#include "gateway/fcgi.h"
#include "ground/log.h"

enum {
	HELD_MAX = 1 << 24,	/* more than anybody reads at once */
	PARAMS_KEEP = 4096	/* bytes of memory kept between requests */
};

/* What the next record of the request has to be, or how it ended. */
enum phase {
	AT_BEGIN, AT_ROLE, AT_PARAMS, HAS_PARAMS, AT_BODY, AT_END, BROKEN
};

_Static_assert(sizeof(FCGI_BeginRequestRecord) ==
    sizeof ((struct fcgi *)NULL)->head, "the longest that is read as one");

void
fcgi_init(struct fcgi *fcgi)
{
	*fcgi = (struct fcgi){ .phase = AT_BEGIN };
	buf_init(&fcgi->held, HELD_MAX);
}

/* No bytes are at hand. */
static void
let_go(struct fcgi *fcgi)
{
	fcgi->from = fcgi->at = fcgi->end = NULL;
	buf_fini(&fcgi->held);
}

void
fcgi_fini(struct fcgi *fcgi)
{
	assert(!fcgi->is_lent);
	let_go(fcgi);
	/* For what broke the rules it may have been anything. */
	explicit_bzero(fcgi->head, sizeof fcgi->head);
}

void
fcgi_request_init(struct fcgi_request *request, struct http *http)
{
	/* With room for the end of the last text. */
	buf_init(&request->params, FCGI_PARAMS_LEN + 1);
	request->http = http;
}

void
fcgi_request_reset(struct fcgi_request *request)
{
	buf_reset(&request->params, PARAMS_KEEP);
}

void
fcgi_request_fini(struct fcgi_request *request)
{
	buf_fini(&request->params);
}

static void
end_body(struct fcgi *fcgi, struct http *http, bool is_cut)
{
	http->is_cut = is_cut || http->body.failed;
	fcgi->phase = AT_END;
}

/* The request ends here; why is for the log, NULL where it is no fault. */
static void
refuse(struct fcgi *fcgi, struct fcgi_request *request, const char *why)
{
	if (why != NULL)
		log_warning("a FastCGI peer was cut off: %s", why);
	fcgi->is_kept = false;
	if (fcgi->phase < HAS_PARAMS)
		fcgi->phase = BROKEN;
	else
		end_body(fcgi, request->http, true);
}

/* A length of one byte, or of four with the highest bit set. */
static bool
take_length(const unsigned char **p, const unsigned char *end, size_t *len)
{
	const unsigned char *at = *p;

	if (at == end)
		return (false);
	*len = *at & 0x7f;
	if (*at++ < 0x80) {
		*p = at;
		return (true);
	}
	if (end - at < 3)
		return (false);
	*len = *len << 24 | (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
	*p = at + 3;
	return (true);
}

/* What is wrong with the parameters; NULL: nothing. */
static const char *
judge_params(const unsigned char *p, size_t len)
{
	const unsigned char *end = p + len;
	size_t name, value, left, count = 0;

	while (p < end) {
		if (!take_length(&p, end, &name) ||
		    !take_length(&p, end, &value))
			return ("its parameters end in a length");
		left = (size_t)(end - p);
		if (name > left || value > left - name)
			return ("a parameter is longer than all of them");
		p += name + value;
		if (++count > FCGI_PARAMS_MAX)
			return ("it sent too many parameters");
	}
	return (NULL);
}

static void
end_params(struct fcgi *fcgi, struct fcgi_request *request)
{
	struct buf *params = &request->params;
	const char *text = buf_text(params), *wrong;

	if (text == NULL)
		wrong = "out of memory for its parameters";
	else
		wrong = judge_params((const unsigned char *)text, params->len);
	if (wrong != NULL)
		refuse(fcgi, request, wrong);
	else
		fcgi->phase = HAS_PARAMS;
}

void
fcgi_variables(struct fcgi_request *request,
    char *variables[FCGI_PARAMS_MAX + 1])
{
	char *start = request->params.data, *text = start, *name;
	const unsigned char *first = (const unsigned char *)start, *p = first;
	const unsigned char *end = first + request->params.len;
	size_t name_len, value_len, count = 0;

	/*
	 * In place: two lengths take two bytes at least. The name moves onto
	 * the last, for the "=", and the first becomes the end of the text
	 * before. It has been judged that all of it is there.
	 */
	while (p < end && take_length(&p, end, &name_len) &&
	    take_length(&p, end, &value_len)) {
		*text = '\0';
		name = start + (p - first);
		variables[count++] = memmove(name - 1, name, name_len);
		name[(ptrdiff_t)name_len - 1] = '=';
		p += name_len + value_len;
		text = name + name_len + value_len;
	}
	variables[count] = NULL;
}

/* A head is complete, and no request has begun. */
static void
judge_begin(struct fcgi *fcgi, struct fcgi_request *request,
    const FCGI_Header *head)
{
	if (head->type != FCGI_BEGIN_REQUEST) {
		/* Late words on a request that was answered. */
		fcgi->is_dropped = true;
	} else if (fcgi->content != sizeof(FCGI_BeginRequestBody)) {
		refuse(fcgi, request, "its request has no beginning");
	} else {
		/* Its content is read as one with the head. */
		fcgi->head_len = sizeof *head;
		fcgi->content = 0;
		fcgi->phase = AT_ROLE;
	}
}

static void
judge_role(struct fcgi *fcgi, struct fcgi_request *request)
{
	FCGI_BeginRequestRecord record;

	memcpy(&record, fcgi->head, sizeof record);
	fcgi->head_len = 0;
	if (record.body.roleB1 != 0 || record.body.roleB0 != FCGI_RESPONDER) {
		refuse(fcgi, request, "it does not ask for a responder");
		return;
	}
	fcgi->id = (uint16_t)(record.header.requestIdB1 << 8 |
	    record.header.requestIdB0);
	fcgi->is_kept = (record.body.flags & FCGI_KEEP_CONN) != 0;
	fcgi->phase = AT_PARAMS;
}

/* A record of the request under way. */
static void
judge_record(struct fcgi *fcgi, struct fcgi_request *request,
    unsigned char type)
{
	bool is_params = fcgi->phase == AT_PARAMS;

	if (type == FCGI_ABORT_REQUEST)
		refuse(fcgi, request, NULL);
	else if (type != (is_params ? FCGI_PARAMS : FCGI_STDIN))
		refuse(fcgi, request, "its records are in disorder");
	else if (is_params && fcgi->content == 0)
		end_params(fcgi, request);
	else if (is_params && fcgi->content > FCGI_PARAMS_LEN -
	    request->params.len)
		refuse(fcgi, request, "its parameters are too long");
	else if (fcgi->content == 0)
		end_body(fcgi, request->http, false);
}

static void
judge_head(struct fcgi *fcgi, struct fcgi_request *request)
{
	FCGI_Header head;
	unsigned int id;

	memcpy(&head, fcgi->head, sizeof head);
	id = (unsigned int)head.requestIdB1 << 8 | head.requestIdB0;
	fcgi->content = (uint16_t)(head.contentLengthB1 << 8 |
	    head.contentLengthB0);
	fcgi->padding = head.paddingLength;
	fcgi->head_len = 0;
	fcgi->is_dropped = false;
	if (head.version != FCGI_VERSION_1)
		refuse(fcgi, request, "it does not speak version 1");
	else if (id == FCGI_NULL_REQUEST_ID)
		refuse(fcgi, request, "management records are not taken");
	else if (fcgi->phase == AT_BEGIN)
		judge_begin(fcgi, request, &head);
	else if (id != fcgi->id)
		fcgi->is_dropped = true;
	else
		judge_record(fcgi, request, head.type);
}

/* Take most bytes at most of what there is. */
static const unsigned char *
take(struct fcgi *fcgi, size_t most, size_t *len)
{
	const unsigned char *p = fcgi->at;
	size_t left = (size_t)(fcgi->end - fcgi->at);

	*len = most < left ? most : left;
	fcgi->at += *len;
	return (p);
}

static void
take_content(struct fcgi *fcgi, struct fcgi_request *request)
{
	size_t len;
	const unsigned char *p = take(fcgi, fcgi->content, &len);

	fcgi->content = (uint16_t)(fcgi->content - len);
	if (fcgi->is_dropped)
		return;
	if (fcgi->phase == AT_PARAMS)
		buf_put(&request->params, p, len);
	else
		http_add_body(request->http, p, len);
}

static void
take_head(struct fcgi *fcgi, struct fcgi_request *request)
{
	size_t want = fcgi->phase == AT_ROLE ?
	    sizeof(FCGI_BeginRequestRecord) : sizeof(FCGI_Header);
	size_t len;
	const unsigned char *p = take(fcgi, want - fcgi->head_len, &len);

	memcpy(fcgi->head + fcgi->head_len, p, len);
	fcgi->head_len = (uint8_t)(fcgi->head_len + len);
	if (fcgi->head_len < want)
		return;
	if (fcgi->phase == AT_ROLE)
		judge_role(fcgi, request);
	else
		judge_head(fcgi, request);
}

/* Take from the bytes at hand what is of one kind; there are some. */
static void
take_run(struct fcgi *fcgi, struct fcgi_request *request)
{
	size_t len;

	if (fcgi->content > 0) {
		take_content(fcgi, request);
	} else if (fcgi->padding > 0 && fcgi->phase != AT_ROLE) {
		(void)take(fcgi, fcgi->padding, &len);
		fcgi->padding = (uint8_t)(fcgi->padding - len);
	} else {
		take_head(fcgi, request);
	}
}

enum fcgi_event
fcgi_next(struct fcgi *fcgi, struct fcgi_request *request)
{
	if (fcgi->phase == HAS_PARAMS)
		fcgi->phase = AT_BODY;
	while (fcgi->at != fcgi->end && fcgi->phase < AT_END) {
		take_run(fcgi, request);
		if (fcgi->phase == HAS_PARAMS)
			return (FCGI_EVENT_PARAMS);
	}
	if (fcgi->phase == AT_END)
		return (FCGI_EVENT_REQUEST);
	if (fcgi->phase == BROKEN)
		return (FCGI_EVENT_REFUSED);
	if (!fcgi->is_lent)
		let_go(fcgi);
	return (FCGI_EVENT_MORE);
}

void
fcgi_lend(struct fcgi *fcgi, void *bytes, size_t len)
{
	assert(!fcgi->is_lent && fcgi->at == fcgi->end);
	let_go(fcgi);
	fcgi->from = fcgi->at = bytes;
	fcgi->end = fcgi->at + len;
	fcgi->is_lent = true;
}

/* Hold the bytes at hand that were not taken; there are some. */
static void
hold(struct fcgi *fcgi, struct fcgi_request *request)
{
	struct buf *held = &fcgi->held;

	buf_put(held, fcgi->at, (size_t)(fcgi->end - fcgi->at));
	if (!held->failed) {
		fcgi->from = fcgi->at = (unsigned char *)held->data;
		fcgi->end = fcgi->at + held->len;
		return;
	}
	log_error("out of memory for what a FastCGI peer sent");
	let_go(fcgi);
	fcgi->is_kept = false;
	if (fcgi->phase == AT_END)
		return;
	request->http->body.failed = fcgi->phase >= HAS_PARAMS;
	refuse(fcgi, request, NULL);
}

void
fcgi_give_back(struct fcgi *fcgi, struct fcgi_request *request)
{
	unsigned char *from = fcgi->from;
	size_t len = (size_t)(fcgi->end - from);

	assert(fcgi->is_lent);
	fcgi->is_lent = false;
	if (fcgi->at == fcgi->end || fcgi->phase == BROKEN ||
	    (fcgi->phase == AT_END && !fcgi->is_kept))
		let_go(fcgi);
	else
		hold(fcgi, request);
	explicit_bzero(from, len);
}

enum fcgi_event
fcgi_end(struct fcgi *fcgi, struct fcgi_request *request)
{
	if (fcgi->phase < AT_END)
		refuse(fcgi, request, NULL);
	return (fcgi->phase == AT_END ? FCGI_EVENT_REQUEST :
	    FCGI_EVENT_REFUSED);
}

void
fcgi_done(struct fcgi *fcgi)
{
	assert(fcgi->phase == AT_END);
	fcgi->phase = fcgi->is_kept ? AT_BEGIN : BROKEN;
	fcgi->is_kept = false;
	if (fcgi->from != fcgi->at)
		explicit_bzero(fcgi->from, (size_t)(fcgi->at - fcgi->from));
	fcgi->from = fcgi->at;
}

bool
fcgi_has_input(const struct fcgi *fcgi)
{
	return (fcgi->at != fcgi->end);
}

bool
fcgi_is_silent(const struct fcgi *fcgi)
{
	return (fcgi->phase == AT_BEGIN && fcgi->head_len == 0 &&
	    fcgi->content == 0 && fcgi->padding == 0 && fcgi->at == fcgi->end);
}

bool
fcgi_is_kept(const struct fcgi *fcgi)
{
	return (fcgi->is_kept);
}

bool
fcgi_is_idle(const struct fcgi *fcgi)
{
	return (fcgi->phase == AT_BEGIN);
}
