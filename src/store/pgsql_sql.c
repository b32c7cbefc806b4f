/*
 * Every statement of the store, in the words of PostgreSQL. What may find many
 * rows is a cursor, which is fetched by and by.
 */
#include "config.h"

#include "store/rows.h"

/* $1 and $2 ask for what is long. */
#define ROW \
	"SELECT id, integration_id, created_by, unique_identifier, name, " \
	"integration_type, status, active, has_auth_data, has_scope_data, " \
	"created_at, updated_at, revision, expires_at, org_slug, " \
	"workspace_id, auth_print, " \
	"CASE WHEN $1::int <> 0 THEN metadata END, " \
	"CASE WHEN $1::int <> 0 THEN scope_data END, " \
	"CASE WHEN $2::int <> 0 THEN auth_data END " \
	"FROM integrations "

#define FOUND \
	"SELECT id, integration_id, integration_type, status, active, " \
	"has_auth_data, has_scope_data, created_at, metadata, revision, " \
	"updated_at, expires_at FROM integrations "
#define CURSOR(name) "DECLARE " name " NO SCROLL CURSOR FOR "

/* Of one owner and one type, so that nothing else is looked at. */
#define LIST_ROW \
	"SELECT id, integration_id, created_by, unique_identifier, name, " \
	"integration_type, status, active, has_auth_data, has_scope_data, " \
	"created_at, updated_at, revision, expires_at, org_slug, " \
	"workspace_id, NULL, metadata, NULL, NULL FROM integrations "
#define NEWEST \
	"AND (created_at, integration_id) < ($3, $4) " \
	"ORDER BY created_at DESC, integration_id DESC"
#define SOONEST \
	"AND (expires_at, integration_id) > ($3, $4) AND expires_at < $5 " \
	"ORDER BY expires_at, integration_id"
#define LIST_SQL LIST_ROW "WHERE created_by = $1 AND integration_type = $2 "
/* A cursor that is open cannot be declared again, so there are as many. */
#define FOR_EACH_TYPE(first, name, sql) \
	[first] = CURSOR(name "0") sql, [(first) + 1] = CURSOR(name "1") sql, \
	[(first) + 2] = CURSOR(name "2") sql, \
	[(first) + 3] = CURSOR(name "3") sql, \
	[(first) + 4] = CURSOR(name "4") sql, \
	[(first) + 5] = CURSOR(name "5") sql, \
	[(first) + 6] = CURSOR(name "6") sql, \
	[(first) + 7] = CURSOR(name "7") sql

#define REVEALED \
	"SELECT id, revision, integration_type FROM integrations "

#define KEY \
	"SELECT public_id, \"user\", name, created_at, expires_at, " \
	"revoked_at, " \
	"scopes, types, replaces, replaced_by, last_used_at, term " \
	"FROM api_keys LEFT JOIN key_uses USING (public_id) "

#define AUDIT \
	"SELECT seq, chain_id, at, action, integration_id, request_id, " \
	"owner, subject, salt, digest, hash FROM audit "

/* So that others read the keys anew. */
#define CHANGES_KEYS \
	"WITH changed AS " \
	"(UPDATE meta SET data_version = data_version + 1) "

/* The same ones by each statement of a transaction. */
#define SOME_KEYS \
	"FROM api_keys WHERE \"user\" = $1 " \
	"ORDER BY created_at, public_id LIMIT $2"
#define SOME_ROWS \
	"(SELECT id FROM integrations WHERE created_by = $1 " \
	"ORDER BY unique_identifier LIMIT $2)"

