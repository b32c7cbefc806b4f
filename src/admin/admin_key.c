/*
 * strongroom key: the life of API keys.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "admin/admin_table.h"
#include "body/json.h"
#include "ground/log.h"
#include "ground/number.h"
#include "secrets/secret.h"

enum { USER_MAX = 255, PUBLIC_ID_TRIES = 8 };	/* code points; of 36^8 */

static const char *const key_head[] = { "ID", "USER", "NAME", "CREATED",
    "EXPIRES", "REVOKED" };
enum { KEY_COLUMNS = sizeof key_head / sizeof key_head[0] };

/* 1 to 255 code points of UTF-8 without control characters. */
static bool
is_user(const char *user)
{
	struct json_measure m;
	struct json_doc doc = { 0 };
	struct buf quoted;
	bool good = false;

	buf_init(&quoted, 8192);
	json_put_string(&quoted, user, strlen(user));
	/* The strict scan knows UTF-8; escapes show control characters. */
	if (!quoted.failed &&
	    json_check(&doc, quoted.data, quoted.len) == JSON_OK) {
		m = json_measure(&doc, 0, USER_MAX);
		good = m.code_points >= 1 && m.code_points <= USER_MAX;
	}
	for (; good && *user != '\0'; user++)
		good = table_control(user) == 0;
	json_doc_fini(&doc);
	buf_fini(&quoted);
	return (good);
}

/* Write the moment that is text (a number and s, m, h or d) from now. */
static bool
read_expiry(const char *text, char expires_at[IDENT_TIME_LEN + 1])
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t len = strlen(text), i;
	uint64_t number;
	char digits[16];

	if (len < 2 || len > sizeof digits)
		return (false);
	memcpy(digits, text, len - 1);
	digits[len - 1] = '\0';
	for (i = 0; i < sizeof units / sizeof units[0]; i++)
		if (units[i].letter == text[len - 1])
			break;
	/* A hundred years are long enough, and far from year 9999. */
	if (i == sizeof units / sizeof units[0] || number_parse(digits, 1,
	    36525 * 86400ULL / (uint64_t)units[i].seconds, &number) == -1)
		return (false);
	ident_time(expires_at, ident_now_us() +
	    (int64_t)number * units[i].seconds * 1000000);
	return (true);
}

/* Check --user, and --expires if it is there; false: usage is told. */
static bool
check_owner(const struct admin *admin, struct store_key *key,
    char created_at[IDENT_TIME_LEN + 1], char expires_at[IDENT_TIME_LEN + 1])
{
	if (admin->user == NULL || !is_user(admin->user)) {
		log_error("--user must be given, of 1 to 255 characters of "
		    "UTF-8 without control characters");
		return (false);
	}
	if (admin->name != NULL && !is_user(admin->name)) {
		log_error("--name must be of 1 to 255 characters of UTF-8 "
		    "without control characters");
		return (false);
	}
	if (admin->expires != NULL &&
	    !read_expiry(admin->expires, expires_at)) {
		log_error("--expires must be a number and s, m, h or d, as in "
		    "90d, and at most 36525d");
		return (false);
	}
	ident_time(created_at, ident_now_us());
	key->user = admin->user;
	key->name = admin->name;
	key->created_at = created_at;
	key->expires_at = admin->expires != NULL ? expires_at : NULL;
	return (true);
}

/* Store key under the hash of text, in a transaction of its own. */
static enum store_rc
add(const struct admin *admin, struct store *store,
    const struct keyring *keyring, const char *text,
    const struct store_key *key)
{
	unsigned char hash[APIKEY_HASH_LEN];
	enum store_rc rc;

	apikey_hash(hash, keyring, text);
	if ((rc = admin_begin(admin, store)) != STORE_OK)
		return (rc);
	if ((rc = store_key_add(store, hash, key)) == STORE_OK)
		return (store_commit(store));
	store_rollback(store);
	return (rc);
}

