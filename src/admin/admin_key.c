/*
 * strongroom key: the life of API keys.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "admin/admin_key.h"
#include "admin/admin_rows.h"
#include "admin/admin_table.h"
#include "ground/log.h"
#include "ground/scope.h"
#include "ground/words.h"
#include "secrets/secret.h"

static const char *const key_head[] = { "ID", "USER", "NAME", "SCOPES",
    "TYPES", "CREATED", "EXPIRES", "REVOKED", "LAST USED" };
enum { KEY_COLUMNS = sizeof key_head / sizeof key_head[0],
    US_PER_S = 1000000 };

/* A hundred years are long enough, and far from year 9999. */
static const uint64_t longest_s = 36525 * UINT64_C(86400);

/* Read --scopes and --types; false: usage is told. */
static bool
read_words(const struct admin *admin, struct store_key *key)
{
	key->scopes = SCOPES_DEFAULT;
	if (admin->scopes != NULL &&
	    !words_read(&key->scopes, scope_words, admin->scopes)) {
		log_error("--scopes must be of save, read, reveal, verify, "
		    "admin, metrics, with commas between them");
		return (false);
	}
	key->types = WORDS_ALL;
	if (admin->types != NULL &&
	    !words_read(&key->types, integration_types, admin->types)) {
		log_error("--types must be of sentry, jira, linear, "
		    "confluence, slack, github, with commas between them");
		return (false);
	}
	return (true);
}

/* Check --user, and --expires if it is there; false: usage is told. */
static bool
check_owner(const struct admin *admin, struct store_key *key,
    char created_at[IDENT_TIME_LEN + 1], char expires_at[IDENT_TIME_LEN + 1])
{
	uint64_t seconds = 0;
	int64_t now_us;

	if (admin->user == NULL) {
		log_error("--user must be given");
		return (false);
	}
	if (admin->name != NULL && !admin_is_name(admin->name)) {
		log_error("--name must be of 1 to 255 characters of UTF-8 "
		    "without control characters");
		return (false);
	}
	if (admin->expires != NULL &&
	    !admin_key_seconds(admin->expires, 1, longest_s, &seconds)) {
		log_error("--expires must be a number and s, m, h or d, as in "
		    "90d, and at most 36525d");
		return (false);
	}
	if (!read_words(admin, key))
		return (false);
	now_us = ident_now_us();
	ident_time(created_at, now_us);
	ident_time(expires_at, now_us + (int64_t)seconds * US_PER_S);
	key->user = admin->user;
	key->name = admin->name;
	key->created_at = created_at;
	key->expires_at = admin->expires != NULL ? expires_at : NULL;
	return (true);
}

static enum store_rc
run_add(struct store *store, struct key_change *change, const char *now)
{
	(void)now;
	return (store_key_add(store, change->hash, change->key));
}

/* Store key under the hash of text. */
static enum store_rc
add(const struct admin *admin, struct store *store, struct keeper *keeper,
    const char *text, const struct store_key *key)
{
	unsigned char hash[APIKEY_HASH_LEN];
	struct key_change what = { .action = "key_create", .run = run_add,
	    .hash = hash, .key = key };

	apikey_hash(hash, keeper_borrow(keeper), text, strlen(text));
	keeper_return(keeper);
	return (admin_key_change(admin, store, keeper, &what));
}

enum admin_rc
admin_key_create(const struct admin *admin)
{
	char public_id[APIKEY_PUBLIC_ID_LEN + 1], *text = NULL;
	char created_at[IDENT_TIME_LEN + 1], expires_at[IDENT_TIME_LEN + 1];
	struct store_key key = { .public_id = public_id };
	struct keeper *keeper = NULL;
	struct store *store = NULL;
	enum admin_rc opened;
	enum store_rc rc = STORE_CONFLICT;
	enum admin_rc result = ADMIN_FAILED;
	int i;

	if (!check_owner(admin, &key, created_at, expires_at))
		return (ADMIN_USAGE);
	opened = admin_open(admin, STORE_WRITE, &store, &keeper);
	if (opened != ADMIN_DONE)
		return (opened);
	if ((text = secret_alloc(APIKEY_LEN + 1)) == NULL)
		goto done;
	admin_key_outlive_signals();
	for (i = 0; rc == STORE_CONFLICT && i < KEY_DRAWS_MAX; i++) {
		apikey_make_public_id(public_id);
		apikey_make(text, public_id);
		rc = add(admin, store, keeper, text, &key);
	}
	if (rc == STORE_OK)
		result = admin_key_show(admin, store, keeper, text,
		    public_id);
done:
	secret_free(text);
	store_close(store);
	keeper_close(keeper);
	return (result);
}

