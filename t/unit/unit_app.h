#ifndef UNIT_APP_H
#define UNIT_APP_H

/* For tests that drive an application by one request after the other. */
#include "ground/scope.h"
#include "ground/words.h"
#include "service/app.h"
#include "unit/unit_store.h"

enum { UNIT_MAX_BODY = 4096, UNIT_BUSY_MS = 100 };

static const char unit_save_path[] = "/api/v2/integrations/save";
static const char unit_owner[] = "user@example.com";

#define UNIT_GOOD "{\"name\":\"n\",\"integration_type\":\"jira\"," \
	"\"unique_identifier\":\"a\",\"auth_data\":{\"access_token\":" \
	"\"canary-token\" , \"x\":1E400}}"

/* An application with one good key, and a call. */
struct unit_house {
	struct app app;
	struct reader reader;
	struct call call;
	char key[APIKEY_LEN + 1];
};

/* Add a key of owner for scopes; revoked_at NULL: it is not revoked. */
static inline void
unit_add_key_for(struct unit_house *house, unsigned scopes,
    char key[APIKEY_LEN + 1], const char *expires_at, const char *revoked_at)
{
	struct store *store = writer_store(house->app.writer);
	unsigned char hash[APIKEY_HASH_LEN];
	char id[APIKEY_PUBLIC_ID_LEN + 1];
	const struct store_key row = { .public_id = id, .user = unit_owner,
	    .scopes = scopes, .types = WORDS_ALL,
	    .created_at = "2024-01-15T10:30:00.000000",
	    .expires_at = expires_at };

	apikey_make_public_id(id);
	apikey_make(key, id);
	apikey_hash(hash, keeper_borrow(house->app.keeper), key, APIKEY_LEN);
	keeper_return(house->app.keeper);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_key_add(store, hash, &row), STORE_OK);
	if (revoked_at != NULL)
		ck_assert_int_eq(store_key_revoke(store, id, revoked_at),
		    STORE_OK);
	ck_assert_int_eq(store_commit(store), STORE_OK);
}

/* The same for what a key is for that was made without a word about it. */
static inline void
unit_add_key(struct unit_house *house, char key[APIKEY_LEN + 1],
    const char *expires_at, const char *revoked_at)
{
	unit_add_key_for(house, SCOPES_DEFAULT, key, expires_at, revoked_at);
}

static inline struct conf
unit_conf(void)
{
	return ((struct conf){ .database = strdup(unit_database),
	    .master_key_file = strdup(unit_key_file), .max_connections = 16,
	    .max_body = UNIT_MAX_BODY,
	    .busy_timeout_ms = UNIT_BUSY_MS });
}

static inline void
unit_begin(struct unit_house *house)
{
	struct conf conf = unit_conf();

	keyring_free(unit_create());
	ck_assert_int_eq(app_open(&house->app, &conf), APP_OK);
	ck_assert_ptr_null(conf.database);
	unit_add_key(house, house->key, NULL, NULL);
	reader_init(&house->reader, &house->app, NULL);
	call_init(&house->call, &house->app, &house->reader);
}

static inline void
unit_end(struct unit_house *house)
{
	call_fini(&house->call);
	reader_fini(&house->reader);
	app_close(&house->app);
}

/* The request bears that key. */
static inline void
unit_bear(struct http *http, const char *key)
{
	http->api_key = key;
	http->api_key_len = strlen(key);
	http->api_keys = 1;
}

/* Fill in the request for a save with the good key, all else to be changed. */
static inline struct http *
unit_ask(struct unit_house *house, const char *body)
{
	struct http *http = &house->call.http;

	call_reset(&house->call);
	http->method = "POST";
	http->path = unit_save_path;
	http->content_type = "application/json";
	unit_bear(http, house->key);
	http_add_body(http, body, strlen(body));
	return (http);
}

/* In a turn of its own. */
static inline void
unit_serve(struct call *call)
{
	reader_turn(call->reader);
	app_admit(call);
	app_serve(call);
}

/*
 * A step is over; be the reader, as long as one is waited for. Whether the
 * request is answered.
 */
static inline bool
unit_read(struct call *call, bool is_answered)
{
	while (!is_answered && call->is_reading) {
		reader_run(call->reader, call->job);
		is_answered = app_end(call);
	}
	return (is_answered);
}

/* The request is answered by that status and body. */
static inline void
unit_answers(struct unit_house *house, int status, const char *body)
{
	struct reply *reply = &house->call.reply;

	unit_serve(&house->call);
	ck_assert_msg(reply->status == status, "%d: %s", reply->status,
	    buf_text(&reply->body));
	ck_assert_str_eq(buf_text(&reply->body), body);
	ck_assert_uint_eq(strlen(house->call.request_id), IDENT_UUID_LEN);
}

/* The bodies of answers; loc is what follows "body". */
#define UNIT_DETAIL(text) "{\"detail\":\"" text "\"}"
#define UNIT_FAULT(loc, msg, type) "{\"detail\":[{\"loc\":[\"body\"" loc \
	"],\"msg\":\"" msg "\",\"type\":\"" type "\"}]}"
#define UNIT_MISSING(loc) UNIT_FAULT(loc, "field required", \
	"value_error.missing")
#define UNIT_NO_DICT UNIT_FAULT("", "value is not a valid dict", \
	"type_error.dict")
#define UNIT_FAILURE(reason) "{\"success\":false,\"data\":null,\"error\":" \
	"\"Failed to save integration: " reason "\"}"

#endif
