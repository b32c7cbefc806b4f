/*
 * The integration that a path names, for whom asks: what is not his is not
 * there, and it takes as long to say so.
 */
#include "config.h"

#include "ground/log.h"
#include "secrets/vault.h"
#include "service/find.h"

struct store_asker
find_asker(const struct call *call)
{
	return ((struct store_asker){ .user = call->key.user,
	    .types = call->key.types });
}

void
find_id(const struct call *call, char id[IDENT_UUID_LEN + 1])
{
	if (!ident_read_uuid(id, call->param, call->param_len))
		id[0] = '\0';
}

enum call_rc
find_nothing(struct call *call)
{
	reply_detail(&call->reply, 404, "Integration not found");
	return (CALL_ANSWERED);
}

enum call_rc
find_failed(struct call *call)
{
	reader_drop(call->reader);
	reply_failure(&call->reply, 500, "Database connection failed");
	return (CALL_ANSWERED);
}

enum call_rc
find_integration(struct call *call, unsigned columns, struct arena *arena,
    struct integration *row)
{
	struct store_asker asker = find_asker(call);
	struct store *store = reader_store(call->reader);
	char id[IDENT_UUID_LEN + 1];
	enum store_rc rc = STORE_UNAVAILABLE;

	find_id(call, id);
	if (store != NULL)
		rc = store_find(store, &asker, id, columns, arena, row);
	if (rc == STORE_NOT_FOUND)
		return (find_nothing(call));
	if (rc != STORE_OK)
		return (find_failed(call));
	if (room_take(&call->room, arena->taken))
		return (CALL_GOES_ON);
	arena_fini(arena);
	return (CALL_HELD);
}

enum call_rc
find_whether(struct call *call)
{
	struct arena arena = { 0 };
	struct integration row;
	enum call_rc rc = find_integration(call, 0, &arena, &row);

	arena_fini(&arena);
	return (rc);
}

static enum call_rc
open_box(struct call *call, const struct integration *row, struct buf *plain)
{
	const struct vault_row owner = { row->created_by,
	    row->unique_identifier };

	buf_init(plain, row->auth_data_len + sizeof "null");
	if (row->auth_data == NULL) {
		buf_puts(plain, "null");
		if (!plain->failed)
			return (CALL_GOES_ON);
		log_error("out of memory while revealing");
		return (CALL_FAILED);
	}
	switch (vault_open_kept(call->app->keeper, &owner, row->auth_data,
	    row->auth_data_len, plain)) {
	case VAULT_OK:
		return (CALL_GOES_ON);
	case VAULT_REFUSED:
		log_error("the box of integration %s does not open; see "
		    "strongroom check", row->integration_id);
		return (CALL_FAILED);
	default:
		log_error("out of memory while opening a box");
		return (CALL_FAILED);
	}
}

enum call_rc
find_opened(struct call *call, struct arena *arena, struct integration *row,
    struct buf *plain)
{
	enum call_rc rc = find_integration(call, STORE_BOX, arena, row);

	return (rc == CALL_GOES_ON ? open_box(call, row, plain) : rc);
}
