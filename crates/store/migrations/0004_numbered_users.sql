-- Users have numbers in the order in which they came. An index that ends with the number leads straight to the row,
-- where one that ended with the sub went through the index of subs. SQLite gives the number of the newest user anew if
-- that one is deleted. PostgreSQL has no index of the number alone, as it would walk that one through all pools to list
-- the users of one.
CREATE TABLE numbered_users (
  number INTEGER /*sqlite: PRIMARY KEY *//*postgres: GENERATED ALWAYS AS IDENTITY */,
  pool_id TEXT NOT NULL REFERENCES pools (id),
  sub TEXT NOT NULL,
  username TEXT NOT NULL,
  status TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  sign_outs INTEGER NOT NULL,
  version INTEGER NOT NULL,
  attributes TEXT NOT NULL,
  pending TEXT NOT NULL,
  password TEXT,
  mfa TEXT NOT NULL
  /*postgres: , PRIMARY KEY (pool_id, number) */
);
INSERT INTO numbered_users (pool_id, sub, username, status, enabled, created_at, updated_at, sign_outs, version,
  attributes, pending, password, mfa)
SELECT pool_id, sub, username, status, enabled, created_at, updated_at, sign_outs, version, attributes, pending,
  password, mfa FROM users ORDER BY pool_id, created_at, sub;
CREATE UNIQUE INDEX users_by_sub ON numbered_users (pool_id, sub);

CREATE TABLE numbered_attributes (
  pool_id TEXT NOT NULL,
  attribute TEXT NOT NULL,
  value TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (pool_id, attribute, value, number)
) /*sqlite: WITHOUT ROWID */;
INSERT INTO numbered_attributes (pool_id, attribute, value, number)
SELECT s.pool_id, s.attribute, s.value, u.number FROM searchable_attributes s
JOIN numbered_users u ON u.pool_id = s.pool_id AND u.sub = s.sub
ORDER BY s.pool_id, s.attribute, s.value, u.number;

DROP TABLE searchable_attributes;
DROP TABLE users;
ALTER TABLE numbered_attributes RENAME TO searchable_attributes;
ALTER TABLE numbered_users RENAME TO users;
/*sqlite: CREATE INDEX users_by_creation ON users (pool_id); */
CREATE INDEX users_by_status ON users (pool_id, status, number);
CREATE INDEX users_by_enabled ON users (pool_id, enabled, number);
