-- Schema version 4: how long calls are kept, how large the file may be and who may read it are properties of the store,
-- not of the program that happens to write it; and what is gone is counted.

create table setting(
  name text primary key,            -- max_age_ns, max_bytes, file_mode; one that is not here has its default
  value integer,                    -- null: no limit
  set_ns integer not null           -- Unix time
) without rowid;

-- Calls that retention has deleted: ever recorded (calls_minute, minute 0) less this is what the file holds.
create table tally(name text primary key, calls integer not null, errors integer not null) without rowid;
insert into tally select 'deleted',
  (select coalesce(sum(count), 0) from calls_minute where edge = 0 and minute = 0) - (select count(*) from span),
  (select coalesce(sum(errors), 0) from calls_minute where edge = 0 and minute = 0)
    - (select count(*) from span where status = 2);

-- Files that were damaged or taken away while a program wrote to them.
create table loss(
  id integer primary key autoincrement,
  at_ns integer not null,           -- when it was noticed, Unix time
  reason text not null,
  put_aside text,                   -- name of the damaged file beside this one; null: it is gone
  calls integer, errors integer     -- that the file held; null: not known
);
