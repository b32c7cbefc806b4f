/*
 * The list of a request's faults and its wording. No value that the client sent
 * is repeated here: it may be a secret.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body/fault.h"
#include "body/json.h"

enum { MESSAGE_MAX = 96 };

static const struct {
	const char *msg;
	const char *type;
} words[] = {
	[FAULT_MISSING] = { "field required", "value_error.missing" },
	[FAULT_NULL] = { "none is not an allowed value",
	    "type_error.none.not_allowed" },
	[FAULT_TEXT] = { "value is not valid text", "value_error.text" },
	[FAULT_STRING] = { "str type expected", "type_error.str" },
	[FAULT_BOOL] = { "value could not be parsed to a boolean",
	    "type_error.bool" },
	[FAULT_OBJECT] = { "value is not a valid dict", "type_error.dict" },
	[FAULT_LIST] = { "value is not a valid list", "type_error.list" },
	[FAULT_CHOICE] = { "value is not a valid enumeration member",
	    "type_error.enum" },
	[FAULT_INTEGER] = { "value is not a valid integer",
	    "type_error.integer" },
	[FAULT_NOT_GE] = { "ensure this value is greater than or equal to ",
	    "value_error.number.not_ge" },
	[FAULT_NOT_LE] = { "ensure this value is less than or equal to ",
	    "value_error.number.not_le" },
	[FAULT_NO_ITEMS] = { "ensure this value has at least 1 items",
	    "value_error.list.min_items" },
	[FAULT_TOO_SHORT] = { "ensure this value has at least 1 characters",
	    "value_error.any_str.min_length" },
	[FAULT_TOO_LONG] = { "ensure this value has at most 255 characters",
	    "value_error.any_str.max_length" },
	[FAULT_NULL_CHARACTER] = { "null characters are not allowed",
	    "value_error.any_str.null_character" },
	[FAULT_MOMENT] = { "invalid datetime format", "value_error.datetime" },
	[FAULT_CONTROL] = { "control characters are not allowed",
	    "value_error.any_str.control_character" },
	[FAULT_CURSOR] = { "invalid cursor", "value_error.cursor" },
	[FAULT_EXTRA] = { "extra fields not permitted", "value_error.extra" },
	[FAULT_UUID] = { "value is not a valid uuid", "type_error.uuid" },
	[FAULT_CONST] = { "field cannot be changed", "value_error.const" },
	[FAULT_LIMIT] = { "too many values", "value_error.limit" },
	[FAULT_IDEMPOTENCY_KEY] = { "value is not a valid idempotency key",
	    "value_error.idempotency_key" },
	[FAULT_OTHER_BODY] = { "already used with another body",
	    "value_error.idempotency_key" },
	[FAULT_PUBLIC_KEY] = { "value is not a valid public key",
	    "value_error.public_key" },
	[FAULT_MEMBERS] = { "ensure this value has 1 to 8 members",
	    "value_error.members" },
	[FAULT_JSON] = { NULL, "value_error.jsondecode" },
};

void
faults_fini(struct faults *faults)
{
	free(faults->list);
	*faults = (struct faults){ 0 };
}

void
faults_add(struct faults *faults, struct fault fault)
{
	struct fault *list;
	size_t cap;

	if (fault.kind == FAULT_UNKNOWN) {
		faults->failed = true;
		return;
	}
	if (faults->count == faults->cap) {
		cap = faults->cap == 0 ? 8 : faults->cap * 2;
		list = realloc(faults->list, cap * sizeof *list);
		if (list == NULL) {
			faults->failed = true;
			return;
		}
		faults->list = list;
		faults->cap = cap;
	}
	faults->list[faults->count++] = fault;
}

static void
put_text(struct buf *out, const char *before, const char *text)
{
	buf_puts(out, before);
	json_put_string(out, text, strlen(text));
}

/* What is to be said, in room that is lent where a number is part of it. */
static const char *
message(const struct fault *fault, char room[MESSAGE_MAX])
{
	const char *msg = words[fault->kind].msg;

	if (msg == NULL)
		return (fault->expected);
	if (fault->kind != FAULT_NOT_GE && fault->kind != FAULT_NOT_LE)
		return (msg);
	snprintf(room, MESSAGE_MAX, "%s%" PRId64, msg, fault->limit);
	return (room);
}

static void
write_fault(const struct fault *fault, struct buf *out)
{
	char room[MESSAGE_MAX];

	put_text(out, "{\"loc\":[", fault->in != NULL ? fault->in : "body");
	if (fault->parent != NULL)
		put_text(out, ",", fault->parent);
	if (fault->member != NULL)
		put_text(out, ",", fault->member);
	if (fault->doc != NULL) {
		buf_putc(out, ',');
		json_write_bare_name(fault->doc, fault->node, out);
	}
	if (fault->index >= 0) {
		buf_putc(out, ',');
		buf_put_u64(out, (uint64_t)fault->index);
	}
	put_text(out, "],\"msg\":", message(fault, room));
	put_text(out, ",\"type\":", words[fault->kind].type);
	buf_putc(out, '}');
}

void
faults_write(const struct faults *faults, struct buf *out)
{
	size_t i;

	buf_puts(out, "{\"detail\":[");
	for (i = 0; i < faults->count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		write_fault(&faults->list[i], out);
	}
	buf_puts(out, "]}");
}
