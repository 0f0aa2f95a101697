-- Schema version 8: calls older than the hot window may be in an archive.

-- The archive of this store; no row: none is in use.
create table archive(
  one integer primary key check(one = 1),
  url text not null,                -- file:///…, s3://…; without what is secret in it
  store_id text not null,           -- 16 hex digits: tells this store's parts from others' in the same place
  watermark integer not null,       -- span.id up to which all calls are in parts, or were deleted before
  set_ns integer not null           -- Unix time
);

create table archive_part(
  name text primary key,            -- path below the URL
  first_id integer not null, last_id integer not null, -- span.id, both ends within
  calls integer not null, errors integer not null,
  min_ns integer not null, max_ns integer not null,    -- starts, Unix time
  bytes integer not null,
  sha256 text not null,
  written_ns integer not null
) without rowid;
create index archive_part_by_time on archive_part(max_ns);

-- Calls that were deleted before they were archived, for want of room.
insert into tally values ('unarchived', 0, 0);
