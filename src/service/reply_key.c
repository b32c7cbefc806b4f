/*
 * API keys in answers, in the words of the contract. Decides nothing.
 */
#include "config.h"

#include <string.h>

#include "body/json.h"
#include "ground/scope.h"
#include "ground/words.h"
#include "service/reply_key.h"

/* A text, or null where there is none. */
static void
put_text(struct buf *out, const char *before, const char *text)
{
	buf_puts(out, before);
	if (text != NULL)
		json_put_string(out, text, strlen(text));
	else
		buf_puts(out, "null");
}

/* A set of words; null: all of them. */
static void
put_words(struct buf *out, const char *before, const char *const *list,
    unsigned set)
{
	const char *comma = "";

	buf_puts(out, before);
	if (set == WORDS_ALL) {
		buf_puts(out, "null");
		return;
	}
	buf_putc(out, '[');
	for (; *list != NULL; list++, set >>= 1) {
		if ((set & 1) == 0)
			continue;
		put_text(out, comma, *list);
		comma = ",";
	}
	buf_putc(out, ']');
}

void
reply_put_key(struct buf *out, const struct store_key *key)
{
	put_text(out, "\"user\":", key->user);
	put_text(out, ",\"public_id\":", key->public_id);
	put_text(out, ",\"name\":", key->name);
	put_words(out, ",\"scopes\":", scope_words, key->scopes);
	put_words(out, ",\"types\":", integration_types, key->types);
	put_text(out, ",\"created_at\":", key->created_at);
	put_text(out, ",\"expires_at\":", key->expires_at);
	put_text(out, ",\"revoked_at\":", key->revoked_at);
	put_text(out, ",\"last_used_at\":", key->last_used_at);
	put_text(out, ",\"replaced_by\":", key->replaced_by);
}

void
reply_key(struct reply *reply, const struct store_key *key, const char *text)
{
	struct buf *out = reply_open(reply);

	if (text != NULL) {
		put_text(out, "\"api_key\":", text);
		buf_putc(out, ',');
	}
	reply_put_key(out, key);
	reply_close(reply);
}
