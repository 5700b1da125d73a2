-- Refusals of strangers are summed up: an event says how many calls it stands for.
ALTER TABLE events ADD COLUMN times INTEGER NOT NULL DEFAULT 1;
