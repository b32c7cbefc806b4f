/*
 * What the scan says of texts: each line of standard input is one in
 * hexadecimal, each line of output "ok", a space and the text as it is written
 * again, in hexadecimal, or "no" and the offset of the fault. With --control
 * json-c, as it is by default, is asked instead.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "body/json.h"
#include "ground/buf.h"
#include "json_lenient.h"

enum { ROOM = 1 << 24 };

static void
print_hex(const char *bytes, size_t len)
{
	size_t i;

	fputs("ok ", stdout);
	for (i = 0; i < len; i++)
		printf("%02x", (unsigned char)bytes[i]);
	putchar('\n');
}

static void
ask_scan(const char *text, size_t len)
{
	struct json_doc doc = { 0 };
	struct buf out;

	buf_init(&out, ROOM);
	if (json_check(&doc, text, len) == JSON_OK) {
		json_write(&doc, 0, &out);
		if (out.failed)
			exit(EXIT_FAILURE);
		print_hex(out.data, out.len);
	} else {
		printf("no %zu\n", doc.fault_at);
	}
	buf_fini(&out);
	json_doc_fini(&doc);
}

static void
ask_json_c(const char *text, size_t len)
{
	char *out = json_lenient(text, len);

	if (out != NULL)
		print_hex(out, strlen(out));
	else
		puts("no 0");
	free(out);
}

int
main(int argc, char **argv)
{
	int is_control = argc > 1 && strcmp(argv[1], "--control") == 0;
	char *line = NULL, *text;
	size_t room = 0, len, i;
	ssize_t n;

	while ((n = getline(&line, &room, stdin)) != -1) {
		len = (size_t)n / 2;
		/* As long as it is, so that one byte beyond is seen. */
		text = malloc(len > 0 ? len : 1);
		for (i = 0; i < len; i++) {
			const char digits[] = { line[2 * i], line[2 * i + 1],
			    '\0' };

			text[i] = (char)strtoul(digits, NULL, 16);
		}
		if (is_control)
			ask_json_c(text, len);
		else
			ask_scan(text, len);
		fflush(stdout);
		free(text);
	}
	free(line);
	return (EXIT_SUCCESS);
}
