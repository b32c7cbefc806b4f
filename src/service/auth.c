/*
 * Authentication by API key. The client learns that a key is invalid, the log
 * why. Refuses to know what the caller may do then.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "ground/integration.h"
#include "ground/words.h"
#include "secrets/apikey.h"
#include "service/auth.h"
#include "store/keycache.h"

static enum call_rc
forbid(struct call *call, const char *what, const char *word)
{
	char detail[64 + WORDS_TEXT_MAX];

	snprintf(detail, sizeof detail, "API key lacks the %s: %s", what,
	    word);
	call->refusal = what;
	reply_detail(&call->reply, 403, detail);
	return (CALL_ANSWERED);
}

static enum call_rc
refuse(struct call *call, const char *detail, const char *reason)
{
	call->refusal = reason;
	reply_detail(&call->reply, 401, detail);
	reply_header(&call->reply, "WWW-Authenticate", "ApiKey");
	return (CALL_ANSWERED);
}

enum call_rc
auth_refuse(struct call *call, const char *reason)
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

enum call_rc
auth_check(struct call *call)
{
	const struct http *http = &call->http;
	unsigned char hash[APIKEY_HASH_LEN];
	struct store *store = reader_store(call->reader);
	enum store_rc rc = STORE_UNAVAILABLE;

	/* What an earlier look has found is over. */
	call->first_use.is_due = false;
	apikey_hash(hash, keeper_borrow(call->app->keeper), http->api_key,
	    http->api_key_len);
	keeper_return(call->app->keeper);
	if (store != NULL)
		rc = keycache_find(call->app->keycache, store, hash,
		    &call->key);
	if (rc == STORE_NOT_FOUND)
		return (auth_refuse(call, "unknown"));
	if (rc != STORE_OK) {
		call->key = (struct store_found_key){ 0 };
		reader_drop(call->reader);
		reply_failure(&call->reply, 500,
		    "Database connection failed");
		return (CALL_ANSWERED);
	}
	if (call->key.is_revoked)
		return (auth_refuse(call, "revoked"));
	if (is_expired(&call->key))
		return (auth_refuse(call, "expired"));
	call->first_use.is_due = call->key.is_new;
	if (!call->key.is_new)
		keyuse_note(call->app->uses, call->key.public_id,
		    call->key.last_used_at);
	return (CALL_GOES_ON);
}

enum call_rc
auth_check_shape(struct call *call)
{
	const struct http *http = &call->http;

	if (http->api_keys > 1)
		return (auth_refuse(call, "repeated"));
	if (http->api_key_len == 0)
		return (refuse(call, "API key is required", "missing"));
	switch (apikey_check(http->api_key, http->api_key_len)) {
	case APIKEY_MALFORMED:
		return (auth_refuse(call, "malformed"));
	case APIKEY_CHECKSUM:
		return (auth_refuse(call, "checksum"));
	case APIKEY_OK:
		break;
	}
	return (CALL_GOES_ON);
}

enum call_rc
auth_check_scope(struct call *call, enum scope scope)
{
	char word[WORDS_TEXT_MAX];

	if ((call->key.scopes & (unsigned)scope) == (unsigned)scope)
		return (CALL_GOES_ON);
	words_write(word, scope_words, (unsigned)scope);
	return (forbid(call, "scope", word));
}

enum call_rc
auth_check_type(struct call *call, const char *type)
{
	if ((call->key.types & words_bit(integration_types, type)) != 0)
		return (CALL_GOES_ON);
	return (forbid(call, "type", type));
}

unsigned
auth_types(const struct call *call)
{
	unsigned known = words_known(integration_types);

	return ((call->key.types & known) == known ? WORDS_ALL :
	    call->key.types);
}

enum call_rc
auth_check_types(struct call *call, unsigned types)
{
	unsigned lacks = types & ~auth_types(call);
	const char *const *type;

	for (type = integration_types; *type != NULL; type++, lacks >>= 1)
		if ((lacks & 1) != 0)
			return (forbid(call, "type", *type));
	return (CALL_GOES_ON);
}
