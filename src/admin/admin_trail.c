/*
 * The operator's rows in the audit: no API key and no address stand in them.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "admin/admin_trail.h"
#include "ground/log.h"

int
admin_trail(struct trail *trail, const struct chain *chain,
    const char *action, char request_id[IDENT_UUID_LEN + 1], const char *user)
{
	int rc = ident_uuid7(request_id, ident_now_us());

	trail_init(trail, chain, action, request_id,
	    &(struct trail_who){ .user = user });
	if (rc == -1)
		log_error("the system gives no random bytes");
	return (rc);
}

enum store_rc
admin_trail_master_key(struct store *store, const struct chain *chain,
    const char *action, uint32_t key_id, const char *state)
{
	char request_id[IDENT_UUID_LEN + 1], id[16];
	enum store_rc rc = STORE_UNAVAILABLE;
	struct trail trail;

	snprintf(id, sizeof id, "%08" PRIx32, key_id);
	if (admin_trail(&trail, chain, action, request_id, NULL) == 0) {
		trail_text(&trail, "master_key", id);
		trail_text(&trail, "state", state);
		if (trail_end(&trail) == 0)
			rc = store_audit_add(store, &trail.entry);
	}
	trail_fini(&trail);
	return (rc);
}
