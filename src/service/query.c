/*
 * Queries: decoding, and judging by a table. Refuses to know what is asked for.
 */
#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "body/json_char.h"
#include "ground/log.h"
#include "ground/moment.h"
#include "ground/number.h"
#include "service/query.h"

enum { PART_MAX = 255 };		/* code points */

static const char place[] = "query";
static const char strange[] = "\xef\xbf\xbd";	/* U+FFFD */

static const struct {
	const char *word;
	bool value;
} bools[] = {
	{ "true", true }, { "false", false }, { "1", true }, { "0", false },
	{ "on", true }, { "off", false }, { "yes", true }, { "no", false },
	{ "t", true }, { "f", false }, { "y", true }, { "n", false }
};

static unsigned
digit_of(char c)
{
	return ((unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10));
}

/* Decode len bytes of text in place to come; returns how many it makes. */
static size_t
decode(unsigned char *out, const char *text, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		if (text[i] == '+') {
			out[n++] = ' ';
		} else if (text[i] == '%' && i + 2 < len &&
		    isxdigit((unsigned char)text[i + 1]) &&
		    isxdigit((unsigned char)text[i + 2])) {
			out[n++] = (unsigned char)(digit_of(text[i + 1]) << 4 |
			    digit_of(text[i + 2]));
			i += 2;
		} else {
			out[n++] = (unsigned char)text[i];
		}
	}
	return (n);
}

/* The width of the character at bytes[at]; 0: it is none, or U+0000. */
static size_t
width_at(const unsigned char *bytes, size_t at, size_t len)
{
	struct json_char c;

	if (bytes[at] < 0x80)
		return (bytes[at] != '\0');
	return (json_char_scan(&c, bytes, at, len) == NULL ? c.width : 0);
}

/* A query on its way from its text to what it says. */
struct reading {
	struct query *query;
	const struct query_spec *spec;
	struct faults *faults;
	unsigned char *bytes;		/* room for one piece */
	bool is_ill[QUERY_PARAMS_MAX];	/* what came is no text */
};

/*
 * Keep a name or value, decoded, with U+FFFD in the place of each byte that is
 * no text; whether there was none.
 */
static bool
keep(struct reading *reading, const char *text, size_t len, const char **kept)
{
	struct buf *out = &reading->query->text;
	unsigned char *bytes = reading->bytes;
	size_t n = decode(bytes, text, len), at, width;
	bool is_text = true;

	*kept = out->data + out->len;
	for (at = 0; at < n; at += width) {
		if ((width = width_at(bytes, at, n)) != 0) {
			buf_put(out, bytes + at, width);
			continue;
		}
		buf_puts(out, strange);
		is_text = false;
		width = 1;
	}
	buf_putc(out, '\0');
	return (is_text);
}

static void
tell(struct faults *faults, const char *name, enum fault_kind kind,
    int64_t limit)
{
	if (kind != FAULT_NONE)
		faults_add(faults, (struct fault){ .kind = kind, .in = place,
		    .member = name, .index = -1, .limit = limit });
}

/* Take one piece in; a name that nobody knows is told at once. */
static void
take_piece(struct reading *reading, const char *piece, size_t len)
{
	const struct query_spec *spec = reading->spec;
	const char *equals = memchr(piece, '=', len), *name, *value;
	size_t name_len = equals != NULL ? (size_t)(equals - piece) : len;
	size_t i = 0;

	if (!keep(reading, piece, name_len, &name)) {
		tell(reading->faults, name, FAULT_TEXT, 0);
		return;
	}
	while (i < spec->count && strcmp(spec->params[i].name, name) != 0)
		i++;
	if (i == spec->count) {
		tell(reading->faults, name, FAULT_EXTRA, 0);
		return;
	}
	if (equals == NULL)
		equals = piece + len - 1;
	reading->is_ill[i] = !keep(reading, equals + 1,
	    (size_t)(piece + len - equals - 1), &value);
	reading->query->value[i] = value;
}

static void
take_pieces(struct reading *reading, const char *text)
{
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, "&");
		if (len > 0)
			take_piece(reading, text, len);
		if (text[len] == '\0')
			return;
	}
}

static int
by_name(const void *one, const void *other)
{
	const struct fault *a = one, *b = other;

	return (strcmp(a->member, b->member));
}

/* Sort what take_piece has told, and drop what was told before. */
static void
tidy(struct faults *faults)
{
	struct fault *list = faults->list;
	size_t i, kept = 0;

	if (faults->count < 2)
		return;
	qsort(list, faults->count, sizeof *list, by_name);
	for (i = 1; i < faults->count; i++)
		if (strcmp(list[kept].member, list[i].member) != 0)
			list[++kept] = list[i];
	faults->count = kept + 1;
}

