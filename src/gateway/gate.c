/*
 * FastCGI records (specification 1.0, section 3.3), judged before libfcgi
 * sees them. Knows no meaning of parameters and keeps no body.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ground/buf.h"
#include "gateway/gate.h"
#include "ground/log.h"

enum {
	FCGI_VERSION = 1,
	BEGIN_REQUEST = 1, ABORT_REQUEST = 2, PARAMS = 4, STDIN_RECORD = 5,
	RESPONDER = 1,
	HEAD_LEN = 8, BEGIN_LEN = 8,
	INPUT_LEN = 16384,
	PASS_KEEP = 32768,	/* bytes of memory kept between requests */
	/* Each run of body gets a head, and had one, but for the first. */
	PASS_MAX = BEGIN_LEN + 5 * HEAD_LEN + GATE_PARAMS_LEN + INPUT_LEN
};

/*
 * What the next record of the request has to be, or how it ended: CUT in its
 * body, BROKEN before.
 */
enum phase { AT_BEGIN, AT_PARAMS, AT_BODY, AT_END, CUT, BROKEN };

struct gate {
	int inner[2];			/* the library's end, ours */
	int fd;				/* the connection */
	enum phase phase;
	unsigned char id[2];		/* of the request */
	unsigned char head[HEAD_LEN];	/* of the record that is read ... */
	size_t head_len;		/* ... how much of it there is ... */
	size_t content;			/* ... and what is left of the rest */
	size_t padding;
	bool lacks_memory;
	bool is_dropped;
	bool is_odd;			/* what the library would misread */
	struct buf pass;		/* records to let through together */
	size_t params_at;		/* in pass, the record of parameters */
	size_t body;			/* bytes of body in pass */
	size_t at, end;			/* what is left of input */
	size_t used;			/* how much of it holds anything */
	unsigned char input[INPUT_LEN];
};

static int
open_inner(struct gate *gate)
{
	const int room = 2 * PASS_MAX;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    gate->inner) == -1) {
		log_error("a pair of sockets cannot be made: %s",
		    strerror(errno));
		gate->inner[0] = gate->inner[1] = -1;
		return (-1);
	}
	(void)setsockopt(gate->inner[1], SOL_SOCKET, SO_SNDBUF, &room,
	    sizeof room);
	return (0);
}

static void
close_inner(struct gate *gate)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		if (gate->inner[i] != -1)
			close(gate->inner[i]);
		gate->inner[i] = -1;
	}
}

struct gate *
gate_new(void)
{
	struct gate *gate = calloc(1, sizeof *gate);

	if (gate == NULL) {
		log_error("out of memory for a FastCGI gateway");
		return (NULL);
	}
	buf_init(&gate->pass, PASS_MAX);
	/* So that want of memory meets bodies, which can be answered. */
	(void)buf_grow(&gate->pass, PASS_KEEP);
	if (gate->pass.failed)
		log_error("out of memory for a FastCGI gateway");
	else if (open_inner(gate) == 0)
		return (gate);
	gate_free(gate);
	return (NULL);
}

void
gate_free(struct gate *gate)
{
	if (gate == NULL)
		return;
	gate_reset(gate);
	buf_fini(&gate->pass);
	close_inner(gate);
	free(gate);
}

/* The request ends here; why is for the log, NULL where it is no fault. */
static void
refuse(struct gate *gate, const char *why)
{
	gate->phase = gate->phase < AT_BODY ? BROKEN : CUT;
	if (why != NULL)
		log_warning("a FastCGI peer was cut off: %s", why);
}

static void
put_head(struct gate *gate, unsigned char type, size_t len)
{
	const unsigned char head[HEAD_LEN] = {
		FCGI_VERSION, type, gate->id[0], gate->id[1],
		(unsigned char)(len >> 8), (unsigned char)len, 0, 0
	};

	buf_put(&gate->pass, head, sizeof head);
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
		if (++count > GATE_PARAMS_MAX)
			return ("it sent too many parameters");
	}
	return (NULL);
}

