/*
 * The subject of a row of the audit, as JSON. Refuses to know what is changed
 * and how it is chained.
 */
#include "config.h"

#include <string.h>

#include "body/json.h"
#include "body/trail.h"
#include "ground/log.h"

enum { SUBJECT_MAX = 16384 };	/* a user and an address take 8 KiB at most */

static void
put_text(struct buf *out, const char *before, const char *text)
{
	buf_puts(out, before);
	if (text == NULL || *text == '\0')
		buf_puts(out, "null");
	else
		json_put_string(out, text, strlen(text));
}

void
trail_init(struct trail *trail, const struct chain *chain, const char *action,
    const char *request_id, const struct trail_who *who)
{
	struct buf *out = &trail->subject;

	*trail = (struct trail){ .user = who->user };
	buf_init(out, SUBJECT_MAX);
	ident_time(trail->at, ident_now_us());
	trail->entry = (struct store_audit){
		.chain = chain, .at = trail->at, .action = action,
		.request_id = request_id, .salt = trail->salt,
		.digest = trail->digest
	};
	put_text(out, "{\"user\":", who->user);
	put_text(out, ",\"key\":", who->key);
	put_text(out, ",\"address\":", who->address);
	buf_puts(out, ",\"fields\":[");
}

void
trail_fini(struct trail *trail)
{
	buf_fini(&trail->subject);
}

void
trail_field(struct trail *trail, const char *name)
{
	if (trail->fields++ > 0)
		buf_putc(&trail->subject, ',');
	buf_putc(&trail->subject, '"');
	buf_puts(&trail->subject, name);
	buf_putc(&trail->subject, '"');
}

/* What was changed is told. */
static void
close_fields(struct trail *trail)
{
	if (!trail->has_all_fields)
		buf_putc(&trail->subject, ']');
	trail->has_all_fields = true;
}

static void
put_name(struct trail *trail, const char *name)
{
	close_fields(trail);
	buf_putc(&trail->subject, ',');
	buf_putc(&trail->subject, '"');
	buf_puts(&trail->subject, name);
	buf_puts(&trail->subject, "\":");
}

void
trail_text(struct trail *trail, const char *name, const char *text)
{
	put_name(trail, name);
	put_text(&trail->subject, "", text);
}

void
trail_number(struct trail *trail, const char *name, int64_t number)
{
	put_name(trail, name);
	buf_put_u64(&trail->subject, (uint64_t)number);
}

int
trail_end(struct trail *trail)
{
	struct store_audit *entry = &trail->entry;

	close_fields(trail);
	buf_putc(&trail->subject, '}');
	if ((entry->subject = buf_text(&trail->subject)) == NULL) {
		log_error("out of memory for the audit");
		return (-1);
	}
	chain_salt(trail->salt);
	chain_digest(trail->digest, trail->salt, entry->subject);
	if (trail->user != NULL)
		entry->owner = chain_owner(entry->chain, trail->user);
	return (0);
}