/* Read one line from standard input into text; its end is not part of it. */
static bool
read_key(char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len + 1 < size && (n = read(STDIN_FILENO, text + len,
	    size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	if (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len > 0 && text[len - 1] == '\r')
		text[--len] = '\0';
	return (apikey_check(text, len) == APIKEY_OK);
}

enum admin_rc
admin_key_import(const struct admin *admin)
{
	enum { INPUT_MAX = APIKEY_FOREIGN_MAX + 4 };
	char public_id[APIKEY_PUBLIC_ID_LEN + 1], *text = NULL;
	char created_at[IDENT_TIME_LEN + 1], expires_at[IDENT_TIME_LEN + 1];
	struct store_key key = { .public_id = public_id };
	struct keeper *keeper = NULL;
	struct store *store = NULL;
	enum admin_rc opened;
	enum admin_rc result = ADMIN_FAILED;
	enum store_rc rc;

	if (!check_owner(admin, &key, created_at, expires_at))
		return (ADMIN_USAGE);
	if ((text = secret_alloc(INPUT_MAX)) == NULL)
		return (ADMIN_FAILED);
	if (!read_key(text, INPUT_MAX)) {
		log_error("a key to import has 16 to 512 printable ASCII "
		    "characters without space and comma, and if it begins "
		    "with srk_ it is one of strongroom's own");
		goto done;
	}
	opened = admin_open(admin, STORE_WRITE, &store, &keeper);
	if (opened != ADMIN_DONE) {
		result = opened;
		goto done;
	}
	apikey_make_public_id(public_id);
	rc = add(admin, store, keeper, text, &key);
	if (rc == STORE_CONFLICT)
		log_error("this key is here already");
	if (rc == STORE_OK && puts(public_id) != EOF && admin_flush())
		result = ADMIN_DONE;
	else if (rc == STORE_OK)
		log_error("the key is imported as %s, and is good, though "
		    "that could not be printed", public_id);
done:
	secret_free(text);
	store_close(store);
	keeper_close(keeper);
	return (result);
}

static int
list_json(void *cookie, const struct store_key *key)
{
	struct json_out *item = json_out_object();

	json_out_text(item, "public_id", key->public_id);
	json_out_text(item, "user", key->user);
	json_out_text(item, "name", key->name);
	json_out_words(item, "scopes", scope_words, key->scopes);
	json_out_words(item, "types", integration_types, key->types);
	json_out_text(item, "created_at", key->created_at);
	json_out_text(item, "expires_at", key->expires_at);
	json_out_text(item, "revoked_at", key->revoked_at);
	json_out_text(item, "last_used_at", key->last_used_at);
	json_out_text(item, "replaced_by", key->replaced_by);
	return (json_list_put(cookie, item));
}

static int
list_table(void *cookie, const struct store_key *key)
{
	table_add(cookie, key->public_id);
	table_add(cookie, key->user);
	table_add(cookie, key->name);
	table_add_words(cookie, scope_words, key->scopes);
	table_add_words(cookie, integration_types, key->types);
	table_add(cookie, key->created_at);
	table_add(cookie, key->expires_at);
	table_add(cookie, key->revoked_at);
	table_add(cookie, key->last_used_at);
	return (table_print_much(cookie));
}

enum admin_rc
admin_key_list(const struct admin *admin)
{
	enum admin_rc result = ADMIN_FAILED;
	struct json_list list = { 0 };
	struct store *store = NULL;
	enum admin_rc opened;
	struct table table;

	opened = admin_open(admin, STORE_READ, &store, NULL);
	if (opened != ADMIN_DONE)
		return (opened);
	table_init(&table, key_head, KEY_COLUMNS);
	if (admin->is_json) {
		if (admin_rows_of_keys(store, list_json, &list) == STORE_OK &&
		    json_list_end(&list, NULL) == 0)
			result = ADMIN_DONE;
	} else if (admin_rows_of_keys(store, list_table, &table) ==
	    STORE_OK && table_print(&table) == 0) {
		result = ADMIN_DONE;
	}
	table_fini(&table);
	store_close(store);
	return (result);
}

enum admin_rc
admin_key_revoke(const struct admin *admin)
{
	struct keeper *keeper = NULL;
	struct store *store = NULL;
	enum admin_rc opened;
	enum store_rc rc;

	opened = admin_open(admin, STORE_WRITE, &store, &keeper);
	if (opened != ADMIN_DONE)
		return (opened);
	rc = admin_key_revoke_id(admin, store, keeper, admin->id);
	store_close(store);
	keeper_close(keeper);
	if (rc == STORE_NOT_FOUND)
		log_error("there is no key %s", admin->id);
	return (rc == STORE_OK ? ADMIN_DONE :
	    rc == STORE_NOT_FOUND ? ADMIN_NOT_FOUND : ADMIN_FAILED);
}
