/*
 * strongroom audit prune: what the worker does once a day, at once.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "body/audit_prune.h"
#include "ground/log.h"
#include "store/store_upkeep.h"

enum { LOG_BYTES = 4 << 20 };

/* Some at a time, so that nobody waits for long. */
static bool
prune_all(const struct admin *admin, struct store *store,
    struct audit_prune *prune, int64_t *rows)
{
	while (!prune->is_done) {
		if (admin_begin(admin, store) != STORE_OK)
			return (false);
		if (audit_prune_run(store, prune) != STORE_OK) {
			store_rollback(store);
			return (false);
		}
		if (store_commit(store) != STORE_OK)
			return (false);
		*rows += prune->rows;
		/* Nobody else might, where there is only CGI. */
		store_checkpoint(store, LOG_BYTES, STORE_LOG_KEEP);
	}
	return (true);
}

static int
print_rows(const struct admin *admin, const struct audit_prune *prune,
    int64_t rows)
{
	struct json_out *out;
	int rc;

	if (!admin->is_json)
		return (printf("%" PRId64 " rows from before %s were pruned\n",
		    rows, prune->before) < 0 ? -1 : 0);
	out = json_out_object();
	json_out_number(out, "pruned", (long)rows);
	json_out_text(out, "before", prune->before);
	rc = json_out_print(out);
	json_out_free(out);
	return (rc);
}

enum admin_rc
admin_audit_prune(const struct admin *admin)
{
	enum admin_rc result = ADMIN_FAILED;
	struct keeper *keeper = NULL;
	struct store *store = NULL;
	struct chain *chain = NULL;
	struct audit_prune prune;
	enum admin_rc opened;
	int64_t rows = 0;

	if (admin->conf.audit_days == 0) {
		log_error("audit_days is 0 in the configuration: the audit is "
		    "kept for ever");
		return (ADMIN_FAILED);
	}
	opened = admin_open(admin, STORE_WRITE, &store, &keeper);
	if (opened != ADMIN_DONE)
		return (opened);
	if ((chain = chain_new(keeper)) != NULL) {
		audit_prune_init(&prune, chain, admin->conf.audit_days);
		if (prune_all(admin, store, &prune, &rows) &&
		    print_rows(admin, &prune, rows) == 0)
			result = ADMIN_DONE;
	}
	chain_free(chain);
	store_close(store);
	keeper_close(keeper);
	return (result);
}
