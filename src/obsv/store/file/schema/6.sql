-- Schema version 6: how far the store has been sent on, by receiver.
create table sent(
  target text primary key,          -- the endpoint, without what is secret in it
  position integer not null,        -- span.id of the last one that the receiver has
  spans integer not null,           -- that it took since the cursor began
  rejected integer not null,        -- of those, the ones that it turned away
  begun_after integer not null,     -- how many calls were gone when the cursor began
  updated_ns integer not null       -- Unix time
) without rowid;
