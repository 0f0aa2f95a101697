-- Schema version 25: a trace can be kept beyond retention, as a store of its own: whatever reads a trace reads it.
create table kept_trace(
  id integer primary key,
  trace_id text not null unique,    -- 32 hex digits
  note text not null,
  kept_by text not null,            -- a user, or a program
  kept_ns integer not null,         -- Unix time
  process text not null, service text not null, -- of its first call
  start_ns integer not null, duration_ns integer not null,
  spans integer not null, errors integer not null, logs integer not null, -- how many of each
  exception text not null,          -- the last line of its first failure's; empty: there is none
  bytes integer not null,           -- of the two below
  span_ids blob not null,           -- 8 bytes each
  content blob not null             -- a database of this schema with these calls, compressed by zlib
);
