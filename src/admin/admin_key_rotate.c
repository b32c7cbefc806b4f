/*
 * strongroom key rotate: a new API key in another's place.
 */
#include "config.h"

#include <string.h>

#include "admin/admin_key.h"
#include "body/form_key.h"
#include "ground/log.h"
#include "ground/words.h"
#include "secrets/secret.h"

static enum store_rc
run_rotate(struct store *store, struct key_change *change, const char *now)
{
	change->rotation->now = now;
	return (rotation_run(store, change->rotation));
}

/* Draw a key in text, and put it in the other's place; as rotation_run. */
static enum store_rc
rotate(const struct admin *admin, struct store *store, struct keeper *keeper,
    struct key_change *change, char text[APIKEY_LEN + 1])
{
	char new_id[APIKEY_PUBLIC_ID_LEN + 1];
	unsigned char hash[APIKEY_HASH_LEN];
	struct rotation *rotation = change->rotation;
	enum store_rc rc = STORE_CONFLICT;
	int i;

	rotation->rc = ROTATION_TAKEN;
	rotation->new_id = new_id;
	rotation->hash = hash;
	for (i = 0; rc == STORE_CONFLICT && rotation->rc == ROTATION_TAKEN &&
	    i < KEY_DRAWS_MAX; i++) {
		apikey_make_public_id(new_id);
		apikey_make(text, new_id);
		apikey_hash(hash, keeper_borrow(keeper), text, APIKEY_LEN);
		keeper_return(keeper);
		rc = admin_key_change(admin, store, keeper, change);
	}
	if (rc == STORE_CONFLICT)
		log_error("key %s %s", admin->id,
		    rotation->rc == ROTATION_OVER ? "is over" :
		    "was rotated, and the new one is in use");
	return (rc);
}

/* Rotate key and print the new one. */
static enum admin_rc
rotate_key(const struct admin *admin, struct store *store,
    struct keeper *keeper, const struct store_key *key, uint64_t overlap_s)
{
	struct rotation rotation = {
		.asker = { .user = key->user, .types = WORDS_ALL },
		.public_id = key->public_id, .overlap_s = (int64_t)overlap_s,
		.lasts_anew = true, .scopes = WORDS_ALL, .types = WORDS_ALL
	};
	struct key_change change = { .action = "key_rotate",
	    .run = run_rotate, .key = key, .rotation = &rotation };
	char new_id[APIKEY_PUBLIC_ID_LEN + 1];
	char *text = secret_alloc(APIKEY_LEN + 1);
	enum admin_rc result = ADMIN_FAILED;

	if (text == NULL)
		return (result);
	admin_key_outlive_signals();
	if (rotate(admin, store, keeper, &change, text) == STORE_OK) {
		apikey_public_id(new_id, text);
		result = admin_key_show(admin, store, keeper, text, new_id);
	}
	secret_free(text);
	return (result);
}

enum admin_rc
admin_key_rotate(const struct admin *admin)
{
	uint64_t overlap_s = ROTATE_OVERLAP_S;
	enum admin_rc result = ADMIN_FAILED;
	struct keeper *keeper = NULL;
	struct arena arena = { 0 };
	struct store *store = NULL;
	struct store_key key;
	enum admin_rc opened;
	enum store_rc rc;

	if (admin->overlap != NULL && !admin_key_seconds(admin->overlap, 0,
	    ROTATE_OVERLAP_MAX_S, &overlap_s)) {
		log_error("--overlap must be a number and s, m, h or d, as in "
		    "1d, and at most 7d");
		return (ADMIN_USAGE);
	}
	opened = admin_open(admin, STORE_WRITE, &store, &keeper);
	if (opened != ADMIN_DONE)
		return (opened);
	rc = store_operator_key(store, admin->id, &arena, &key);
	if (rc == STORE_OK) {
		result = rotate_key(admin, store, keeper, &key, overlap_s);
	} else if (rc == STORE_NOT_FOUND) {
		log_error("there is no key %s", admin->id);
		result = ADMIN_NOT_FOUND;
	}
	arena_fini(&arena);
	store_close(store);
	keeper_close(keeper);
	return (result);
}
