-- Events are read in the order of their ids only. An index of users, which is written at another place for each event,
-- cost most of what storing one costs, and no question was answered by it.
DROP INDEX events_of_user;
