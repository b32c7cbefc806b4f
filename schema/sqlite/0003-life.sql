-- strongroom, schema 3: what is saved can be found, changed, handed out and
-- audited.

-- No two rows have one integration_id; where one is brought in from elsewhere
-- it is looked up first. The index has the owner too, so that for who asks
-- another one's row takes the same time as none.
--
-- Short columns first: what stands behind a long box is far to read.
--
-- revision: 1 at creation, one more with each change. expires_at: what
-- auth_data says of itself, in clear; NULL: nothing, or not yet computed.
-- auth_print: a keyed hash of what is sealed; NULL: nothing is, or not yet
-- computed, which is a box without one. org_slug and workspace_id: of
-- scope_data, an integer as its digits.
ALTER TABLE integrations RENAME TO integrations_2;
CREATE TABLE integrations (
	id			INTEGER PRIMARY KEY,
	integration_id		TEXT NOT NULL,
	created_by		TEXT NOT NULL,
	unique_identifier	TEXT NOT NULL,
	name			TEXT NOT NULL,
	integration_type	TEXT NOT NULL,
	status			TEXT NOT NULL,
	active			INTEGER NOT NULL CHECK (active IN (0, 1)),
	has_auth_data		INTEGER NOT NULL CHECK (has_auth_data IN (0, 1)),
	has_scope_data		INTEGER NOT NULL CHECK (has_scope_data IN (0, 1)),
	created_at		TEXT NOT NULL,
	updated_at		TEXT NOT NULL,
	revision		INTEGER NOT NULL DEFAULT 1 CHECK (revision > 0),
	expires_at		TEXT,
	auth_print		BLOB,
	org_slug		TEXT,
	workspace_id		TEXT,
	metadata		TEXT NOT NULL,	-- as it is answered
	scope_data		TEXT,		-- as it was sent
	auth_data		BLOB,		-- the sealed box, never anything else
	UNIQUE (integration_id, created_by),
	UNIQUE (created_by, unique_identifier)
) STRICT;
INSERT INTO integrations
	SELECT id, integration_id, created_by, unique_identifier, name,
	    integration_type, status, active, has_auth_data, has_scope_data,
	    created_at, updated_at, 1, NULL, NULL,
	    (SELECT CASE type
		WHEN 'text' THEN nullif(value, '')
		WHEN 'integer' THEN CASE typeof(value)
		    WHEN 'integer' THEN CAST(value AS TEXT)
		    ELSE scope_data -> fullkey END
		END
		FROM json_each(scope_data) WHERE key = 'org_slug'
		ORDER BY json_each.id DESC LIMIT 1),
	    (SELECT CASE type
		WHEN 'text' THEN nullif(value, '')
		WHEN 'integer' THEN CASE typeof(value)
		    WHEN 'integer' THEN CAST(value AS TEXT)
		    ELSE scope_data -> fullkey END
		END
		FROM json_each(scope_data) WHERE key = 'workspace_id'
		ORDER BY json_each.id DESC LIMIT 1),
	    metadata, scope_data, auth_data
	FROM integrations_2 ORDER BY id;
DROP TABLE integrations_2;

-- The orders of lists, by type: who may see some types only reads no row of
-- another.
CREATE INDEX integrations_by_age ON integrations
	(created_by, integration_type, created_at, integration_id);
CREATE INDEX integrations_by_expiry ON integrations
	(created_by, integration_type, expires_at, integration_id)
	WHERE expires_at IS NOT NULL;

-- Of integrations whose auth_data was handed out, by their id.
CREATE TABLE reveals (
	id			INTEGER PRIMARY KEY,
	last_revealed_at	TEXT NOT NULL,
	reveal_count		INTEGER NOT NULL
) STRICT;

-- What comes out of boxes, expires_at and auth_print, is filled in afterwards,
-- from row to row: of those up to last the ones behind after are to be done.
-- No row: none is.
CREATE TABLE backfill (
	after			INTEGER NOT NULL,
	last			INTEGER NOT NULL
) STRICT;
INSERT INTO backfill SELECT 0, max(id) FROM integrations
	WHERE auth_data IS NOT NULL GROUP BY auth_data IS NOT NULL;

-- Who may refresh an integration's token now, by its id.
CREATE TABLE refresh_leases (
	id			INTEGER PRIMARY KEY,
	lease_id		TEXT NOT NULL,
	granted_at		TEXT NOT NULL,
	expires_at		TEXT NOT NULL
) STRICT;

-- What was answered to an Idempotency-Key. request and body are keyed hashes.
-- The answer comes last, for it may be long and the rest is read without it.
CREATE TABLE idempotency (
	id			INTEGER PRIMARY KEY,
	expires_at		TEXT NOT NULL,
	request			BLOB NOT NULL UNIQUE,
	body			BLOB NOT NULL,
	created_by		TEXT NOT NULL,
	integration_type	TEXT NOT NULL,
	etag			TEXT NOT NULL,
	answer			TEXT NOT NULL
) STRICT;

-- scopes, types: words with commas between them; types NULL: all. replaces:
-- the key that was rotated into this one. term: what expires_at was before the
-- key was rotated, which shortens it.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'save,read';
ALTER TABLE api_keys ADD COLUMN types TEXT;
ALTER TABLE api_keys ADD COLUMN replaces TEXT;
ALTER TABLE api_keys ADD COLUMN replaced_by TEXT;
ALTER TABLE api_keys ADD COLUMN term TEXT;
UPDATE api_keys SET term = expires_at;
CREATE INDEX api_keys_by_user ON api_keys (user, created_at, public_id);
CREATE TABLE key_uses (
	public_id		TEXT NOT NULL PRIMARY KEY,
	last_used_at		TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What was done, each row chained to the one before by a keyed hash. subject
-- says who did it to which members; where that was erased it is NULL, salt
-- and owner too. owner: a keyed hash of the user whose it is.
CREATE TABLE audit (
	seq			INTEGER PRIMARY KEY,
	chain_id		INTEGER NOT NULL,
	at			TEXT NOT NULL,
	action			TEXT NOT NULL,
	integration_id		TEXT,
	request_id		TEXT NOT NULL,
	owner			INTEGER,
	subject			TEXT,
	salt			BLOB,
	digest			BLOB NOT NULL CHECK (length(digest) = 32),
	hash			BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX audit_by_owner ON audit (owner, seq) WHERE owner IS NOT NULL;
-- The last of these says where the chain begins now.
CREATE INDEX audit_anchors ON audit (seq) WHERE action = 'prune';

PRAGMA user_version = 3;
