/*
 * strongroom migrate: an older database for this program, and a copy of what
 * it was; and what is not in its rows but in their boxes.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/admin_backfill.h"
#include "ground/ident.h"
#include "ground/log.h"
#include "store/store_upkeep.h"

/* DATABASE.schema-VERSION-TIME: a killed migration leaves its own behind. */
static char *
backup_name(const struct admin *admin, int version)
{
	size_t size = strlen(admin->conf.database) + 64;
	char now[IDENT_TIME_LEN + 1], *name = malloc(size), *p;

	if (name == NULL) {
		log_error("out of memory");
		return (NULL);
	}
	ident_time(now, ident_now_us());
	snprintf(name, size, "%s.schema-%d-%s", admin->conf.database, version,
	    now);
	/* Colons are trouble in names. */
	for (p = name + strlen(admin->conf.database); *p != '\0'; p++)
		if (*p == ':')
			*p = '.';
	return (name);
}

/* Bring the schema up to date, with a copy beside it. */
static enum admin_rc
upgrade(const struct admin *admin)
{
	enum admin_rc result = ADMIN_FAILED;
	struct store *store = NULL;
	char *backup = NULL;
	int has, wants;
	enum store_rc rc;

	if (store_open(&store, &admin->store, STORE_UPGRADE) != STORE_OK)
		return (ADMIN_FAILED);
	if (store_schema(store, &has, &wants) != STORE_OK)
		goto done;
	if (has == wants) {
		log_info("database %s has schema %d already",
		    admin->conf.database, has);
		result = ADMIN_DONE;
		goto done;
	}
	if ((backup = backup_name(admin, has)) == NULL ||
	    store_backup(store, backup) != STORE_OK)
		goto done;
	log_info("a copy with schema %d is in %s", has, backup);
	rc = store_upgrade(store, admin->store.busy_timeout_ms);
	if (rc == STORE_BUSY)
		store_complain_busy(log_error, admin->store.busy_timeout_ms);
	if (rc != STORE_OK) {
		log_error("database %s still has schema %d",
		    admin->conf.database, has);
		goto done;
	}
	log_info("database %s now has schema %d: restart the service",
	    admin->conf.database, wants);
	result = ADMIN_DONE;
done:
	free(backup);
	store_close(store);
	return (result);
}

enum admin_rc
admin_migrate(const struct admin *admin)
{
	enum admin_rc result = upgrade(admin);

	return (result == ADMIN_DONE ? admin_backfill(admin) : result);
}
