-- Schema version 17: who changed what. A row is written in the transaction of the change.
create table audit(
  id integer primary key autoincrement,
  at_ns integer not null,           -- Unix time
  actor text not null,              -- name of a user, or of a program
  role text not null,               -- viewer, editor, admin
  via text not null,                -- app, api, command, program
  action text not null,
  subject text not null,            -- what was changed
  detail text not null,
  ts text generated always as (
    datetime(at_ns / 1000000000, 'unixepoch') || '.' || substr(at_ns / 1000 % 1000000 + 1000000, 2)
  ) virtual
);
create index audit_by_time on audit(at_ns);
