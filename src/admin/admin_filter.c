/*
 * Which integrations are asked for, by the options of the command line: those
 * that a request has for its list.
 */
#include "config.h"

#include <string.h>

#include "admin/admin_filter.h"
#include "body/json.h"
#include "ground/log.h"
#include "ground/moment.h"
#include "ground/token_state.h"
#include "ground/words.h"

enum { TAG_MAX = 1 << 20 };

static const char *const yes_or_no[] = { "yes", "no", NULL };

/* A word, if one is given, has to be one of a list. */
static bool
is_one_of(const char *option, const char *const *list, const char *word)
{
	char words[WORDS_TEXT_MAX];

	if (word == NULL || words_bit(list, word) != 0)
		return (true);
	words_write(words, list, WORDS_ALL);
	log_error("--%s is one of %s", option, words);
	return (false);
}

/* Only those before a moment, if one is given. */
static bool
end_expiry(struct store_filter *filter, const char *text)
{
	char until[IDENT_TIME_LEN + 1];
	int64_t at_us;

	if (text == NULL)
		return (true);
	if (!moment_read(text, strlen(text), &at_us)) {
		log_error("--expires-before is a moment: 2030-01-31T12:00:00Z, "
		    "or Unix seconds");
		return (false);
	}
	moment_write(until, at_us);
	if (filter->expires_until[0] == '\0' ||
	    strcmp(until, filter->expires_until) < 0)
		memcpy(filter->expires_until, until, sizeof until);
	return (true);
}

static void
set_state(struct store_filter *filter, const struct admin *admin)
{
	struct token_range range;

	if (admin->token_state == NULL)
		return;
	filter->has_no_expiry = strcmp(admin->token_state,
	    token_state_unknown) == 0;
	if (filter->has_no_expiry)
		return;
	range = token_state_range(admin->token_state, ident_now_us(),
	    (unsigned)admin->conf.expiring_days);
	memcpy(filter->expires_from, range.from, sizeof range.from);
	memcpy(filter->expires_until, range.until, sizeof range.until);
}

enum admin_rc
admin_filter_init(struct admin_filter *to, const struct admin *admin)
{
	const char *active = admin->active;

	*to = (struct admin_filter){ .filter = {
	    .integration_type = admin->type,
	    .status = admin->status,
	    .unique_identifier = admin->identifier,
	    .org_slug = admin->org_slug,
	    .workspace_id = admin->workspace_id,
	    .q = admin->q,
	    .is_active = active != NULL && strcmp(active, "yes") == 0,
	    .is_inactive = active != NULL && strcmp(active, "no") == 0 } };
	if (!is_one_of("type", integration_types, admin->type) ||
	    !is_one_of("status", integration_statuses, admin->status) ||
	    !is_one_of("active", yes_or_no, active) ||
	    !is_one_of("token-state", token_states, admin->token_state))
		return (ADMIN_USAGE);
	set_state(&to->filter, admin);
	if (!end_expiry(&to->filter, admin->expires_before))
		return (ADMIN_USAGE);
	buf_init(&to->tag, TAG_MAX);
	if (admin->tag == NULL)
		return (ADMIN_DONE);
	json_put_string(&to->tag, admin->tag, strlen(admin->tag));
	to->filter.tag = buf_text(&to->tag);
	if (to->filter.tag != NULL)
		return (ADMIN_DONE);
	log_error("out of memory for --tag");
	return (ADMIN_FAILED);
}

void
admin_filter_fini(struct admin_filter *filter)
{
	buf_fini(&filter->tag);
}
