-- Events are read in the order of their ids. An index by user is written at another place for each event, which was most
-- of what storing one cost; and whoever asked for a pool by it had all of its events sorted anew for each page.
DROP INDEX events_of_user;
