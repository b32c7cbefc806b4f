/*
 * Every statement that the SQLite back end ever runs.
 */
#include "config.h"

#include "store/store_sqlite.h"

#define ROW \
	"SELECT integration_id, created_by, unique_identifier, name, " \
	"integration_type, status, active, has_auth_data, has_scope_data, " \
	"created_at, updated_at, metadata, scope_data, auth_data " \
	"FROM integrations "

const char *const store_sqlite_sql[STATEMENTS + 1] = {
	[PING] = "SELECT count(*) FROM master_keys",
	[SCHEMA_VERSION] = "PRAGMA user_version",
	[DATA_VERSION] = "PRAGMA data_version",
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
	[BOX_LIST] = "SELECT id, integration_id, created_by, "
	    "unique_identifier, auth_data FROM integrations WHERE id > ? "
	    "AND auth_data IS NOT NULL AND substr(auth_data, 2, 4) <> ? "
	    "ORDER BY id",
	[BOX_REPLACE] = "UPDATE integrations SET auth_data = ?1 "
	    "WHERE id = ?2 AND auth_data = ?3",
	[KEY_FIND] = "SELECT public_id, user, expires_at, revoked_at "
	    "FROM api_keys WHERE key_hash = ?",
	[KEY_ADD] = "INSERT INTO api_keys (key_hash, public_id, user, name, "
	    "created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
	[KEY_EXISTS] = "SELECT 1 FROM api_keys WHERE public_id = ?",
	[KEY_REVOKE] = "UPDATE api_keys SET revoked_at = "
	    "coalesce(revoked_at, ?) WHERE public_id = ?",
	[KEY_LIST] = "SELECT public_id, user, name, created_at, expires_at, "
	    "revoked_at FROM api_keys ORDER BY created_at, public_id",
	[SAVE_FIND] = "SELECT id, integration_id, integration_type, status, "
	    "active, has_auth_data, has_scope_data, created_at, metadata "
	    "FROM integrations WHERE created_by = ? "
	    "AND unique_identifier = ?",
	[SAVE_INSERT] = "INSERT INTO integrations (integration_id, "
	    "created_by, unique_identifier, name, integration_type, status, "
	    "active, has_auth_data, has_scope_data, created_at, updated_at, "
	    "metadata, scope_data, auth_data) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SAVE_UPDATE] = "UPDATE integrations SET name = ?, status = ?, "
	    "active = ?, has_auth_data = ?, has_scope_data = ?, "
	    "updated_at = ?, metadata = ?, "
	    "scope_data = CASE ? WHEN 0 THEN scope_data ELSE ? END, "
	    "auth_data = CASE ? WHEN 0 THEN auth_data ELSE ? END "
	    "WHERE id = ?",
	[LIST_ALL] = ROW "ORDER BY id",
	[LIST_OF_USER] = ROW "WHERE created_by = ? ORDER BY id",
	[FIND_ONE] = ROW "WHERE integration_id = ?",
	/* All that names a box's key is in its first five bytes. */
	[BOX_COUNT] = "SELECT substr(auth_data, 1, 5), count(*) "
	    "FROM integrations WHERE auth_data IS NOT NULL "
	    "GROUP BY 1 ORDER BY 1",
	[CHECK] = "PRAGMA integrity_check",
};
