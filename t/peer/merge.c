/*
 * Merges pairs of JSON texts: what comes is a target, U+001E, a patch, U+001E
 * and so on; what goes is, for each pair, + or = (changed or not), the result
 * and U+001E. No JSON text has that character in it.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body/merge.h"

enum { MARK = 0x1e, ROOM = 1 << 20 };

/* The next text, or -1 at the end. */
static int
read_text(struct json_doc *doc, struct buf *text)
{
	int c;

	buf_reset(text, ROOM);
	while ((c = getchar()) != EOF && c != MARK)
		buf_putc(text, (char)c);
	if (c == EOF)
		return (-1);
	if (text->failed || json_check(doc, text->data, text->len) != JSON_OK) {
		fprintf(stderr, "no JSON: %s\n", buf_text(text));
		exit(EXIT_FAILURE);
	}
	return (0);
}

int
main(void)
{
	struct json_doc target = { 0 }, patch = { 0 };
	struct buf from, by, out;
	bool is_changed;

	buf_init(&from, ROOM);
	buf_init(&by, ROOM);
	buf_init(&out, ROOM);
	while (read_text(&target, &from) == 0 && read_text(&patch, &by) == 0) {
		buf_reset(&out, ROOM);
		is_changed = merge_patch(&target, &patch, 0, &out);
		printf("%c%.*s%c", is_changed ? '+' : '=', (int)out.len,
		    out.data, MARK);
		if (out.failed || out.len > from.len + by.len)
			return (EXIT_FAILURE);
	}
	buf_fini(&from);
	buf_fini(&by);
	buf_fini(&out);
	json_doc_fini(&target);
	json_doc_fini(&patch);
	return (fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
