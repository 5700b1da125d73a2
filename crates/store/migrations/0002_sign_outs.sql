-- Sign-outs from everywhere are counted: by their time, a node whose clock is off would end a later sign-in or spare
-- an earlier one.
ALTER TABLE users ADD COLUMN sign_outs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN sign_outs INTEGER NOT NULL DEFAULT 0;

UPDATE users SET sign_outs = 1 WHERE signed_out_at > 0;
UPDATE grants SET sign_outs = 1 WHERE EXISTS (
  SELECT 1 FROM users u WHERE u.pool_id = grants.pool_id AND u.sub = grants.sub
  AND u.signed_out_at > 0 AND u.signed_out_at < grants.authenticated_at
);

ALTER TABLE users DROP COLUMN signed_out_at;
