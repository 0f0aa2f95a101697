-- Schema version 14: artifacts are identified by the SHA-256 of their bytes; who registered them, when and why is kept.
create table registration(
  id integer primary key autoincrement, -- in order of time: the audit
  artifact_id text not null,        -- SHA-256, 64 hex digits
  at_ns integer not null,           -- Unix time
  kind text not null,               -- model, config, data, or another word
  name text not null,
  size integer not null,            -- bytes; of a directory, of all its files
  location text not null,           -- absolute path on that host; empty: bytes that were given
  form text not null,               -- bytes, file, directory, or json: a mapping as canonical JSON
  meta text not null,               -- JSON object, secrets masked
  content text,                     -- JSON of a configuration, secrets masked; null: another kind, or unreadable
  who text not null, host text not null, service text not null, why text not null,
  git_commit text not null,         -- empty: no work tree
  git_dirty integer                 -- whether a tracked file differed from the index; null: not known
);
create index registration_by_artifact on registration(artifact_id, id);
create index registration_by_name on registration(name, id);

create table artifact_parent(
  artifact_id text not null, parent_id text not null, -- which need not be registered itself
  primary key(artifact_id, parent_id)
) without rowid;
create index artifact_child on artifact_parent(parent_id);

-- An artifact as it was registered last.
create view artifact as
select datetime(r.at_ns / 1000000000, 'unixepoch') || '.' || substr(r.at_ns / 1000 % 1000000 + 1000000, 2) as ts,
  r.artifact_id as artifact_id, r.kind as kind, r.name as name, r.size as size, r.location as location, r.meta as meta,
  r.who as who, r.host as host, r.service as service, r.why as why, nullif(r.git_commit, '') as git_commit,
  r.git_dirty as git_dirty,
  (select json_group_array(parent_id) from artifact_parent p where p.artifact_id = r.artifact_id) as parents,
  (select count(*) from registration o where o.artifact_id = r.artifact_id) as registrations
from registration r where r.id = (select max(id) from registration o where o.artifact_id = r.artifact_id);
