/*
 * wal_peer DATABASE: a process that works on a database by the service's own
 * functions, as lines on standard input tell it. "save NAME" saves a row in a
 * transaction of its own; "checkpoint" brings the log in; each answers "ok" or
 * the number of what went wrong, on standard output.
 */
#include <stdio.h>
#include <string.h>

#include "ground/conf.h"
#include "ground/ident.h"
#include "store/store_upkeep.h"

enum { WAIT_MS = 5000, ROOM = 20000 };

static enum store_rc
save(struct store *store, const char *name)
{
	static char metadata[ROOM];
	char id[IDENT_UUID_LEN + 1], now[IDENT_TIME_LEN + 1];
	struct store_save save = { .is_generated = true };
	struct integration *row = &save.row;
	enum store_rc rc;

	memset(metadata, ' ', sizeof metadata - 1);
	memcpy(metadata, "{}", 2);
	if (ident_uuid7(id, ident_now_us()) == -1)
		return (STORE_ROW_FAILED);
	ident_time(now, ident_now_us());
	*row = (struct integration){ .integration_id = id,
	    .created_by = "peer", .unique_identifier = name, .name = name,
	    .integration_type = integration_types[0],
	    .status = integration_statuses[0], .created_at = now,
	    .updated_at = now, .metadata = metadata };
	if ((rc = store_begin(store, WAIT_MS)) != STORE_OK)
		return (rc);
	if ((rc = store_save(store, &save)) == STORE_OK)
		return (store_commit(store));
	store_rollback(store);
	return (rc);
}

int
main(int argc, char **argv)
{
	struct store_conf conf = { .path = argc > 1 ? argv[1] : "",
	    .busy_timeout_ms = WAIT_MS, .journal_mode = CONF_JOURNAL_WAL };
	struct store *store = NULL;
	enum store_rc rc;
	char line[200], name[100];

	if (store_open(&store, &conf, STORE_WRITE) != STORE_OK)
		return (1);
	while (fgets(line, sizeof line, stdin) != NULL) {
		rc = STORE_OK;
		if (sscanf(line, "save %99s", name) == 1)
			rc = save(store, name);
		else
			store_checkpoint(store, 0, STORE_LOG_KEEP);
		if (rc == STORE_OK)
			puts("ok");
		else
			printf("%d\n", (int)rc);
		fflush(stdout);
	}
	store_close(store);
	return (0);
}
