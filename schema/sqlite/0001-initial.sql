-- strongroom, schema 1.
-- Columns bear the names of the members of the API. Moments are UTC text,
-- YYYY-MM-DDTHH:MM:SS.ffffff, so that comparing bytes compares moments.

-- Which keys of the key file this database was sealed with. A fingerprint
-- proves that a key file is the right one and reveals nothing of the key.
CREATE TABLE master_keys (
	key_id		INTEGER PRIMARY KEY,
	purpose		TEXT NOT NULL CHECK (purpose IN ('hash', 'seal')),
	fingerprint	BLOB NOT NULL CHECK (length(fingerprint) = 32),
	created_at	TEXT NOT NULL
) STRICT;

CREATE TABLE api_keys (
	key_hash	BLOB NOT NULL PRIMARY KEY CHECK (length(key_hash) = 32),
	public_id	TEXT NOT NULL UNIQUE,
	user		TEXT NOT NULL,
	name		TEXT,
	created_at	TEXT NOT NULL,
	expires_at	TEXT,
	revoked_at	TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE integrations (
	id			INTEGER PRIMARY KEY,
	integration_id		TEXT NOT NULL UNIQUE,
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
	metadata		TEXT NOT NULL,	-- as it is answered
	scope_data		TEXT,		-- as it was sent
	auth_data		BLOB,		-- the sealed box, never anything else
	UNIQUE (created_by, unique_identifier)
) STRICT;

PRAGMA user_version = 1;
