-- How far the records of each recording process are stored, in the transaction that stores them: exactly once.
create table ring(
  ring text primary key,            -- name of its directory beside the database
  calls integer not null,           -- position in its calls: segment << 32 | offset
  errors integer not null,          -- likewise
  stored integer not null,          -- rows made of them
  unreadable integer not null,      -- records that no row could be made of
  open_at integer,                  -- position in its calls at which `open` is right
  open blob,                        -- begin records of calls that had not ended there: their segments are given back
  updated_ns integer not null
) without rowid;
