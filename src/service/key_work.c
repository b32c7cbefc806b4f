/*
 * What the requests that change API keys have in common.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ground/log.h"
#include "service/audit.h"
#include "service/auth.h"
#include "service/find.h"
#include "service/key_work.h"

enum {
	NAME_MAX_BYTES = 255 * 4,
	DRAWS_MAX = 8			/* of 36^8 */
};

struct key_work *
key_work_new(struct call *call, enum store_rc (*run)(struct store *, void *))
{
	struct key_work *work = calloc(1, sizeof *work);

	if (work == NULL) {
		log_error("out of memory for an API key");
		return (NULL);
	}
	work->call = call;
	work->job = (struct writer_job){ .run = run, .cookie = work,
	    .touches_keys = true };
	buf_init(&work->name, NAME_MAX_BYTES + 1);
	key_target(call, work->id);
	return (work);
}

static void
work_free(struct key_work *work)
{
	arena_fini(&work->arena);
	trail_fini(&work->trail);
	buf_fini(&work->name);
	explicit_bzero(work->text, sizeof work->text);
	free(work);
}

enum call_rc
key_work_settle(struct call *call, struct key_work *work, enum call_rc rc)
{
	if (rc == CALL_WAITS) {
		call->work = work;
		call->job = &work->job;
	} else if (work != NULL) {
		work_free(work);
		call->work = NULL;
	}
	return (rc);
}

int
key_work_draw(struct key_work *work, const char *action)
{
	struct keeper *keeper = work->call->app->keeper;

	if (work->draws++ == DRAWS_MAX) {
		log_error("no public id is to be had for an API key");
		return (-1);
	}
	apikey_make_public_id(work->new_id);
	apikey_make(work->text, work->new_id);
	apikey_hash(work->hash, keeper_borrow(keeper), work->text,
	    APIKEY_LEN);
	keeper_return(keeper);
	trail_fini(&work->trail);
	audit_begin(&work->trail, work->call, action);
	return (0);
}

enum store_rc
key_work_read(struct key_work *work, struct store *store, const char *id)
{
	struct store_asker asker = find_asker(work->call);
	enum store_rc rc = store_key_own(store, &asker, id, &work->arena,
	    &work->key);

	return (rc == STORE_NOT_FOUND ? STORE_UNAVAILABLE : rc);
}

enum store_rc
key_work_check(struct key_work *work, struct store *store)
{
	struct store_asker asker = find_asker(work->call);
	struct arena arena = { 0 };
	struct store_key key;
	enum store_rc rc = store_key_own(store, &asker,
	    work->call->key.public_id, &arena, &key);

	if (rc == STORE_NOT_FOUND || (rc == STORE_OK &&
	    key.revoked_at != NULL))
		rc = STORE_LOST;
	arena_fini(&arena);
	return (rc);
}

enum call_rc
key_work_failed(struct call *call, enum store_rc rc)
{
	if (rc == STORE_LOST)
		return (auth_refuse(call, "revoked"));
	return (reply_store_failure(&call->reply, rc) ? CALL_ANSWERED :
	    CALL_FAILED);
}

void
key_target(const struct call *call, char id[APIKEY_PUBLIC_ID_LEN + 1])
{
	static const char self[] = "self";

	id[0] = '\0';
	if (call->param == NULL || (call->param_len == strlen(self) &&
	    memcmp(call->param, self, call->param_len) == 0)) {
		memcpy(id, call->key.public_id, sizeof call->key.public_id);
	} else if (call->param_len == APIKEY_PUBLIC_ID_LEN &&
	    apikey_is_public_id(call->param)) {
		memcpy(id, call->param, APIKEY_PUBLIC_ID_LEN);
		id[APIKEY_PUBLIC_ID_LEN] = '\0';
	}
}

enum call_rc
key_nothing(struct call *call)
{
	reply_detail(&call->reply, 404, "API key not found");
	return (CALL_ANSWERED);
}
