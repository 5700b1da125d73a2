-- Whose a ticket is, so that it goes with its user or pool; and to which mailbox or phone its code went, hashed, so that
-- those of unconfirmed users can be bounded together. Tickets from before end by themselves within a day.
ALTER TABLE tickets ADD COLUMN pool_id TEXT;
ALTER TABLE tickets ADD COLUMN sub TEXT;
ALTER TABLE tickets ADD COLUMN mailbox BLOB;
CREATE INDEX tickets_by_owner ON tickets (pool_id, sub);
CREATE INDEX tickets_by_mailbox ON tickets (pool_id, mailbox, expires_at);
-- A keyed hash of the mailbox that a message goes to, whatever follows a plus sign in the address: what one person is
-- sent counts together, also when the user whom it was sent to is gone.
ALTER TABLE outbox ADD COLUMN mailbox BLOB;
CREATE INDEX outbox_by_mailbox ON outbox (mailbox, id);
CREATE INDEX outbox_by_owner ON outbox (pool_id, username);
-- By which of the addresses the user was named, where addresses are the names: the other one is a name only when it is
-- verified. Users from before keep the names that they have.
ALTER TABLE users ADD COLUMN named_by TEXT;
