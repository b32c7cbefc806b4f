/*
 * Rotating an API key: what becomes of both. Refuses to know who asks, and what
 * the new key is.
 */
#include "config.h"

#include <string.h>

#include "body/rotation.h"
#include "ground/moment.h"

enum {
	US_PER_S = 1000000,
	UNUSED_MAX = 64		/* keys in a row that nobody has used */
};

static int64_t
moment_of(const char *text)
{
	int64_t at_us = 0;

	(void)moment_read(text, strlen(text), &at_us);
	return (at_us);
}

static enum store_rc
refuse(struct rotation *rotation, enum rotation_rc rc)
{
	rotation->rc = rc;
	return (STORE_CONFLICT);
}

/* Whether any of the keys that have taken the place of one was used. */
static enum store_rc
find_use(struct store *store, const struct rotation *rotation,
    const struct store_key *key, bool *is_used)
{
	char next[APIKEY_PUBLIC_ID_LEN + 1];
	const char *id = key->replaced_by;
	struct arena arena = { 0 };
	struct store_key other;
	enum store_rc rc = STORE_OK;

	int i;

	*is_used = false;
	for (i = 0; i < UNUSED_MAX && id != NULL && !*is_used &&
	    strlen(id) < sizeof next; i++) {
		memcpy(next, id, strlen(id) + 1);
		rc = store_key_own(store, &rotation->asker, next, &arena,
		    &other);
		if (rc != STORE_OK)
			break;
		*is_used = other.last_used_at != NULL;
		id = other.replaced_by;
	}
	arena_fini(&arena);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rc);
}

/* Whether the key may be rotated, by what it is itself. */
static enum rotation_rc
judge(struct rotation *rotation, const struct store_key *key)
{
	if (key->revoked_at != NULL || (key->expires_at != NULL &&
	    strcmp(key->expires_at, rotation->now) <= 0))
		return (ROTATION_OVER);
	rotation->lacks_scopes = key->scopes & ~rotation->scopes;
	rotation->lacks_types = key->types & ~rotation->types;
	return (rotation->lacks_scopes == 0 && rotation->lacks_types == 0 ?
	    ROTATION_DONE : ROTATION_FORBIDDEN);
}

/* When the new key ends; false: never. */
static bool
find_end(const struct rotation *rotation, const struct store_key *key,
    char ends_at[IDENT_TIME_LEN + 1])
{
	if (key->term == NULL)
		return (false);
	ident_time(ends_at, rotation->lasts_anew ? moment_of(rotation->now) +
	    moment_of(key->term) - moment_of(key->created_at) :
	    moment_of(key->term));
	return (true);
}

static enum store_rc
add_new(struct store *store, const struct rotation *rotation,
    const struct store_key *key)
{
	char ends_at[IDENT_TIME_LEN + 1];
	struct store_key new_key = {
		.public_id = rotation->new_id, .user = key->user,
		.name = key->name, .created_at = rotation->now,
		.scopes = key->scopes, .types = key->types,
		.replaces = key->public_id
	};

	if (find_end(rotation, key, ends_at))
		new_key.expires_at = ends_at;
	return (store_key_add(store, rotation->hash, &new_key));
}

/* The new key is there: an earlier one gives way, and the other ends soon. */
static enum store_rc
step_down(struct store *store, const struct rotation *rotation,
    const struct store_key *key)
{
	char ends_at[IDENT_TIME_LEN + 1];
	enum store_rc rc = STORE_OK;

	if (key->replaced_by != NULL)
		rc = store_key_revoke(store, key->replaced_by, rotation->now);
	if (rc != STORE_OK && rc != STORE_NOT_FOUND)
		return (rc);
	ident_time(ends_at, moment_of(rotation->now) +
	    rotation->overlap_s * US_PER_S);
	return (store_key_replace(store, key->public_id, rotation->new_id,
	    key->expires_at != NULL && strcmp(key->expires_at, ends_at) < 0 ?
	    key->expires_at : ends_at));
}

enum store_rc
rotation_run(struct store *store, struct rotation *rotation)
{
	struct arena arena = { 0 };
	struct store_key key;
	bool is_used = false;
	enum store_rc rc;

	rc = store_key_own(store, &rotation->asker, rotation->public_id,
	    &arena, &key);
	if (rc != STORE_OK)
		goto done;
	if ((rotation->rc = judge(rotation, &key)) != ROTATION_DONE) {
		rc = STORE_CONFLICT;
		goto done;
	}
	rc = find_use(store, rotation, &key, &is_used);
	if (rc == STORE_OK && is_used)
		rc = refuse(rotation, ROTATION_DONE_BEFORE);
	if (rc != STORE_OK)
		goto done;
	if ((rc = add_new(store, rotation, &key)) == STORE_OK)
		rc = step_down(store, rotation, &key);
	else if (rc == STORE_CONFLICT)
		rc = refuse(rotation, ROTATION_TAKEN);
done:
	arena_fini(&arena);
	return (rc);
}