/* A number, digits and perhaps a minus before them, and where it lies. */
static enum fault_kind
judge_number(const struct query_param *param, const char *value)
{
	bool is_negative = *value == '-';
	uint64_t n;

	value += is_negative;
	if (*value == '\0' || value[strspn(value, "0123456789")] != '\0')
		return (FAULT_INTEGER);
	value += strspn(value, "0");
	if (*value == '\0')
		value = "0";
	if (number_parse(value, 0, INT64_MAX, &n) == -1)
		n = INT64_MAX;
	if ((is_negative ? -(int64_t)n : (int64_t)n) < param->low)
		return (FAULT_NOT_GE);
	return (!is_negative && (int64_t)n > param->high ? FAULT_NOT_LE :
	    FAULT_NONE);
}

static enum fault_kind
judge_choice(const char *const *choices, const char *value)
{
	for (; *choices != NULL; choices++)
		if (strcmp(*choices, value) == 0)
			return (FAULT_NONE);
	return (FAULT_CHOICE);
}

static enum fault_kind
judge(const struct reading *reading, size_t i)
{
	const struct query_param *param = &reading->spec->params[i];
	const char *value = reading->query->value[i];

	if (value == NULL)
		return (FAULT_NONE);
	if (reading->is_ill[i])
		return (FAULT_TEXT);
	if (param->choices != NULL)
		return (judge_choice(param->choices, value));
	if (param->high != 0)
		return (judge_number(param, value));
	return (param->check == NULL ? FAULT_NONE :
	    param->check(reading->query, value));
}

/* Room for all that a text can come to, so that nothing has to move. */
static bool
make_room(struct reading *reading, size_t len)
{
	struct buf *out = &reading->query->text;
	size_t room = 3 * (len + 1);

	buf_init(out, room);
	reading->bytes = malloc(len + 1);
	if (reading->bytes == NULL || buf_grow(out, room) == NULL)
		return (false);
	out->len = 0;
	return (true);
}

void
query_read(struct query *query, const struct query_spec *spec,
    const char *text, struct faults *faults)
{
	struct faults unknown = { 0 };
	struct reading reading = { query, spec, &unknown, .bytes = NULL };
	enum fault_kind kind;
	size_t i;

	assert(spec->count <= QUERY_PARAMS_MAX);
	*query = (struct query){ 0 };
	if (!make_room(&reading, strlen(text))) {
		faults->failed = true;
		goto done;
	}
	take_pieces(&reading, text);
	tidy(&unknown);
	for (i = 0; i < spec->count; i++) {
		kind = judge(&reading, i);
		tell(faults, spec->params[i].name, kind, kind == FAULT_NOT_GE ?
		    spec->params[i].low : spec->params[i].high);
	}
	for (i = 0; i < unknown.count; i++)
		faults_add(faults, unknown.list[i]);
	faults->failed |= unknown.failed;
done:
	free(reading.bytes);
	faults_fini(&unknown);
}

void
query_fini(struct query *query)
{
	buf_fini(&query->text);
	*query = (struct query){ 0 };
}

enum call_rc
query_take(struct query *query, const struct query_spec *spec,
    struct call *call)
{
	query_read(query, spec, call->http.query, &call->faults);
	if (call->faults.failed) {
		log_error("out of memory for a query");
		return (CALL_FAILED);
	}
	if (call->faults.count == 0)
		return (CALL_GOES_ON);
	reply_faults(&call->reply, &call->faults);
	return (CALL_ANSWERED);
}

/* Whether it is one of the words, and what it says. */
static bool
read_bool(const char *text, bool *value)
{
	size_t i;

	for (i = 0; i < sizeof bools / sizeof bools[0]; i++)
		if (strcasecmp(bools[i].word, text) == 0) {
			*value = bools[i].value;
			return (true);
		}
	return (false);
}

enum fault_kind
query_check_bool(const struct query *query, const char *text)
{
	bool value;

	(void)query;
	return (read_bool(text, &value) ? FAULT_NONE : FAULT_BOOL);
}

enum fault_kind
query_check_moment(const struct query *query, const char *text)
{
	int64_t at_us;

	(void)query;
	return (moment_read(text, strlen(text), &at_us) ? FAULT_NONE :
	    FAULT_MOMENT);
}

enum fault_kind
query_check_part(const struct query *query, const char *text)
{
	size_t count = 0;

	(void)query;
	if (*text == '\0')
		return (FAULT_TOO_SHORT);
	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return (count > PART_MAX ? FAULT_TOO_LONG : FAULT_NONE);
}

int64_t
query_number(const struct query *query, size_t param, int64_t otherwise)
{
	const char *value = query->value[param];
	uint64_t n;

	if (value == NULL)
		return (otherwise);
	value += *value == '-';
	if (number_parse(value, 0, INT64_MAX, &n) == -1)
		return (otherwise);
	return (query->value[param][0] == '-' ? -(int64_t)n : (int64_t)n);
}

bool
query_is_true(const struct query *query, size_t param)
{
	bool value = false;

	return (query->value[param] != NULL &&
	    read_bool(query->value[param], &value) && value);
}

int64_t
query_moment(const struct query *query, size_t param)
{
	const char *value = query->value[param];
	int64_t at_us = 0;

	if (value == NULL || !moment_read(value, strlen(value), &at_us))
		return (0);
	return (at_us);
}
