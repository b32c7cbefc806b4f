/*
 * API keys.
 */
#include "config.h"

#include <assert.h>

#include "ground/log.h"
#include "ground/scope.h"
#include "ground/words.h"
#include "store/rows.h"

/* Read the columns scopes and types, of which the first is at column. */
static bool
read_sets(struct db_query *query, int column, unsigned *scopes,
    unsigned *types)
{
	const char *text = db_text(query, column);

	if (text == NULL || !words_read(scopes, scope_words, text))
		return (false);
	*types = WORDS_ALL;
	text = db_text(query, column + 1);
	return (text == NULL || words_read(types, integration_types, text));
}

/* Read a row of KEY_FIND; false: it is none that we write. */
static bool
read_found(struct db_query *query, struct store_found_key *key)
{
	key->is_revoked = db_text(query, 3) != NULL;
	key->is_new = db_text(query, 6) != NULL && db_text(query, 7) == NULL;
	return (read_sets(query, 4, &key->scopes, &key->types) &&
	    rows_copy(key->public_id, sizeof key->public_id,
	    db_text(query, 0)) == 0 &&
	    rows_copy(key->user, sizeof key->user,
	    db_text(query, 1)) == 0 &&
	    rows_copy(key->expires_at, sizeof key->expires_at,
	    db_text(query, 2)) == 0 &&
	    rows_copy(key->last_used_at, sizeof key->last_used_at,
	    db_text(query, 7)) == 0);
}

enum store_rc
store_key_find(struct store *store,
    const unsigned char hash[APIKEY_HASH_LEN], struct store_found_key *key)
{
	int64_t version = rows_newest_version(store->db);
	struct db_query query;
	enum store_rc rc;

	query = db_query(store->db, KEY_FIND);
	db_bind_blob(&query, hash, APIKEY_HASH_LEN);
	rc = db_step(&query);
	if (rc == STORE_OK)
		version = db_int(&query, 8);
	if (rc == STORE_OK && !read_found(&query, key)) {
		log_error("an API key's row does not make sense; run "
		    "strongroom check");
		rc = STORE_UNAVAILABLE;
	}
	db_done(&query);
	/* Where the rows were moved from here, keys are revoked there. */
	if (rc == STORE_OK && version != rows_newest_version(store->db))
		rc = rows_check_schema(store->db);
	return (rows_as_read(rc));
}

enum store_rc
store_key_add(struct store *store,
    const unsigned char hash[APIKEY_HASH_LEN], const struct store_key *key)
{
	struct db_query query = db_query(store->db, KEY_ADD);
	char scopes[WORDS_TEXT_MAX], types[WORDS_TEXT_MAX];

	words_write(scopes, scope_words, key->scopes);
	words_write(types, integration_types, key->types);
	db_bind_blob(&query, hash, APIKEY_HASH_LEN);
	db_bind_text(&query, key->public_id);
	db_bind_text(&query, key->user);
	db_bind_text(&query, key->name);
	db_bind_text(&query, key->created_at);
	db_bind_text(&query, key->expires_at);
	db_bind_text(&query, scopes);
	db_bind_text(&query, key->types == WORDS_ALL ? NULL : types);
	db_bind_text(&query, key->replaces);
	return (rows_finish(&query));
}

enum store_rc
store_key_revoke(struct store *store, const char *public_id,
    const char *revoked_at)
{
	struct db_query query = db_query(store->db, KEY_EXISTS);
	enum store_rc rc;

	db_bind_text(&query, public_id);
	rc = db_step(&query);
	db_done(&query);
	if (rc != STORE_OK)
		return (rc);
	query = db_query(store->db, KEY_REVOKE);
	db_bind_text(&query, revoked_at);
	db_bind_text(&query, public_id);
	return (rows_finish(&query));
}

static enum store_rc
copy_key(struct db_query *query, struct arena *arena, struct store_key *key)
{
	key->public_id = rows_text(query, 0, arena);
	key->user = rows_text(query, 1, arena);
	key->name = rows_text(query, 2, arena);
	key->created_at = rows_text(query, 3, arena);
	key->expires_at = rows_text(query, 4, arena);
	key->revoked_at = rows_text(query, 5, arena);
	key->replaces = rows_text(query, 8, arena);
	key->replaced_by = rows_text(query, 9, arena);
	key->last_used_at = rows_text(query, 10, arena);
	key->term = rows_text(query, 11, arena);
	if (read_sets(query, 6, &key->scopes, &key->types) &&
	    key->public_id != NULL && key->user != NULL &&
	    key->created_at != NULL)
		return (STORE_OK);
	log_error("an API key cannot be read: memory is short, or its row is "
	    "damaged; see strongroom check");
	return (STORE_UNAVAILABLE);
}

