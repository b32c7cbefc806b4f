/*
 * Reading an integration: its row and what is known of its use. What is sealed
 * stays so.
 */
#include "config.h"

#include "ground/scope.h"
#include "secrets/print.h"
#include "service/find.h"
#include "service/h_read.h"

/* Only for who may compare secrets or see them: others could guess by it. */
static bool
may_see_print(const struct call *call)
{
	return ((call->key.scopes & (SCOPE_VERIFY | SCOPE_REVEAL)) != 0);
}

/* What is shown of what is sealed; empty: nothing is. */
static void
show_print(const struct call *call, const struct integration *row,
    char fingerprint[PRINT_TEXT_LEN + 1])
{
	fingerprint[0] = '\0';
	if (row->auth_print == NULL)
		return;
	print_show(fingerprint, keeper_borrow(call->app->keeper),
	    row->integration_id, row->auth_print);
	keeper_return(call->app->keeper);
}

enum call_rc
h_read_reply(struct call *call, const struct integration *row)
{
	struct store *store = reader_store(call->reader);
	char fingerprint[PRINT_TEXT_LEN + 1] = "";
	struct store_use use;

	if (store == NULL ||
	    store_use(store, row->integration_id, &use) != STORE_OK)
		return (find_failed(call));
	if (may_see_print(call))
		show_print(call, row, fingerprint);
	reply_read(&call->reply, row, &use, fingerprint,
	    (unsigned)call->app->conf.expiring_days);
	return (CALL_ANSWERED);
}

void
h_read_put(const struct call *call, const struct integration *row,
    const struct store_use *use, struct buf *out)
{
	char fingerprint[PRINT_TEXT_LEN + 1];

	show_print(call, row, fingerprint);
	reply_put_pieces(out, row, use, fingerprint,
	    (unsigned)call->app->conf.expiring_days);
}

enum call_rc
h_read(struct call *call)
{
	struct arena arena = { 0 };
	struct integration row;
	enum call_rc rc;

	rc = find_integration(call, STORE_DATA, &arena, &row);
	if (rc == CALL_GOES_ON)
		rc = h_read_reply(call, &row);
	arena_fini(&arena);
	return (rc);
}
