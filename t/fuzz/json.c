/*
 * A body: the scan, the reading, the form, the faults, the answer. What we
 * write of what we have read must be read again, and be written the same.
 */
#include "config.h"

#include "body/form_save.h"
#include "body/json.h"
#include "body/json_char.h"
#include "fuzz.h"
#include "service/reply.h"

enum { ROOM = 1 << 22 };

/* Scan exactly these bytes, so that one beyond them is seen. */
static enum json_rc
check(struct json_doc *doc, const char *text, size_t len, char **copy)
{
	enum json_rc rc;

	*copy = malloc(len > 0 ? len : 1);
	fuzz_must(*copy != NULL, "memory");
	memcpy(*copy, text, len);
	rc = json_check(doc, *copy, len);
	fuzz_must(rc != JSON_NOMEM, "memory for the scan");
	if (rc == JSON_FAULT)
		fuzz_must(doc->fault_at <= len && doc->expected != NULL,
		    "a fault has a place and a message");
	return (rc);
}

static void
must_be_json(const struct buf *text, const char *what)
{
	struct json_doc doc = { 0 };
	char *copy;

	fuzz_must(!text->failed, "there is room");
	fuzz_must(check(&doc, text->data, text->len, &copy) == JSON_OK, what);
	json_doc_fini(&doc);
	free(copy);
}

static void
look_at_nodes(const struct json_doc *doc)
{
	const struct json_node *node;
	struct json_measure measure;
	struct buf text;
	uint32_t i;

	buf_init(&text, ROOM);
	for (i = 0; i < doc->count; i++) {
		node = &doc->node[i];
		fuzz_must(node->span.start < node->span.end &&
		    node->span.end <= doc->len, "a span is in the text");
		if (FUZZ_IS_CONTROL && node->type == JSON_NUMBER &&
		    doc->text[node->span.end] == 'x')
			continue;
		if (node->type != JSON_STRING)
			continue;
		measure = json_measure(doc, i, SIZE_MAX - 1);
		buf_reset(&text, ROOM);
		json_decode(doc, i, &text);
		fuzz_must(!text.failed && text.len >= measure.code_points,
		    "a character has a byte at least");
	}
	buf_fini(&text);
}

/* Writing is the same the second time. */
static void
write_twice(const struct json_doc *doc)
{
	struct json_doc again = { 0 };
	struct buf one, two;
	uint32_t i;
	char *copy;

	buf_init(&one, ROOM);
	buf_init(&two, ROOM);
	json_write(doc, 0, &one);
	fuzz_must(!one.failed, "there is room");
	fuzz_must(check(&again, one.data, one.len, &copy) == JSON_OK,
	    "what was written is JSON");
	json_write(&again, 0, &two);
	fuzz_must(!two.failed && one.len == two.len &&
	    memcmp(one.data, two.data, one.len) == 0,
	    "what was written stays as it is");
	for (i = 1; i < again.count; i++)
		fuzz_must(again.node[i].name.end == 0 ||
		    again.node[i].last == i, "each name is written once");
	json_doc_fini(&again);
	free(copy);
	buf_fini(&one);
	buf_fini(&two);
}

static void
answer(const struct form *form, struct reply *reply)
{
	struct integration row = {
		.integration_id = "018cd0a0-0000-7000-8000-000000000000",
		.created_by = "user",
		.created_at = "2024-01-15T10:30:00.000000",
		.updated_at = "2024-01-15T10:30:00.000000", .revision = 1
	};
	struct buf name, metadata, identifier;

	buf_init(&name, ROOM);
	buf_init(&metadata, ROOM);
	buf_init(&identifier, ROOM);
	json_decode(form->doc, form->at[SAVE_NAME], &name);
	form_save_metadata(form, &metadata);
	if (form_has_text(form, SAVE_UNIQUE_IDENTIFIER))
		json_decode(form->doc, form->at[SAVE_UNIQUE_IDENTIFIER],
		    &identifier);
	must_be_json(&metadata, "metadata is JSON");
	row.name = buf_text(&name);
	row.unique_identifier = buf_text(&identifier);
	row.metadata = buf_text(&metadata);
	row.integration_type = form_save_type(form);
	row.status = form_save_status(form);
	row.active = form_save_active(form);
	row.has_auth_data = form_has_text(form, SAVE_ACCESS_TOKEN);
	fuzz_must(strlen(row.name) == name.len, "no NUL in a name");
	fuzz_must(strlen(row.unique_identifier) == identifier.len,
	    "no NUL in an identifier");
	reply_integration(reply, &row);
	must_be_json(&reply->body, "a 200 is JSON");
	buf_fini(&name);
	buf_fini(&metadata);
	buf_fini(&identifier);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_doc doc = { 0 };
	struct faults faults = { 0 };
	struct form form;
	struct reply reply;
	char *copy;

	reply_init(&reply, ROOM);
	if (check(&doc, (const char *)data, size, &copy) == JSON_FAULT) {
		faults_add(&faults, (struct fault){ .kind = FAULT_JSON,
		    .index = (long)doc.fault_at, .expected = doc.expected });
	} else {
		look_at_nodes(&doc);
		write_twice(&doc);
		if (doc.node[0].type == JSON_OBJECT) {
			form_read(&form, &form_save_spec, &doc, &faults);
			fuzz_must(!faults.failed, "memory for faults");
			if (faults.count == 0)
				answer(&form, &reply);
		}
	}
	if (faults.count > 0) {
		reply_faults(&reply, &faults);
		must_be_json(&reply.body, "a 422 is JSON");
	}
	reply_fini(&reply);
	faults_fini(&faults);
	json_doc_fini(&doc);
	free(copy);
	return (0);
}