/* The empty record has come: what was put behind a head gets its length. */
static void
end_params(struct gate *gate)
{
	size_t len = gate->pass.len - gate->params_at - HEAD_LEN;
	unsigned char *record;
	const char *wrong;

	if (gate->pass.failed) {
		refuse(gate, "out of memory for its parameters");
		return;
	}
	record = (unsigned char *)gate->pass.data + gate->params_at;
	wrong = judge_params(record + HEAD_LEN, len);
	if (wrong != NULL) {
		refuse(gate, wrong);
		return;
	}
	record[4] = (unsigned char)(len >> 8);
	record[5] = (unsigned char)len;
	if (len > 0)
		put_head(gate, PARAMS, 0);
	gate->phase = AT_BODY;
}

/* The record is another request's; the library may have that one's id. */
static void
drop(struct gate *gate)
{
	gate->is_dropped = gate->is_odd = true;
}

/* A head is complete, and the request is not begun. */
static void
judge_begin(struct gate *gate)
{
	if (gate->head[1] != BEGIN_REQUEST) {
		/* Late words on a request that was answered. */
		drop(gate);
		return;
	}
	if (gate->content != BEGIN_LEN) {
		refuse(gate, "its request has no beginning");
		return;
	}
	memcpy(gate->id, gate->head + 2, sizeof gate->id);
	put_head(gate, BEGIN_REQUEST, BEGIN_LEN);
}

static void
judge_head(struct gate *gate)
{
	const unsigned char *head = gate->head;
	unsigned char wanted = gate->phase == AT_PARAMS ? PARAMS :
	    STDIN_RECORD;

	gate->content = (size_t)head[4] << 8 | head[5];
	gate->padding = head[6];
	gate->is_dropped = false;
	/* It takes the padding of these for the next one's head. */
	if (gate->padding > 0 && (gate->content == 0 ||
	    head[1] == BEGIN_REQUEST))
		gate->is_odd = true;
	if (head[0] != FCGI_VERSION)
		refuse(gate, "it does not speak version 1");
	else if (head[2] == 0 && head[3] == 0)
		refuse(gate, "management records are not taken");
	else if (gate->phase == AT_BEGIN)
		judge_begin(gate);
	else if (memcmp(head + 2, gate->id, sizeof gate->id) != 0)
		drop(gate);
	else if (head[1] == ABORT_REQUEST)
		refuse(gate, NULL);
	else if (head[1] != wanted)
		refuse(gate, "its records are in disorder");
	else if (gate->phase == AT_PARAMS && gate->content == 0)
		end_params(gate);
	else if (gate->phase == AT_PARAMS && gate->content >
	    GATE_PARAMS_LEN - (gate->pass.len - gate->params_at - HEAD_LEN))
		refuse(gate, "its parameters are too long");
	else if (gate->phase == AT_BODY && gate->content == 0) {
		put_head(gate, STDIN_RECORD, 0);
		gate->phase = AT_END;
	}
}

/* A run of the record's content: where it goes depends on the phase. */
static void
take_content(struct gate *gate, const unsigned char *p, size_t len)
{
	if (gate->is_dropped)
		return;
	if (gate->phase == AT_BODY) {
		put_head(gate, STDIN_RECORD, len);
		gate->body += len;
	}
	buf_put(&gate->pass, p, len);
	if (gate->phase != AT_BEGIN || gate->content > 0)
		return;
	/* The beginning is whole. */
	if (!gate->pass.failed &&
	    memcmp(gate->pass.data + HEAD_LEN, "\0\1", 2) != 0) {
		refuse(gate, "it does not ask for a responder");
		return;
	}
	gate->phase = AT_PARAMS;
	gate->params_at = gate->pass.len;
	put_head(gate, PARAMS, 0);
}

/* Take len bytes at most of the input. */
static const unsigned char *
take_input(struct gate *gate, size_t *len)
{
	const unsigned char *p = gate->input + gate->at;

	if (*len > gate->end - gate->at)
		*len = gate->end - gate->at;
	gate->at += *len;
	return (p);
}

