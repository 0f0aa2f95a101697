-- Schema version 23: what was forgotten on request is receipted, without saying what it was.
create table forgotten(
  id integer primary key autoincrement,
  begun_ns integer not null,        -- Unix time
  ended_ns integer,                 -- null: it was interrupted, and must be repeated
  until_ns integer not null,        -- everything recorded until then was searched
  actor text not null, via text not null,
  condition text not null,          -- salt:SHA-256 of the salt, the query and the range of time
  steps integer not null,           -- transactions that removed something: who copies rows compares the sum of all
  counts text not null,             -- JSON object: rows removed, by place
  remarks text not null             -- JSON array of texts: what may be left
);
alter table archive_replaced add column begun integer not null default 0; -- 1: a file that is being written, not entered yet
