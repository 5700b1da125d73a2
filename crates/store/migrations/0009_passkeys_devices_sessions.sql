-- The passkeys of users, found by what an authenticator names, and listed by user.
CREATE TABLE passkeys (
  pool_id TEXT NOT NULL,
  credential_id BLOB NOT NULL,
  sub TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  sign_count INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (pool_id, credential_id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX passkeys_of_user ON passkeys (pool_id, sub, created_at);

-- The devices of users. A key means a device of its user alone.
CREATE TABLE devices (
  pool_id TEXT NOT NULL,
  sub TEXT NOT NULL,
  device_key TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (pool_id, sub, device_key)
) /*sqlite: WITHOUT ROWID */;

-- The device that a grant belongs to; and when it was last used, kept where the pool tracks sessions.
ALTER TABLE grants ADD COLUMN device_key TEXT;
ALTER TABLE grants ADD COLUMN last_active_at INTEGER;
CREATE INDEX grants_of_devices ON grants (pool_id, sub, device_key) WHERE device_key IS NOT NULL;
CREATE INDEX grants_of_sessions ON grants (pool_id, sub, last_active_at) WHERE last_active_at IS NOT NULL;
