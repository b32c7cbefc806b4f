/*
 * The list of a body's faults and its wording. Nothing that the client sent
 * is repeated here: it may be a secret.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "body/fault.h"
#include "body/json.h"

static const struct {
	const char *msg;
	const char *type;
} words[] = {
	[FAULT_MISSING] = { "field required", "value_error.missing" },
	[FAULT_NULL] = { "none is not an allowed value",
	    "type_error.none.not_allowed" },
	[FAULT_STRING] = { "str type expected", "type_error.str" },
	[FAULT_BOOL] = { "value could not be parsed to a boolean",
	    "type_error.bool" },
	[FAULT_OBJECT] = { "value is not a valid dict", "type_error.dict" },
	[FAULT_LIST] = { "value is not a valid list", "type_error.list" },
	[FAULT_CHOICE] = { "value is not a valid enumeration member",
	    "type_error.enum" },
	[FAULT_TOO_SHORT] = { "ensure this value has at least 1 characters",
	    "value_error.any_str.min_length" },
	[FAULT_TOO_LONG] = { "ensure this value has at most 255 characters",
	    "value_error.any_str.max_length" },
	[FAULT_NULL_CHARACTER] = { "null characters are not allowed",
	    "value_error.any_str.null_character" },
	[FAULT_MOMENT] = { "invalid datetime format", "value_error.datetime" },
	[FAULT_UUID] = { "value is not a valid uuid", "type_error.uuid" },
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

static void
write_fault(const struct fault *fault, struct buf *out)
{
	const char *msg = words[fault->kind].msg;

	buf_puts(out, "{\"loc\":[\"body\"");
	if (fault->parent != NULL)
		put_text(out, ",", fault->parent);
	if (fault->member != NULL)
		put_text(out, ",", fault->member);
	if (fault->index >= 0) {
		buf_putc(out, ',');
		buf_put_u64(out, (uint64_t)fault->index);
	}
	put_text(out, "],\"msg\":", msg != NULL ? msg : fault->expected);
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
