-- strongroom, schema 2: master keys can be changed while the service runs.

-- active: new boxes are sealed with it; one key of each purpose is. old:
-- boxes may be left under it, and a process whose key file lacks the active
-- one may still add some. retired: no box is under it and none is taken any
-- more, so the key file need not have it.
ALTER TABLE master_keys RENAME TO master_keys_1;
CREATE TABLE master_keys (
	key_id		INTEGER PRIMARY KEY,
	purpose		TEXT NOT NULL CHECK (purpose IN ('hash', 'seal')),
	fingerprint	BLOB NOT NULL CHECK (length(fingerprint) = 32),
	created_at	TEXT NOT NULL,
	state		TEXT NOT NULL
			CHECK (state IN ('active', 'old', 'retired')),
	state_since	TEXT NOT NULL
) STRICT;
INSERT INTO master_keys
	SELECT key_id, purpose, fingerprint, created_at, 'active', created_at
	FROM master_keys_1;
DROP TABLE master_keys_1;
CREATE UNIQUE INDEX master_keys_active ON master_keys (purpose)
	WHERE state = 'active';

PRAGMA user_version = 2;
