/*
 * A merge patch: the input is a target, a NUL and a patch. What comes of them
 * is JSON, no longer than both; the same patch changes nothing the second
 * time; and where nothing was changed, no byte was.
 */
#include "config.h"

#include "body/json.h"
#include "body/json_member.h"
#include "body/merge.h"
#include "fuzz.h"

enum { ROOM = 1 << 22 };

/* A text in memory of exactly its length, so that one byte beyond is seen. */
struct text {
	struct json_doc doc;
	char *copy;
};

static int
read_text(struct text *text, const void *bytes, size_t len)
{
	enum json_rc rc;

	text->copy = malloc(len > 0 ? len : 1);
	fuzz_must(text->copy != NULL, "memory");
	memcpy(text->copy, bytes, len);
	rc = json_check(&text->doc, text->copy, len);
	fuzz_must(rc != JSON_NOMEM, "memory for the scan");
	return (rc == JSON_OK);
}

static void
drop(struct text *text)
{
	json_doc_fini(&text->doc);
	free(text->copy);
}

/* Of what the patch takes away nothing is left, of what it sets one. */
static void
look_at_members(const struct json_doc *patch, const struct json_doc *merged)
{
	const struct json_node *node = patch->node;
	uint32_t p, last, k, found;

	for (p = json_first(patch, 0); p != 0; p = node[p].next) {
		last = json_member_like(patch, 0, patch, p);
		found = 0;
		for (k = json_first(merged, 0); k != 0;
		    k = merged->node[k].next)
			found += json_member_like(patch, 0, merged, k) == last;
		if (FUZZ_IS_CONTROL && node[p].type == JSON_FALSE)
			found++;
		fuzz_must(found == (node[last].type != JSON_NULL),
		    "a member of the patch is there once, or not");
	}
}

static void
merge(struct text *target, struct text *patch)
{
	struct text merged = { .doc = { .more_members = 1024,
	    .more_values = JSON_MAX_VALUES } };
	const struct json_span *was = &target->doc.node[0].span;
	struct buf once, twice;
	bool is_changed;

	buf_init(&once, ROOM);
	buf_init(&twice, ROOM);
	is_changed = merge_patch(&target->doc, &patch->doc, 0, &once);
	fuzz_must(!once.failed && once.len <= target->doc.len +
	    patch->doc.len, "the result is no longer than both");
	fuzz_must(is_changed == (once.len != was->end - was->start ||
	    memcmp(once.data, target->copy + was->start, once.len) != 0),
	    "a change is another text");
	fuzz_must(read_text(&merged, once.data, once.len), "it is JSON");
	if (patch->doc.node[0].type == JSON_OBJECT)
		look_at_members(&patch->doc, &merged.doc);
	fuzz_must(!merge_patch(&merged.doc, &patch->doc, 0, &twice) &&
	    twice.len == once.len &&
	    memcmp(once.data, twice.data, once.len) == 0,
	    "the same patch again changes nothing");
	drop(&merged);
	buf_fini(&once);
	buf_fini(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *mark = size == 0 ? NULL : memchr(data, '\0', size);
	struct text target = { 0 }, patch = { 0 };

	if (mark == NULL)
		return (0);
	if (read_text(&target, data, (size_t)(mark - data)) &&
	    read_text(&patch, mark + 1, size - 1 - (size_t)(mark - data)))
		merge(&target, &patch);
	drop(&target);
	drop(&patch);
	return (0);
}