enum admin_rc
admin_key_create(const struct admin *admin)
{
	char public_id[APIKEY_PUBLIC_ID_LEN + 1], *text = NULL;
	char created_at[IDENT_TIME_LEN + 1], expires_at[IDENT_TIME_LEN + 1];
	struct store_key key = { .public_id = public_id };
	struct keyring *keyring = NULL;
	struct store *store = NULL;
	enum admin_rc opened;
	enum store_rc rc = STORE_CONFLICT;
	enum admin_rc result = ADMIN_FAILED;
	int i;

	if (!check_owner(admin, &key, created_at, expires_at))
		return (ADMIN_USAGE);
	opened = admin_open(admin, STORE_WRITE, &store, &keyring);
	if (opened != ADMIN_DONE)
		return (opened);
	if ((text = secret_alloc(APIKEY_LEN + 1)) == NULL)
		goto done;
	for (i = 0; rc == STORE_CONFLICT && i < PUBLIC_ID_TRIES; i++) {
		apikey_make_public_id(public_id);
		apikey_make(text, public_id);
		rc = add(admin, store, keyring, text, &key);
	}
	if (rc == STORE_OK && puts(text) != EOF && fflush(stdout) == 0)
		result = ADMIN_DONE;
	else if (rc == STORE_OK)
		log_error("key %s was made but could not be shown: revoke it",
		    public_id);
done:
	secret_free(text);
	store_close(store);
	keyring_free(keyring);
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
	return (apikey_check(text) == APIKEY_OK);
}

enum admin_rc
admin_key_import(const struct admin *admin)
{
	enum { INPUT_MAX = APIKEY_FOREIGN_MAX + 4 };
	char public_id[APIKEY_PUBLIC_ID_LEN + 1], *text = NULL;
	char created_at[IDENT_TIME_LEN + 1], expires_at[IDENT_TIME_LEN + 1];
	struct store_key key = { .public_id = public_id };
	struct keyring *keyring = NULL;
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
	opened = admin_open(admin, STORE_WRITE, &store, &keyring);
	if (opened != ADMIN_DONE) {
		result = opened;
		goto done;
	}
	apikey_make_public_id(public_id);
	rc = add(admin, store, keyring, text, &key);
	if (rc == STORE_CONFLICT)
		log_error("this key is here already");
	if (rc == STORE_OK && puts(public_id) != EOF && fflush(stdout) == 0)
		result = ADMIN_DONE;
done:
	secret_free(text);
	store_close(store);
	keyring_free(keyring);
	return (result);
}

static int
list_json(void *cookie, const struct store_key *key)
{
	struct json_out *item = json_out_object();

	json_out_text(item, "public_id", key->public_id);
	json_out_text(item, "user", key->user);
	json_out_text(item, "name", key->name);
	json_out_text(item, "created_at", key->created_at);
	json_out_text(item, "expires_at", key->expires_at);
	json_out_text(item, "revoked_at", key->revoked_at);
	json_out_append(cookie, item);
	return (0);
}

static int
list_table(void *cookie, const struct store_key *key)
{
	table_add(cookie, key->public_id);
	table_add(cookie, key->user);
	table_add(cookie, key->name);
	table_add(cookie, key->created_at);
	table_add(cookie, key->expires_at);
	table_add(cookie, key->revoked_at);
	return (0);
}

enum admin_rc
admin_key_list(const struct admin *admin)
{
	enum admin_rc result = ADMIN_FAILED;
	struct json_out *array = NULL;
	struct store *store = NULL;
	enum admin_rc opened;
	struct table table;

	opened = admin_open(admin, STORE_READ, &store, NULL);
	if (opened != ADMIN_DONE)
		return (opened);
	table_init(&table, key_head, KEY_COLUMNS);
	if (admin->is_json) {
		array = json_out_array();
		if (store_key_list(store, list_json, array) == STORE_OK &&
		    json_out_print(array) == 0)
			result = ADMIN_DONE;
	} else if (store_key_list(store, list_table, &table) == STORE_OK &&
	    table_print(&table) == 0) {
		result = ADMIN_DONE;
	}
	json_out_free(array);
	table_fini(&table);
	store_close(store);
	return (result);
}

enum admin_rc
admin_key_revoke(const struct admin *admin)
{
	char now[IDENT_TIME_LEN + 1];
	struct store *store = NULL;
	enum admin_rc opened;
	enum store_rc rc;

	opened = admin_open(admin, STORE_WRITE, &store, NULL);
	if (opened != ADMIN_DONE)
		return (opened);
	ident_time(now, ident_now_us());
	if ((rc = admin_begin(admin, store)) == STORE_OK) {
		rc = store_key_revoke(store, admin->id, now);
		if (rc == STORE_OK)
			rc = store_commit(store);
		else
			store_rollback(store);
	}
	store_close(store);
	if (rc == STORE_NOT_FOUND)
		log_error("there is no key %s", admin->id);
	return (rc == STORE_OK ? ADMIN_DONE :
	    rc == STORE_NOT_FOUND ? ADMIN_NOT_FOUND : ADMIN_FAILED);
}