/* Judge the input to its end, or to the end of the request. */
static void
judge_input(struct gate *gate)
{
	const unsigned char *p;
	size_t len;

	while (gate->at < gate->end && (gate->phase < AT_END ||
	    (gate->phase == AT_END && gate->padding > 0))) {
		if (gate->content > 0) {
			len = gate->content;
			p = take_input(gate, &len);
			gate->content -= len;
			take_content(gate, p, len);
		} else if (gate->padding > 0) {
			len = gate->padding;
			(void)take_input(gate, &len);
			gate->padding -= len;
		} else {
			len = HEAD_LEN - gate->head_len;
			p = take_input(gate, &len);
			memcpy(gate->head + gate->head_len, p, len);
			gate->head_len += len;
			if (gate->head_len < HEAD_LEN)
				continue;
			gate->head_len = 0;
			judge_head(gate);
		}
	}
}

/* Read once from the connection, limit bytes at most. Returns how many. */
static size_t
read_input(struct gate *gate, size_t limit, int flags)
{
	ssize_t n;

	do
		n = recv(gate->fd, gate->input, limit, flags);
	while (n == -1 && errno == EINTR);
	if (n > 0 && gate->used < (size_t)n)
		gate->used = (size_t)n;
	return (n > 0 ? (size_t)n : 0);
}

/* Read once, and judge that. */
static void
read_more(struct gate *gate, int flags)
{
	gate->at = 0;
	gate->end = read_input(gate, sizeof gate->input, flags);
	if (gate->end == 0)
		refuse(gate, NULL);
	judge_input(gate);
}

/*
 * Look at what has come. True: that is a request, whole and nothing else, so
 * the library may read it itself. If not, it is taken.
 */
static bool
is_plain(struct gate *gate)
{
	read_more(gate, MSG_PEEK);
	if (gate_is_clean(gate) && !gate->is_odd)
		return (true);
	/* The very same bytes, which are judged already. */
	if (gate->phase <= AT_END && read_input(gate, gate->end, 0) !=
	    gate->end)
		refuse(gate, NULL);
	return (false);
}

/*
 * Lay pass before the library; there is room, for it has read all else. False:
 * there is nothing for it to read, and it would wait.
 */
static bool
let_through(struct gate *gate)
{
	struct buf *pass = &gate->pass;
	bool is_through;
	ssize_t n;

	if (pass->failed) {
		refuse(gate, "out of memory for its request");
		gate->lacks_memory = true;
		gate->body = 0;
	} else if (pass->len > 0) {
		n = send(gate->inner[1], pass->data, pass->len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n != (ssize_t)pass->len) {
			refuse(gate, "the system's buffers are too small for "
			    "it: raise net.core.wmem_max");
			close_inner(gate);
		}
	}
	is_through = !pass->failed && gate->inner[0] != -1;
	buf_reset(pass, PASS_KEEP);
	return (is_through);
}

int
gate_open(struct gate *gate, int fd)
{
	gate_reset(gate);
	gate->fd = fd;
	if (gate->inner[0] == -1 && open_inner(gate) == -1)
		return (-1);
	if (is_plain(gate))
		return (fd);
	while (gate->phase < AT_BODY)
		read_more(gate, 0);
	if (gate->phase == BROKEN || !let_through(gate))
		return (-1);
	return (gate->inner[0]);
}

size_t
gate_body(struct gate *gate)
{
	size_t len;

	while (gate->body == 0 && gate->phase == AT_BODY) {
		read_more(gate, 0);
		(void)let_through(gate);
	}
	len = gate->inner[0] == -1 ? 0 : gate->body;
	gate->body = 0;
	return (len);
}

bool
gate_is_whole(const struct gate *gate)
{
	return (gate->phase == AT_END);
}

bool
gate_lacks_memory(const struct gate *gate)
{
	return (gate->lacks_memory);
}

bool
gate_is_clean(const struct gate *gate)
{
	return (gate->phase == AT_END && gate->padding == 0 &&
	    gate->at == gate->end);
}

void
gate_lost(struct gate *gate)
{
	gate->inner[0] = -1;
	close_inner(gate);
}

void
gate_reset(struct gate *gate)
{
	explicit_bzero(gate->input, gate->used);
	buf_reset(&gate->pass, PASS_KEEP);
	gate->fd = -1;
	gate->phase = AT_BEGIN;
	gate->head_len = gate->content = gate->padding = 0;
	gate->is_dropped = gate->is_odd = false;
	gate->params_at = gate->body = 0;
	gate->at = gate->end = gate->used = 0;
}
