-- Schema version 2: a source says which machine recorded it, since only what this machine recorded is made a test that
-- imports something (origin.py). SQLite cannot change a unique constraint, so the table is made anew; ids stay.
create table source_2(
  id integer primary key autoincrement,
  service text not null,            -- resource attribute service.name
  resource text not null,           -- OTLP JSON: {"attributes": [KeyValue…], "schemaUrl": …}
  scope text not null,              -- OTLP JSON: {"name", "version", "attributes": [KeyValue…], "schemaUrl"}
  origin text not null,             -- mark of the machine that recorded it; empty: received, or not known
  used_ns integer not null,
  unique(service, resource, scope, origin)
);
insert into source_2 select id, service, resource, scope, '', used_ns from source;
-- No id is used twice, those of rows that retention took neither: a writer may still know them.
delete from sqlite_sequence where name = 'source_2';
insert into sqlite_sequence(name, seq) select 'source_2', seq from sqlite_sequence where name = 'source';
drop table source;
alter table source_2 rename to source;
