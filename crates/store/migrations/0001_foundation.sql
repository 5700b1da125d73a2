-- Times are milliseconds since 1970. Documents are JSON. Sealed values are encrypted under the master key.

CREATE TABLE pools (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  document TEXT NOT NULL
);

CREATE TABLE clients (
  id TEXT PRIMARY KEY,
  pool_id TEXT NOT NULL REFERENCES pools (id),
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  document TEXT NOT NULL
);
CREATE INDEX clients_of_pool ON clients (pool_id, id);

-- A pool signs ID and access tokens with different keys.
CREATE TABLE signing_keys (
  kid TEXT PRIMARY KEY,
  pool_id TEXT NOT NULL REFERENCES pools (id),
  token_use TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  signs_from INTEGER NOT NULL,
  retired_at INTEGER,
  public_key TEXT NOT NULL,
  sealed_key BLOB NOT NULL
);
CREATE INDEX signing_keys_of_pool ON signing_keys (pool_id);

CREATE TABLE users (
  pool_id TEXT NOT NULL REFERENCES pools (id),
  sub TEXT NOT NULL,
  username TEXT NOT NULL,
  status TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  signed_out_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  attributes TEXT NOT NULL,
  pending TEXT NOT NULL,
  password TEXT,
  mfa TEXT NOT NULL,
  PRIMARY KEY (pool_id, sub)
);
CREATE INDEX users_by_status ON users (pool_id, status, sub);
CREATE INDEX users_by_enabled ON users (pool_id, enabled, sub);

-- Every name by which a user signs in, folded: of two users a name means one.
CREATE TABLE sign_in_names (
  pool_id TEXT NOT NULL,
  name TEXT NOT NULL,
  sub TEXT NOT NULL,
  PRIMARY KEY (pool_id, name)
) /*sqlite: WITHOUT ROWID */;

-- The attributes that ListUsers searches, in lower case but for the user name.
CREATE TABLE searchable_attributes (
  pool_id TEXT NOT NULL,
  attribute TEXT NOT NULL,
  value TEXT NOT NULL,
  sub TEXT NOT NULL,
  PRIMARY KEY (pool_id, attribute, value, sub)
) /*sqlite: WITHOUT ROWID */;

CREATE TABLE groups (
  pool_id TEXT NOT NULL REFERENCES pools (id),
  name TEXT NOT NULL,
  description TEXT,
  role_arn TEXT,
  precedence INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (pool_id, name)
);

CREATE TABLE group_members (
  pool_id TEXT NOT NULL,
  sub TEXT NOT NULL,
  group_name TEXT NOT NULL,
  PRIMARY KEY (pool_id, sub, group_name)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX group_members_by_group ON group_members (pool_id, group_name, sub);

-- A refresh token and its descendants are one row.
CREATE TABLE grants (
  id TEXT PRIMARY KEY,
  pool_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  sub TEXT NOT NULL,
  authenticated_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  nonce BLOB NOT NULL,
  generation INTEGER NOT NULL,
  previous_until INTEGER,
  document TEXT NOT NULL
);
CREATE INDEX grants_by_expiry ON grants (expires_at);

-- Everything short-lived and single-use; the key is a hash of what the client holds.
CREATE TABLE tickets (
  kind TEXT NOT NULL,
  id BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  tries_left INTEGER NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

-- What was sealed into the client's hands and has been used.
CREATE TABLE spent (
  id BLOB PRIMARY KEY,
  expires_at INTEGER NOT NULL
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX spent_by_expiry ON spent (expires_at);

-- Failures and requests that are limited, by a key that names user and kind.
CREATE TABLE attempts (
  id BLOB PRIMARY KEY,
  count INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) /*sqlite: WITHOUT ROWID */;
CREATE INDEX attempts_by_time ON attempts (last_at);

CREATE TABLE outbox (
  id TEXT PRIMARY KEY,
  pool_id TEXT NOT NULL,
  username TEXT NOT NULL,
  recipient TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  next_try_at INTEGER,
  tries INTEGER NOT NULL,
  delivered_at INTEGER,
  last_error TEXT,
  sealed BLOB NOT NULL
);
CREATE INDEX outbox_due ON outbox (next_try_at);
CREATE INDEX outbox_by_recipient ON outbox (recipient, id);
CREATE INDEX outbox_by_username ON outbox (username, id);

-- Single values of the installation.
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

-- Who may administer, and what.
CREATE TABLE access_keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER,
  last_used_at INTEGER,
  policy TEXT NOT NULL,
  sealed_secret BLOB NOT NULL
);

-- What administrators and users did. The ids grow with time.
CREATE TABLE events (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  operation TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT,
  pool_id TEXT,
  client_id TEXT,
  sub TEXT,
  username TEXT,
  actor_kind TEXT NOT NULL,
  actor TEXT,
  address TEXT,
  user_agent TEXT
);
CREATE INDEX events_of_user ON events (pool_id, sub, id);
