#ifndef UNIT_REVEAL_H
#define UNIT_REVEAL_H

/* For tests of what hands auth_data out, or compares with it. */
#include "unit/unit_app.h"

enum { UNIT_PATH_MAX = 128 };

/* A house with an integration that has secrets, and a key for all scopes. */
struct unit_vault {
	struct unit_house house;
	char id[IDENT_UUID_LEN + 1];
	char path[UNIT_PATH_MAX];
};

/* Save; the id of what was saved. */
static inline void
unit_vault_save(struct unit_vault *vault, const char *body)
{
	const char *id;

	(void)unit_ask(&vault->house, body);
	unit_serve(&vault->house.call);
	ck_assert_int_eq(vault->house.call.reply.status, 200);
	id = strstr(buf_text(&vault->house.call.reply.body),
	    "\"integration_id\":\"");
	ck_assert_ptr_nonnull(id);
	memcpy(vault->id, id + strlen("\"integration_id\":\""),
	    IDENT_UUID_LEN);
	vault->id[IDENT_UUID_LEN] = '\0';
}

static inline void
unit_vault_begin(struct unit_vault *vault)
{
	unit_begin(&vault->house);
	vault->house.app.conf.expiring_days = 7;
	unit_add_key_for(&vault->house, WORDS_ALL, vault->house.key, NULL,
	    NULL);
	unit_vault_save(vault, UNIT_GOOD);
}

static inline void
unit_vault_end(struct unit_vault *vault)
{
	unit_end(&vault->house);
}

/* Ask for something of the integration. */
static inline struct http *
unit_vault_ask(struct unit_vault *vault, const char *method, const char *what,
    const char *body)
{
	struct http *http = unit_ask(&vault->house, body);

	snprintf(vault->path, sizeof vault->path,
	    "/api/v2/integrations/%s/%s", vault->id, what);
	http->path = vault->path;
	http->method = method;
	return (http);
}

/* What is known of its use. */
static inline struct store_use
unit_vault_use(struct unit_vault *vault)
{
	struct store_use use;

	ck_assert_int_eq(store_use(writer_store(vault->house.app.writer),
	    vault->id, &use), STORE_OK);
	return (use);
}

static inline void
unit_vault_is_revealed(struct unit_vault *vault, int64_t times)
{
	ck_assert_int_eq(unit_vault_use(vault).reveal_count, times);
}

/* A request beside the call that is under way; it goes well. */
static inline void
unit_vault_beside(struct unit_vault *vault, const char *method,
    const char *path, const char *body)
{
	struct unit_house *house = &vault->house;
	struct call call;

	call_init(&call, &house->app, &house->reader);
	call.http.method = method;
	call.http.path = path;
	call.http.content_type = "application/json";
	unit_bear(&call.http, house->key);
	http_add_body(&call.http, body, strlen(body));
	unit_serve(&call);
	ck_assert_int_eq(call.reply.status, 200);
	call_fini(&call);
}

/* Save again with other secrets. */
static inline void
unit_vault_change(struct unit_vault *vault, const char *body)
{
	unit_vault_beside(vault, "POST", unit_save_path, body);
}

static inline void
unit_vault_delete(struct unit_vault *vault)
{
	char path[UNIT_PATH_MAX];

	snprintf(path, sizeof path, "/api/v2/integrations/%s", vault->id);
	unit_vault_beside(vault, "DELETE", path, "");
}

#endif
