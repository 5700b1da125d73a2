-- A list of all users comes in the order in which they came: so a page of it lies together in the table.
CREATE INDEX users_by_creation ON users (pool_id, created_at, sub);
