/*
 * Authentication by API key. The client learns that a key is invalid, the log
 * why. Refuses to know what the caller may do then.
 */
#include "config.h"

#include <string.h>

#include "secrets/apikey.h"
#include "service/auth.h"
#include "store/keycache.h"

static const char challenge[] = "WWW-Authenticate: ApiKey";

static enum call_rc
refuse(struct call *call, const char *detail, const char *reason)
{
	call->refusal = reason;
	reply_detail(&call->reply, 401, detail, challenge);
	return (CALL_ANSWERED);
}

static enum call_rc
refuse_invalid(struct call *call, const char *reason)
{
	return (refuse(call, "Invalid API key", reason));
}

static bool
is_expired(const struct store_found_key *key)
{
	char now[IDENT_TIME_LEN + 1];

	if (key->expires_at[0] == '\0')
		return (false);
	ident_time(now, ident_now_us());
	return (strcmp(now, key->expires_at) >= 0);
}

/* Look up a key of the right shape. */
static enum call_rc
find(struct call *call, const char *text)
{
	unsigned char hash[APIKEY_HASH_LEN];
	struct store *reader = call_reader(call);
	enum store_rc rc = STORE_UNAVAILABLE;

	apikey_hash(hash, keeper_borrow(call->app->keeper, 0), text);
	keeper_return(call->app->keeper);
	if (reader != NULL)
		rc = keycache_find(call->app->keycache, reader, hash,
		    &call->key);
	if (rc == STORE_NOT_FOUND)
		return (refuse_invalid(call, "unknown"));
	if (rc != STORE_OK) {
		call->key = (struct store_found_key){ 0 };
		call_drop_reader(call);
		reply_failure(&call->reply, 500,
		    "Database connection failed");
		return (CALL_ANSWERED);
	}
	if (call->key.is_revoked)
		return (refuse_invalid(call, "revoked"));
	if (is_expired(&call->key))
		return (refuse_invalid(call, "expired"));
	return (CALL_GOES_ON);
}

enum call_rc
auth_check(struct call *call)
{
	const struct http *http = &call->http;

	if (http->api_keys > 1)
		return (refuse_invalid(call, "repeated"));
	if (*http->api_key == '\0')
		return (refuse(call, "API key is required", "missing"));
	switch (apikey_check(http->api_key)) {
	case APIKEY_MALFORMED:
		return (refuse_invalid(call, "malformed"));
	case APIKEY_CHECKSUM:
		return (refuse_invalid(call, "checksum"));
	case APIKEY_OK:
		break;
	}
	return (find(call, http->api_key));
}
