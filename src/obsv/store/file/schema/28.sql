-- Schema version 28: received metrics: series, their latest points as rows, older ones packed: 64 bytes a point become 8.
create table metric_series(
  id integer primary key,
  digest blob not null unique,      -- 16 bytes, of everything that follows
  service text not null,
  source_id integer not null,
  name text not null, unit text not null, description text not null,
  kind text not null,               -- gauge, sum, histogram, exponential histogram or summary
  temporality text not null,        -- delta or cumulative; empty: it has none
  is_monotonic integer not null,
  bounds text not null,             -- JSON array of a histogram's bounds
  attributes text not null          -- JSON object
);
create index metric_by_service on metric_series(service, name);
create index metric_by_name on metric_series(name);
create index metric_by_source on metric_series(source_id);
create table metric_point(
  series_id integer not null,
  time_ns integer not null,         -- Unix time
  start_ns integer not null,        -- Unix time from which on it counts; 0: not told
  value,                            -- a number; of other kinds a JSON array (store/ground/metrics.py); null: no value
  primary key(series_id, time_ns)
) without rowid;
create table metric_chunk(
  id integer primary key autoincrement, -- the oldest go first
  series_id integer not null,
  first_ns integer not null, last_ns integer not null,
  points blob not null              -- see store/ground/metrics.py
);
create index metric_chunk_by_series on metric_chunk(series_id, last_ns);
create table metric_left_out(
  service text primary key,
  points integer not null,          -- of series for which there was no room
  last_ns integer not null          -- Unix time
);
-- What was forgotten in a series must not be told by a digest that can be compared with guesses.
create trigger metric_series_changed after update of name, description, attributes on metric_series begin
  update metric_series set digest = randomblob(16) where id = new.id;
end;
create view metric as
select datetime(p.time_ns / 1000000000, 'unixepoch') || '.' || substr(p.time_ns / 1000 % 1000000 + 1000000, 2) as ts,
  s.service as service, s.name as metric, s.kind as kind, s.unit as unit, s.attributes as attributes, p.value as value
from metric_series s join metric_point p on p.series_id = s.id
where p.time_ns = (select max(l.time_ns) from metric_point l where l.series_id = s.id);