const char *const pgsql_sql[STATEMENTS + 1] = {
	[PING] = "SELECT count(*) FROM master_keys",
	[SERVER] = "SELECT current_setting('server_version'), "
	    "current_setting('max_connections')::bigint "
	    "- current_setting('superuser_reserved_connections')::bigint, "
	    "(SELECT count(*) FROM pg_stat_activity "
	    "WHERE datid IS NOT NULL), "
	    "inet_server_addr() IS NULL, "
	    "coalesce((SELECT ssl FROM pg_stat_ssl "
	    "WHERE pid = pg_backend_pid()), false), "
	    "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user), "
	    "current_setting('synchronous_standby_names') <> ''",
	[SCHEMA_EXISTS] = "SELECT 1 WHERE to_regclass('meta') IS NOT NULL",
	[SCHEMA_VERSION] = "SELECT schema_version FROM meta",
	[DATA_VERSION] = "SELECT data_version FROM meta",
	[TOUCH] = "UPDATE meta SET data_version = data_version",
	[MASTER_KEY_ADD] = CHANGES_KEYS
	    "INSERT INTO master_keys (key_id, purpose, "
	    "fingerprint, created_at, state, state_since) "
	    "VALUES ($1, $2, $3, $4, 'active', $4) ON CONFLICT DO NOTHING",
	[MASTER_KEY_STEP_DOWN] = CHANGES_KEYS
	    "UPDATE master_keys SET state = 'old', "
	    "state_since = $1 WHERE purpose = $2 AND state = 'active'",
	[MASTER_KEY_MARK] = CHANGES_KEYS "UPDATE master_keys SET state_since = "
	    "CASE state WHEN $1 THEN state_since ELSE $2 END, state = $1 "
	    "WHERE key_id = $3 AND purpose = 'seal' AND state <> 'active'",
	[MASTER_KEY_PRINTS] = "SELECT key_id, purpose, fingerprint "
	    "FROM master_keys WHERE state <> 'retired'",
	[MASTER_KEY_STATES] = "SELECT key_id, state = 'active' "
	    "FROM master_keys WHERE purpose = 'seal' AND state <> 'retired'",
	[MASTER_KEY_LIST] = "SELECT key_id, state, created_at, state_since "
	    "FROM master_keys WHERE purpose = 'seal' "
	    "ORDER BY created_at, key_id",
	[MASTER_KEY_FIND] = "SELECT state FROM master_keys "
	    "WHERE purpose = 'seal' AND key_id = $1",
	/* All that names a box's key is in its first five bytes. */
	[BOX_HEADS] = CURSOR("box_heads")
	    "SELECT id, substr(auth_data, 1, 5) FROM integrations "
	    "WHERE id > $1 ORDER BY id",
	[CENSUS] = CURSOR("census") "SELECT id, integration_type, expires_at, "
	    "substr(auth_data, 1, 5) FROM integrations "
	    "WHERE id > $1 ORDER BY id",
	[BOX_REPLACE] = "UPDATE integrations SET auth_data = $1 "
	    "WHERE integration_id = $2 AND auth_data = $3",
	[BACKFILL_PLACE] = "SELECT after, last FROM backfill",
	[BACKFILL_PAGE] = CURSOR("backfill") ROW
	    "WHERE id > $3 AND id <= $4 ORDER BY id",
	[BACKFILL_ROW] = "UPDATE integrations SET expires_at = $1, "
	    "auth_print = $2 WHERE integration_id = $3 AND created_by = $4 "
	    "AND auth_print IS NULL AND auth_data = $5",
	[BACKFILL_LACKS] = "SELECT id FROM integrations "
	    "WHERE integration_id = $1 AND created_by = $2 "
	    "AND auth_print IS NULL AND auth_data IS NOT NULL",
	[BACKFILL_MOVE] = "UPDATE backfill SET after = $1",
	[BACKFILL_END] = "DELETE FROM backfill",
	[KEY_FIND] = "SELECT public_id, \"user\", expires_at, revoked_at, "
	    "scopes, types, replaces, last_used_at, "
	    "(SELECT schema_version FROM meta)::bigint FROM api_keys "
	    "LEFT JOIN key_uses USING (public_id) WHERE key_hash = $1",
	[KEY_ADD] = "INSERT INTO api_keys (key_hash, public_id, \"user\", "
	    "name, "
	    "created_at, expires_at, term, scopes, types, replaces) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9) "
	    "ON CONFLICT DO NOTHING",
	[KEY_EXISTS] = "SELECT 1 FROM api_keys WHERE public_id = $1",
	/* UNION: what were a circle ends all the same. */
	[KEY_REVOKE] = "WITH RECURSIVE line (id) AS ("
	    "SELECT $2::text COLLATE \"C\" UNION "
	    "SELECT replaced_by FROM line JOIN api_keys ON public_id = id "
	    "WHERE replaced_by IS NOT NULL) "
	    "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $1) "
	    "WHERE public_id IN (SELECT id FROM line)",
	[KEY_PAGE] = KEY "WHERE (created_at, public_id) > ($1, $2) "
	    "ORDER BY created_at, public_id LIMIT $3",
	[KEY_GET] = KEY "WHERE public_id = $1",
	[KEY_OWN] = KEY "WHERE public_id = $1 AND \"user\" = $2",
	[KEY_OWN_PAGE] = KEY "WHERE \"user\" = $1 "
	    "AND (created_at, public_id) < ($2, $3) "
	    "ORDER BY created_at DESC, public_id DESC LIMIT $4",
	[KEY_USE] = "INSERT INTO key_uses (public_id, last_used_at) "
	    "SELECT public_id, $2::text FROM api_keys WHERE public_id = $1 "
	    "AND ($3::int <> 0 OR (revoked_at IS NULL AND "
	    "(expires_at IS NULL OR expires_at > $2::text))) "
	    "ON CONFLICT (public_id) DO UPDATE "
	    "SET last_used_at = excluded.last_used_at",
	[KEY_REPLACE] = "UPDATE api_keys SET replaced_by = $1, "
	    "expires_at = $2 WHERE public_id = $3",
	[SAVE_FIND] = FOUND "WHERE created_by = $1 AND unique_identifier = $2",
	[SAVE_ID_EXISTS] = "SELECT 1 FROM integrations "
	    "WHERE integration_id = $1",
	[SAVE_INSERT] = "INSERT INTO integrations (integration_id, "
	    "created_by, unique_identifier, name, integration_type, status, "
	    "active, has_auth_data, has_scope_data, created_at, updated_at, "
	    "metadata, expires_at, org_slug, workspace_id, scope_data, "
	    "auth_print, auth_data, revision) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
	    "$11, $12, $13, $14, $15, $16, $17, $18, 1)",
	[SAVE_UPDATE] = "UPDATE integrations SET name = $1, status = $2, "
	    "active = $3, has_auth_data = $4, has_scope_data = $5, "
	    "updated_at = $6, metadata = $7, expires_at = $8, revision = $9, "
	    "org_slug = CASE WHEN $10::int <> 0 THEN $11 "
	    "ELSE org_slug END, "
	    "workspace_id = CASE WHEN $10::int <> 0 THEN $12 "
	    "ELSE workspace_id END, "
	    "scope_data = CASE WHEN $10::int <> 0 THEN $13 "
	    "ELSE scope_data END, "
	    "auth_print = CASE WHEN $14::int <> 0 THEN $15 "
	    "ELSE auth_print END, "
	    "auth_data = CASE WHEN $14::int <> 0 THEN $16 "
	    "ELSE auth_data END WHERE id = $17",
	[CHANGE_FIND] = FOUND "WHERE integration_id = $1 AND created_by = $2",
	[DELETE_ROW] = "DELETE FROM integrations WHERE id = $1",
	[DELETE_USE] = "DELETE FROM reveals WHERE id = $1",
	[LEASE_FIND] = "SELECT lease_id, expires_at FROM refresh_leases "
	    "WHERE id = $1 AND granted_at <= $2 AND expires_at > $2",
	[LEASE_GRANT] = "INSERT INTO refresh_leases "
	    "(id, lease_id, granted_at, expires_at) VALUES ($1, $2, $3, $4) "
	    "ON CONFLICT (id) DO UPDATE SET lease_id = excluded.lease_id, "
	    "granted_at = excluded.granted_at, "
	    "expires_at = excluded.expires_at",
	[IDEMPOTENCY_FIND] = "SELECT body, created_by, integration_type, "
	    "etag, answer, expires_at FROM idempotency WHERE request = $1 "
	    "AND expires_at > $2",
	/* In the place of one that is out of date, with an id of its own. */
	[IDEMPOTENCY_ADD] = "INSERT INTO idempotency (request, "
	    "body, created_by, integration_type, etag, answer, expires_at) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7) "
	    "ON CONFLICT (request) DO UPDATE SET "
	    "id = nextval(pg_get_serial_sequence('idempotency', 'id')), "
	    "body = excluded.body, created_by = excluded.created_by, "
	    "integration_type = excluded.integration_type, "
	    "etag = excluded.etag, answer = excluded.answer, "
	    "expires_at = excluded.expires_at",
	[IDEMPOTENCY_FIRST] = "SELECT expires_at FROM idempotency "
	    "ORDER BY id LIMIT 1",
	[IDEMPOTENCY_SWEEP] = "DELETE FROM idempotency WHERE id IN (SELECT id "
	    "FROM (SELECT id, expires_at FROM idempotency ORDER BY id "
	    "LIMIT 64) AS first WHERE expires_at <= $1)",
	[LEASE_END] = "DELETE FROM refresh_leases WHERE id = $1",
	[USE] = "SELECT last_revealed_at, reveal_count, lease_id, "
	    "refresh_leases.expires_at FROM integrations AS i "
	    "LEFT JOIN reveals ON reveals.id = i.id "
	    "LEFT JOIN refresh_leases ON refresh_leases.id = i.id "
	    "AND granted_at <= $2 AND refresh_leases.expires_at > $2 "
	    "WHERE i.integration_id = $1",
	[REVEAL_FIND] = REVEALED "WHERE integration_id = $1",
	[REVEAL_FIND_OWN] = REVEALED
	    "WHERE integration_id = $1 AND created_by = $2",
	[REVEAL_ADD] = "INSERT INTO reveals (id, last_revealed_at, "
	    "reveal_count) VALUES ($1, $2, 1) ON CONFLICT (id) DO UPDATE SET "
	    "last_revealed_at = excluded.last_revealed_at, "
	    "reveal_count = reveals.reveal_count + 1",
	[AUDIT_HEAD] = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
	[AUDIT_ADD] = "INSERT INTO audit (seq, chain_id, at, action, "
	    "integration_id, request_id, owner, subject, salt, digest, hash) "
	    "VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
	[AUDIT_OWN] = CURSOR("audit_own") AUDIT
	    "WHERE owner = $1 AND seq < $2 ORDER BY seq DESC",
	[AUDIT_TYPE] = "SELECT integration_type FROM integrations "
	    "WHERE integration_id = $1 AND created_by = $2",
	[CHAIN_PAGE] = AUDIT "WHERE seq > $1 ORDER BY seq LIMIT $2",
	[CHAIN_OWN_PAGE] = AUDIT "WHERE seq > $1 AND owner = $2 "
	    "ORDER BY seq LIMIT $3",
	[CHAIN_HEAD] = AUDIT "ORDER BY seq DESC LIMIT 1",
	[CHAIN_HASH] = "SELECT hash FROM audit WHERE seq = $1",
	[CHAIN_ANCHOR] = AUDIT "WHERE action = 'prune' "
	    "ORDER BY seq DESC LIMIT 1",
	[CHAIN_DROP] = "DELETE FROM audit WHERE seq <= $1",
	[CHAIN_EMPTY] = "UPDATE audit SET subject = NULL, salt = NULL, "
	    "owner = NULL WHERE seq IN (SELECT seq FROM audit "
	    "WHERE owner = $1 ORDER BY seq LIMIT $2) "
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
	[ERASE_ANSWERS] = "DELETE FROM idempotency WHERE created_by = $1 "
	    "AND id > $2 AND id <= $3",
	[PAGE] = CURSOR("page") ROW "WHERE id > $3 ORDER BY id",
	[LIST_ONE_NEWEST] = LIST_ROW "WHERE created_by = $1 "
	    "AND unique_identifier = $2 " NEWEST,
	[LIST_ONE_SOONEST] = LIST_ROW "WHERE created_by = $1 "
	    "AND unique_identifier = $2 " SOONEST,
	FOR_EACH_TYPE(LIST_NEWEST, "newest", LIST_SQL NEWEST),
	FOR_EACH_TYPE(LIST_SOONEST, "soonest", LIST_SQL SOONEST),
	[FIND] = ROW "WHERE integration_id = $3",
	[FIND_OWN] = ROW "WHERE integration_id = $3 AND created_by = $4",
	/* What is damaged in its pages the server tells when it reads them. */
	[CHECK] = "SELECT 'index ' || indexrelid::regclass "
	    "|| ' is not valid: run REINDEX' FROM pg_index "
	    "WHERE NOT indisvalid",
};
