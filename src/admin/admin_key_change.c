/*
 * What the commands for API keys have in common: one transaction, with its line
 * in the audit; and that a new key is seen, or is no good.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "admin/admin_key.h"
#include "admin/admin_trail.h"
#include "ground/log.h"
#include "ground/number.h"

bool
admin_key_seconds(const char *text, uint64_t low, uint64_t high,
    uint64_t *seconds)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t len = strlen(text), i;
	uint64_t number;
	char digits[16];

	if (len < 2 || len > sizeof digits)
		return (false);
	memcpy(digits, text, len - 1);
	digits[len - 1] = '\0';
	for (i = 0; i < sizeof units / sizeof units[0]; i++)
		if (units[i].letter == text[len - 1])
			break;
	if (i == sizeof units / sizeof units[0] || number_parse(digits, 0,
	    high / units[i].seconds, &number) == -1)
		return (false);
	*seconds = number * units[i].seconds;
	return (*seconds >= low);
}

/* In the transaction: the change, then its line. */
static enum store_rc
make(struct store *store, struct key_change *change, struct trail *trail)
{
	enum store_rc rc = change->run(store, change, trail->at);

	return (rc == STORE_OK ? store_audit_add(store, &trail->entry) : rc);
}

enum store_rc
admin_key_change(const struct admin *admin, struct store *store,
    struct keeper *keeper, struct key_change *change)
{
	char request_id[IDENT_UUID_LEN + 1];
	enum store_rc rc = STORE_UNAVAILABLE;
	struct chain *chain = chain_new(keeper);
	struct trail trail;

	if (chain == NULL)
		return (rc);
	if (admin_trail(&trail, chain, change->action, request_id,
	    change->key->user) == -1)
		goto done;
	trail_text(&trail, "api_key", change->key->public_id);
	if (change->rotation != NULL)
		trail_text(&trail, "replaced_by", change->rotation->new_id);
	if (trail_end(&trail) == -1 ||
	    (rc = admin_begin(admin, store)) != STORE_OK)
		goto done;
	if ((rc = make(store, change, &trail)) == STORE_OK)
		rc = store_commit(store);
	else
		store_rollback(store);
done:
	trail_fini(&trail);
	chain_free(chain);
	return (rc);
}

static enum store_rc
run_revoke(struct store *store, struct key_change *change, const char *now)
{
	return (store_key_revoke(store, change->key->public_id, now));
}

enum store_rc
admin_key_revoke_id(const struct admin *admin, struct store *store,
    struct keeper *keeper, const char *public_id)
{
	struct key_change change = { .action = "key_revoke",
	    .run = run_revoke };
	struct arena arena = { 0 };
	struct store_key key;
	enum store_rc rc;

	rc = store_operator_key(store, public_id, &arena, &key);
	change.key = &key;
	if (rc == STORE_OK && key.revoked_at == NULL)
		rc = admin_key_change(admin, store, keeper, &change);
	arena_fini(&arena);
	return (rc);
}

static void
wake(int sig)
{
	(void)sig;
}

void
admin_key_outlive_signals(void)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	const struct sigaction action = { .sa_handler = wake };
	struct sigaction was;
	size_t i;

	for (i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (sigaction(ends[i], NULL, &was) == 0 &&
		    was.sa_handler == SIG_DFL)
			(void)sigaction(ends[i], &action, NULL);
}

enum admin_rc
admin_key_show(const struct admin *admin, struct store *store,
    struct keeper *keeper, const char *text, const char *public_id)
{
	(void)puts(text);
	if (admin_flush())
		return (ADMIN_DONE);
	if (admin_key_revoke_id(admin, store, keeper, public_id) == STORE_OK)
		log_error("key %s could not be shown and is revoked again",
		    public_id);
	else
		log_error("key %s could not be shown and is good all the "
		    "same: run strongroom key revoke %s", public_id,
		    public_id);
	return (ADMIN_FAILED);
}