/* Read the one key of a query. */
static enum store_rc
read_one(struct db_query *query, struct arena *arena, struct store_key *key)
{
	enum store_rc rc = db_step(query);

	if (rc == STORE_OK)
		rc = copy_key(query, arena, key);
	db_done(query);
	return (rows_as_read(rc));
}

enum store_rc
store_operator_key(struct store *store, const char *public_id,
    struct arena *arena, struct store_key *key)
{
	struct db_query query = db_query(store->db, KEY_GET);

	arena_fini(arena);
	db_bind_text(&query, public_id);
	return (read_one(&query, arena, key));
}

enum store_rc
store_key_own(struct store *store, const struct store_asker *asker,
    const char *public_id, struct arena *arena, struct store_key *key)
{
	struct db_query query = db_query(store->db, KEY_OWN);

	arena_fini(arena);
	db_bind_text(&query, public_id);
	db_bind_text(&query, asker->user);
	return (read_one(&query, arena, key));
}

static enum store_rc
fill_page(struct db_query *query, size_t limit, struct arena *arena,
    struct store_key_page *page)
{
	struct store_cursor *next = &page->next;
	enum store_rc rc = STORE_OK;
	struct store_key *key;

	while (page->count < limit && (rc = db_step(query)) == STORE_OK) {
		key = &page->keys[page->count++];
		if (copy_key(query, arena, key) != STORE_OK ||
		    rows_copy(next->moment, sizeof next->moment,
		    key->created_at) == -1 || rows_copy(next->id,
		    sizeof next->id, key->public_id) == -1)
			return (STORE_UNAVAILABLE);
	}
	page->is_last = rc == STORE_NOT_FOUND;
	return (page->is_last ? STORE_OK : rows_as_read(rc));
}

/*
 * Read a page by a query that lacks its last three values; moment is after's,
 * or where the first page begins.
 */
static enum store_rc
read_page(struct db_query *query, const struct store_cursor *after,
    const char *moment, size_t limit, struct arena *arena,
    struct store_key_page *page)
{
	enum store_rc rc = STORE_UNAVAILABLE;

	assert(limit > 0);
	arena_fini(arena);
	*page = (struct store_key_page){ .next = *after };
	page->keys = rows_array(arena, limit, sizeof *page->keys);
	if (page->keys != NULL) {
		db_bind_text(query, moment);
		db_bind_text(query, after->id);
		db_bind_int(query, (int64_t)limit);
		rc = fill_page(query, limit, arena, page);
	}
	db_done(query);
	return (rc);
}

enum store_rc
store_operator_key_page(struct store *store,
    const struct store_cursor *after, size_t limit, struct arena *arena,
    struct store_key_page *page)
{
	struct db_query query = db_query(store->db, KEY_PAGE);

	return (read_page(&query, after, after->moment, limit, arena, page));
}

enum store_rc
store_key_page(struct store *store, const struct store_asker *asker,
    const struct store_cursor *after, size_t limit, struct arena *arena,
    struct store_key_page *page)
{
	static const char beyond[] = ":";	/* all digits */
	struct db_query query = db_query(store->db, KEY_OWN_PAGE);

	db_bind_text(&query, asker->user);
	return (read_page(&query, after, *after->moment != '\0' ?
	    after->moment : beyond, limit, arena, page));
}

static enum store_rc
use(struct store *store, const char *public_id, const char *at,
    bool however_it_is)
{
	struct db_query query = db_query(store->db, KEY_USE);
	enum store_rc rc;

	db_bind_text(&query, public_id);
	db_bind_text(&query, at);
	db_bind_int(&query, however_it_is);
	if ((rc = rows_finish(&query)) != STORE_OK)
		return (rc);
	return (db_changes(store->db) == 1 ? STORE_OK :
	    STORE_NOT_FOUND);
}

enum store_rc
store_key_use(struct store *store, const char *public_id,
    const char *at)
{
	return (use(store, public_id, at, true));
}

enum store_rc
store_key_use_first(struct store *store, const char *public_id,
    const char *at)
{
	return (use(store, public_id, at, false));
}

enum store_rc
store_key_replace(struct store *store, const char *public_id,
    const char *replaced_by, const char *ends_at)
{
	struct db_query query = db_query(store->db, KEY_REPLACE);
	enum store_rc rc;

	db_bind_text(&query, replaced_by);
	db_bind_text(&query, ends_at);
	db_bind_text(&query, public_id);
	if ((rc = rows_finish(&query)) != STORE_OK)
		return (rc);
	return (db_changes(store->db) == 1 ? STORE_OK :
	    STORE_NOT_FOUND);
}
