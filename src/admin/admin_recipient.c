/*
 * strongroom recipient: whoever is to read an export, or what is revealed to
 * him alone.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "body/json.h"
#include "body/json_member.h"
#include "ground/log.h"
#include "secrets/recipient.h"
#include "secrets/sealed.h"
#include "secrets/secret.h"

enum { INPUT_MAX = 256 << 20 };	/* more than any answer of the service */

_Static_assert((int)RECIPIENT_KEY_LEN == (int)SEALED_KEY_LEN,
    "a recipient's key pair opens what is sealed");

static int
print_key(const struct admin *admin, const char *public_text)
{
	struct json_out *out;
	int rc;

	if (!admin->is_json)
		return (puts(public_text) != EOF ? 0 : -1);
	out = json_out_object();
	json_out_text(out, "public_key", public_text);
	rc = json_out_print(out);
	json_out_free(out);
	return (rc);
}

enum admin_rc
admin_recipient_create(const struct admin *admin)
{
	char public_text[RECIPIENT_TEXT_LEN + 1];

	if (secret_init() == -1 ||
	    recipient_create(admin->file, public_text) == -1)
		return (ADMIN_FAILED);
	if (print_key(admin, public_text) == 0 && admin_flush())
		return (ADMIN_DONE);
	/* Nobody can have sealed anything to a key that nobody has seen. */
	if (unlink(admin->file) == 0)
		log_error("%s is removed again, for its public key could not "
		    "be printed", admin->file);
	return (ADMIN_FAILED);
}

enum admin_rc
admin_recipient_public_key(const struct admin *admin)
{
	char text[SEALED_KEY_TEXT_LEN + 1];
	unsigned char *identity;

	if (secret_init() == -1 ||
	    (identity = recipient_load(admin->file)) == NULL)
		return (ADMIN_FAILED);
	sealed_show_key(text, identity);
	secret_free(identity);
	return (print_key(admin, text) == 0 ? ADMIN_DONE : ADMIN_FAILED);
}

/* All of standard input. */
static int
read_input(struct buf *input)
{
	char piece[BUFSIZ];
	size_t n;

	while ((n = fread(piece, 1, sizeof piece, stdin)) > 0)
		buf_put(input, piece, n);
	if (ferror(stdin) == 0 && buf_text(input) != NULL)
		return (0);
	log_error("standard input cannot be read, or it is more than any "
	    "answer of strongroom");
	return (-1);
}

/* The text in an answer of the service, or in its data. */
static int
read_answer(const struct buf *input, struct buf *text)
{
	struct json_doc doc = { 0 };
	uint32_t node = 0, data;

	if (json_check(&doc, input->data, input->len) == JSON_OK) {
		data = json_member(&doc, 0, "data");
		node = json_member(&doc, data, "sealed");
	}
	if (node != 0 && doc.node[node].type == JSON_STRING)
		json_decode(&doc, node, text);
	json_doc_fini(&doc);
	return (text->len > 0 && !text->failed ? 0 : -1);
}

/* The sealed text in the input: an answer, or the text itself in a line. */
static int
read_sealed(const struct buf *input, struct buf *text)
{
	static const char blanks[] = " \t\r\n";
	size_t start = strspn(input->data, blanks);
	size_t len = strcspn(input->data + start, blanks);

	if (input->data[start] != '{') {
		if (start + len + strspn(input->data + start + len, blanks) ==
		    input->len)
			buf_put(text, input->data + start, len);
	} else if (read_answer(input, text) == -1) {
		buf_reset(text, 0);
	}
	if (text->len > 0)
		return (0);
	log_error("that is not what auth_data/sealed answers, nor the sealed "
	    "text in it");
	return (-1);
}

/* What it holds, but for what its length was hidden with. */
static int
print_opened(const struct buf *plain)
{
	size_t len = plain->len;

	while (len > 0 && plain->data[len - 1] == ' ')
		len--;
	return (admin_print_bytes(plain->data, len));
}

enum admin_rc
admin_recipient_open(const struct admin *admin)
{
	enum admin_rc result = ADMIN_FAILED;
	struct buf input, text, plain;
	unsigned char *identity = NULL;

	buf_init(&input, INPUT_MAX);
	buf_init(&text, INPUT_MAX);
	buf_init(&plain, INPUT_MAX);
	if (secret_init() == 0 &&
	    (identity = recipient_load(admin->file)) != NULL &&
	    read_input(&input) == 0 && read_sealed(&input, &text) == 0 &&
	    sealed_open(identity, text.data, text.len, &plain) == 0 &&
	    print_opened(&plain) == 0)
		result = ADMIN_DONE;
	secret_free(identity);
	buf_fini(&plain);
	buf_fini(&text);
	buf_fini(&input);
	return (result);
}
