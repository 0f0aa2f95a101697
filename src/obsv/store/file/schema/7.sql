-- Schema version 7: errors are one group a cause, counted where they began; groups, and the versions that recorded
-- programs had, outlive the calls.

-- The versions of services, in the order in which this file first saw them: none is compared by its name or date.
create table version(
  id integer primary key autoincrement,
  service text not null,
  name text not null,               -- as kind says
  kind text not null,               -- version (service.version), commit, or code (digest of recorded functions)
  first_ns integer not null,        -- Unix time
  last_ns integer not null,
  unique(service, name)
);

-- What somebody says happened: a deployment, a change of settings.
create table deploy(
  id integer primary key autoincrement,
  at_ns integer not null, name text not null,
  service text not null,            -- empty: of all
  note text not null
);

create table error_group(
  id integer primary key autoincrement,
  fingerprint text not null unique, -- v1:… (fingerprint.py says of what)
  type text not null,               -- the class that was raised
  title text not null,              -- what was raised, of the latest error, first line
  process text not null,            -- name of the call where the latest began
  service text not null,
  why text not null,                -- JSON: what was compared
  count integer not null,           -- errors, once each, at the call where they began
  escaped integer not null,         -- of these, those that left the outermost recorded call
  first_ns integer not null, last_ns integer not null,
  first_version_id integer not null, last_version_id integer not null, -- 0: not known
  first_sample text not null,       -- JSON: the call as it was, with its values and traceback, within bounds
  latest_sample text not null,
  status text not null default 'open', -- open, resolved or ignored
  status_ns integer not null default 0, -- since when
  resolved_version_id integer not null default 0, -- returns in versions first seen after it; 0: at any error after status_ns
  ignored_until_ns integer,         -- null: for ever
  returned_ns integer,              -- when it last came back
  merged_into integer,              -- the group that it is shown with; that one is never merged itself
  split_by text,                    -- 'message': errors of other messages are groups of their own
  note text not null default ''
);
create index error_group_by_last on error_group(last_ns);
create index error_group_merged on error_group(merged_into) where merged_into is not null;

create table error_minute(
  group_id integer not null, minute integer not null, count integer not null,
  primary key(group_id, minute)
) without rowid;

-- The calls where errors began, as far as retention has left them.
create table error_call(
  group_id integer not null, start_ns integer not null, trace_id blob not null, span_id blob not null,
  primary key(group_id, start_ns, trace_id, span_id)
) without rowid;

-- What happened to groups: whoever tells people reads on from the last id that it knows.
create table error_event(
  id integer primary key autoincrement,
  at_ns integer not null,           -- start of the call
  group_id integer not null,
  kind text not null,               -- new, or returned
  trace_id text not null, span_id text not null -- of the call, hex
);
