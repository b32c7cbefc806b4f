/*
 * Every statement of the store, in the words of SQLite.
 */
#include "config.h"

#include "store/rows.h"

/* ?1 and ?2 ask for what is long. */
#define ROW \
	"SELECT id, integration_id, created_by, unique_identifier, name, " \
	"integration_type, status, active, has_auth_data, has_scope_data, " \
	"created_at, updated_at, revision, expires_at, org_slug, " \
	"workspace_id, auth_print, CASE WHEN ?1 THEN metadata END, " \
	"CASE WHEN ?1 THEN scope_data END, CASE WHEN ?2 THEN auth_data END " \
	"FROM integrations "

#define FOUND \
	"SELECT id, integration_id, integration_type, status, active, " \
	"has_auth_data, has_scope_data, created_at, metadata, revision, " \
	"updated_at, expires_at FROM integrations "
/*
 * Of one owner and one type, so that nothing else is looked at. INDEXED BY
 * makes a statement fail that the index does not fit.
 */
#define LIST_ROW \
	"SELECT id, integration_id, created_by, unique_identifier, name, " \
	"integration_type, status, active, has_auth_data, has_scope_data, " \
	"created_at, updated_at, revision, expires_at, org_slug, " \
	"workspace_id, NULL, metadata, NULL, NULL FROM integrations "
#define NEWEST \
	"AND (created_at, integration_id) < (?3, ?4) " \
	"ORDER BY created_at DESC, integration_id DESC"
#define SOONEST \
	"AND (expires_at, integration_id) > (?3, ?4) AND expires_at < ?5 " \
	"ORDER BY expires_at, integration_id"
#define LIST_NEWEST_SQL LIST_ROW "INDEXED BY integrations_by_age " \
	"WHERE created_by = ?1 AND integration_type = ?2 " NEWEST
#define LIST_SOONEST_SQL LIST_ROW "INDEXED BY integrations_by_expiry " \
	"WHERE created_by = ?1 AND integration_type = ?2 " SOONEST
/* A statement that is in use cannot be used again, so there are as many. */
#define FOR_EACH_TYPE(first, sql) \
	[first] = sql, [(first) + 1] = sql, [(first) + 2] = sql, \
	[(first) + 3] = sql, [(first) + 4] = sql, [(first) + 5] = sql, \
	[(first) + 6] = sql, [(first) + 7] = sql

#define REVEALED \
	"SELECT id, revision, integration_type FROM integrations "

#define KEY \
	"SELECT public_id, user, name, created_at, expires_at, revoked_at, " \
	"scopes, types, replaces, replaced_by, last_used_at, term " \
	"FROM api_keys LEFT JOIN key_uses USING (public_id) "

#define AUDIT \
	"SELECT seq, chain_id, at, action, integration_id, request_id, " \
	"owner, subject, salt, digest, hash FROM audit "

/* The same ones by each statement of a transaction. */
#define SOME_KEYS \
	"FROM api_keys WHERE user = ? ORDER BY created_at, public_id LIMIT ?"
#define SOME_ROWS \
	"(SELECT id FROM integrations WHERE created_by = ? " \
	"ORDER BY unique_identifier LIMIT ?)"

