-- Nothing changes but the number: a server of before would send by itself what functions send, and cannot read sign-ins
-- that functions lead, so that it must not serve this store.
UPDATE settings SET value = value WHERE 1 = 0;