const char *const sqlite_sql[STATEMENTS + 1] = {
	[PING] = "SELECT count(*) FROM master_keys",
	[SERVER] = "SELECT NULL WHERE 0",
	[SCHEMA_EXISTS] = "SELECT 1",
	[SCHEMA_VERSION] = "PRAGMA user_version",
	[DATA_VERSION] = "PRAGMA data_version",
	[TOUCH] = "SELECT NULL WHERE 0",
	[MASTER_KEY_ADD] = "INSERT INTO master_keys (key_id, purpose, "
	    "fingerprint, created_at, state, state_since) "
	    "VALUES (?1, ?2, ?3, ?4, 'active', ?4)",
	[MASTER_KEY_STEP_DOWN] = "UPDATE master_keys SET state = 'old', "
	    "state_since = ?1 WHERE purpose = ?2 AND state = 'active'",
	[MASTER_KEY_MARK] = "UPDATE master_keys SET state_since = "
	    "CASE state WHEN ?1 THEN state_since ELSE ?2 END, state = ?1 "
	    "WHERE key_id = ?3 AND purpose = 'seal' AND state <> 'active'",
	[MASTER_KEY_PRINTS] = "SELECT key_id, purpose, fingerprint "
	    "FROM master_keys WHERE state <> 'retired'",
	[MASTER_KEY_STATES] = "SELECT key_id, state = 'active' "
	    "FROM master_keys WHERE purpose = 'seal' AND state <> 'retired'",
	[MASTER_KEY_LIST] = "SELECT key_id, state, created_at, state_since "
	    "FROM master_keys WHERE purpose = 'seal' "
	    "ORDER BY created_at, key_id",
	[MASTER_KEY_FIND] = "SELECT state FROM master_keys "
	    "WHERE purpose = 'seal' AND key_id = ?",
	/* All that names a box's key is in its first five bytes. */
	[BOX_HEADS] = "SELECT id, substr(auth_data, 1, 5) FROM integrations "
	    "WHERE id > ? ORDER BY id",
	[CENSUS] = "SELECT id, integration_type, expires_at, "
	    "substr(auth_data, 1, 5) FROM integrations "
	    "WHERE id > ? ORDER BY id",
	[BOX_REPLACE] = "UPDATE integrations SET auth_data = ?1 "
	    "WHERE integration_id = ?2 AND auth_data = ?3",
	[BACKFILL_PLACE] = "SELECT after, last FROM backfill",
	[BACKFILL_PAGE] = ROW "WHERE id > ?3 AND id <= ?4 ORDER BY id",
	[BACKFILL_ROW] = "UPDATE integrations SET expires_at = ?, "
	    "auth_print = ? WHERE integration_id = ? AND created_by = ? "
	    "AND auth_print IS NULL AND auth_data = ?",
	[BACKFILL_LACKS] = "SELECT id FROM integrations "
	    "WHERE integration_id = ? AND created_by = ? "
	    "AND auth_print IS NULL AND auth_data IS NOT NULL",
	[BACKFILL_MOVE] = "UPDATE backfill SET after = ?",
	[BACKFILL_END] = "DELETE FROM backfill",
	[KEY_FIND] = "SELECT public_id, user, expires_at, revoked_at, "
	    "scopes, types, replaces, last_used_at, "
	    "(SELECT user_version FROM pragma_user_version) FROM api_keys "
	    "LEFT JOIN key_uses USING (public_id) WHERE key_hash = ?",
	[KEY_ADD] = "INSERT INTO api_keys (key_hash, public_id, user, name, "
	    "created_at, expires_at, term, scopes, types, replaces) "
	    "VALUES (?, ?, ?, ?, ?, ?6, ?6, ?, ?, ?)",
	[KEY_EXISTS] = "SELECT 1 FROM api_keys WHERE public_id = ?",
	/* UNION: what were a circle ends all the same. */
	[KEY_REVOKE] = "WITH RECURSIVE line (id) AS (SELECT ?2 UNION "
	    "SELECT replaced_by FROM line JOIN api_keys ON public_id = id "
	    "WHERE replaced_by IS NOT NULL) "
	    "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?1) "
	    "WHERE public_id IN (SELECT id FROM line)",
	[KEY_PAGE] = KEY "WHERE (created_at, public_id) > (?, ?) "
	    "ORDER BY created_at, public_id LIMIT ?",
	[KEY_GET] = KEY "WHERE public_id = ?",
	[KEY_OWN] = KEY "WHERE public_id = ? AND user = ?",
	[KEY_OWN_PAGE] = KEY "WHERE user = ? "
	    "AND (created_at, public_id) < (?, ?) "
	    "ORDER BY created_at DESC, public_id DESC LIMIT ?",
	[KEY_USE] = "INSERT INTO key_uses (public_id, last_used_at) "
	    "SELECT public_id, ?2 FROM api_keys WHERE public_id = ?1 "
	    "AND (?3 OR (revoked_at IS NULL AND "
	    "(expires_at IS NULL OR expires_at > ?2))) "
	    "ON CONFLICT (public_id) DO UPDATE "
	    "SET last_used_at = excluded.last_used_at",
	[KEY_REPLACE] = "UPDATE api_keys SET replaced_by = ?, "
	    "expires_at = ? WHERE public_id = ?",
	[SAVE_FIND] = FOUND "WHERE created_by = ? AND unique_identifier = ?",
	[SAVE_ID_EXISTS] = "SELECT 1 FROM integrations "
	    "WHERE integration_id = ?",
	[SAVE_INSERT] = "INSERT INTO integrations (integration_id, "
	    "created_by, unique_identifier, name, integration_type, status, "
	    "active, has_auth_data, has_scope_data, created_at, updated_at, "
	    "metadata, expires_at, org_slug, workspace_id, scope_data, "
	    "auth_print, auth_data, revision) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
	    "1)",
	[SAVE_UPDATE] = "UPDATE integrations SET name = ?, status = ?, "
	    "active = ?, has_auth_data = ?, has_scope_data = ?, "
	    "updated_at = ?, metadata = ?, expires_at = ?, revision = ?, "
	    "org_slug = iif(?10, ?11, org_slug), "
	    "workspace_id = iif(?10, ?12, workspace_id), "
	    "scope_data = iif(?10, ?13, scope_data), "
	    "auth_print = iif(?14, ?15, auth_print), "
	    "auth_data = iif(?14, ?16, auth_data) WHERE id = ?17",
	[CHANGE_FIND] = FOUND "WHERE integration_id = ? AND created_by = ?",
	[DELETE_ROW] = "DELETE FROM integrations WHERE id = ?",
	[DELETE_USE] = "DELETE FROM reveals WHERE id = ?",
	[LEASE_FIND] = "SELECT lease_id, expires_at FROM refresh_leases "
	    "WHERE id = ?1 AND granted_at <= ?2 AND expires_at > ?2",
	[LEASE_GRANT] = "INSERT OR REPLACE INTO refresh_leases "
	    "(id, lease_id, granted_at, expires_at) VALUES (?, ?, ?, ?)",
	[IDEMPOTENCY_FIND] = "SELECT body, created_by, integration_type, "
	    "etag, answer, expires_at FROM idempotency WHERE request = ? "
	    "AND expires_at > ?",
	/* In the place of one that is out of date, with an id of its own. */
	[IDEMPOTENCY_ADD] = "INSERT OR REPLACE INTO idempotency (request, "
	    "body, created_by, integration_type, etag, answer, expires_at) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?)",
	[IDEMPOTENCY_FIRST] = "SELECT expires_at FROM idempotency "
	    "ORDER BY id LIMIT 1",
	[IDEMPOTENCY_SWEEP] = "DELETE FROM idempotency WHERE id IN (SELECT id "
	    "FROM (SELECT id, expires_at FROM idempotency ORDER BY id "
	    "LIMIT 64) WHERE expires_at <= ?)",
	[LEASE_END] = "DELETE FROM refresh_leases WHERE id = ?",
	[USE] = "SELECT last_revealed_at, reveal_count, lease_id, "
	    "refresh_leases.expires_at FROM integrations AS i "
	    "LEFT JOIN reveals ON reveals.id = i.id "
	    "LEFT JOIN refresh_leases ON refresh_leases.id = i.id "
	    "AND granted_at <= ?2 AND refresh_leases.expires_at > ?2 "
	    "WHERE i.integration_id = ?1",
	[REVEAL_FIND] = REVEALED "WHERE integration_id = ?",
	[REVEAL_FIND_OWN] = REVEALED
	    "WHERE integration_id = ? AND created_by = ?",
	[REVEAL_ADD] = "INSERT INTO reveals (id, last_revealed_at, "
	    "reveal_count) VALUES (?, ?, 1) ON CONFLICT (id) DO UPDATE SET "
	    "last_revealed_at = excluded.last_revealed_at, "
	    "reveal_count = reveal_count + 1",
	[AUDIT_HEAD] = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
	[AUDIT_ADD] = "INSERT INTO audit (seq, chain_id, at, action, "
	    "integration_id, request_id, owner, subject, salt, digest, hash) "
	    "VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[AUDIT_OWN] = AUDIT "WHERE owner = ? AND seq < ? ORDER BY seq DESC",
	[AUDIT_TYPE] = "SELECT integration_type FROM integrations "
	    "WHERE integration_id = ? AND created_by = ?",
	[CHAIN_PAGE] = AUDIT "WHERE seq > ? ORDER BY seq LIMIT ?",
	[CHAIN_OWN_PAGE] = AUDIT "WHERE seq > ? AND owner = ? "
	    "ORDER BY seq LIMIT ?",
	[CHAIN_HEAD] = AUDIT "ORDER BY seq DESC LIMIT 1",
	[CHAIN_HASH] = "SELECT hash FROM audit WHERE seq = ?1",
	[CHAIN_ANCHOR] = AUDIT "WHERE action = 'prune' "
	    "ORDER BY seq DESC LIMIT 1",
	[CHAIN_DROP] = "DELETE FROM audit WHERE seq <= ?",
	[CHAIN_EMPTY] = "UPDATE audit SET subject = NULL, salt = NULL, "
	    "owner = NULL WHERE seq IN (SELECT seq FROM audit "
	    "WHERE owner = ? ORDER BY seq LIMIT ?) "
	    "RETURNING chain_id, seq, hash",
	[ERASE_KEY_USES] = "DELETE FROM key_uses WHERE public_id IN "
	    "(SELECT public_id " SOME_KEYS ")",
	[ERASE_KEYS] = "DELETE FROM api_keys WHERE key_hash IN "
	    "(SELECT key_hash " SOME_KEYS ")",
	[ERASE_REVEALS] = "DELETE FROM reveals WHERE id IN " SOME_ROWS,
	[ERASE_LEASES] = "DELETE FROM refresh_leases WHERE id IN " SOME_ROWS,
	[ERASE_INTEGRATIONS] = "DELETE FROM integrations WHERE id IN "
	    SOME_ROWS,
	[ANSWERS_END] = "SELECT coalesce(max(id), 0) FROM idempotency",
	[ERASE_ANSWERS] = "DELETE FROM idempotency WHERE created_by = ? "
	    "AND id > ? AND id <= ?",
	[PAGE] = ROW "WHERE id > ?3 ORDER BY id",
	[LIST_ONE_NEWEST] = LIST_ROW "WHERE created_by = ?1 "
	    "AND unique_identifier = ?2 " NEWEST,
	[LIST_ONE_SOONEST] = LIST_ROW "WHERE created_by = ?1 "
	    "AND unique_identifier = ?2 " SOONEST,
	FOR_EACH_TYPE(LIST_NEWEST, LIST_NEWEST_SQL),
	FOR_EACH_TYPE(LIST_SOONEST, LIST_SOONEST_SQL),
	[FIND] = ROW "WHERE integration_id = ?3",
	[FIND_OWN] = ROW "WHERE integration_id = ?3 AND created_by = ?4",
	[CHECK] = "PRAGMA integrity_check",
};
