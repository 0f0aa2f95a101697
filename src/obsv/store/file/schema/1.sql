-- Schema version 1: one row a call. The values of a call are one JSON array in its row, their names and directions one
-- row each in signature_field, shared by every call of the same shape: a sixth of the rows, and 250 bytes a call
-- instead of 1,179 with a text row a value (docs/store.md has the measurements).
--
-- `used_ns` of an interned row is when a writer last looked it up, at most ten minutes before its last use.

-- Who made the span: an OTel resource and instrumentation scope, interned.
create table source(
  id integer primary key autoincrement,
  service text not null,            -- resource attribute service.name
  resource text not null,           -- OTLP JSON: {"attributes": [KeyValue…], "schemaUrl": …}
  scope text not null,              -- OTLP JSON: {"name", "version", "attributes": [KeyValue…], "schemaUrl"}
  used_ns integer not null,
  unique(service, resource, scope)
);

-- What was called. Rollups are kept by it.
create table process(
  id integer primary key autoincrement,
  name_id integer not null,         -- process_name
  name text not null,               -- module.qualname; a foreign span: its name
  service text not null,
  process_group text not null,
  kind integer not null,            -- OTLP SpanKind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer
  feed text,                        -- @monitor(feed=…)
  used_ns integer not null,
  unique(name, service, process_group, kind)
);

-- Names alone, since processes of several services or kinds may share one. A name is one row, so the planner knows that
-- the latest calls of a process are in order in the index span_by_name: no sort, whether it has fifty or a million.
create table process_name(
  id integer primary key autoincrement,
  name text not null unique,
  used_ns integer not null
);

-- The source text of a monitored function as it was when it ran.
create table code(
  id integer primary key autoincrement,
  process_id integer not null,
  file_path text not null,
  line_number integer not null,
  source_text text not null,
  digest blob not null,             -- of path, line and text: a short unique key
  used_ns integer not null,
  unique(process_id, digest)
);

-- What calls of one shape share: the process, its code, and the names of the values.
create table signature(
  id integer primary key autoincrement,
  process_id integer not null,
  code_id integer not null,         -- 0: not known
  fields text not null,             -- JSON: [[name, "INPUT"|"OUTPUT"], …]
  digest blob not null,             -- of fields: a short unique key
  used_ns integer not null,
  unique(process_id, code_id, digest)
);
create table signature_field(
  signature_id integer not null,
  position integer not null,
  path text not null,               -- '$[position]', what json_extract takes
  name text not null,
  data_type text not null,          -- INPUT or OUTPUT
  primary key(signature_id, position)
) without rowid;
create index signature_field_by_name on signature_field(name);

create table thread(
  id integer primary key autoincrement,
  thread_id integer not null,       -- semantic convention thread.id
  name text not null,               -- thread.name
  used_ns integer not null,
  unique(thread_id, name)
);

-- SQLite reads a row's columns from the first on, and what is after a long `data` on further pages: so what a scan of many
-- rows looks at comes before it, and the rest behind. A text search takes a tenth less time than with all of it before.
create table span(
  id integer primary key autoincrement, -- order of arrival, batch by batch; never used twice, so a tail can start from it
  start_ns integer not null,        -- Unix time
  duration_ns integer not null,
  status integer not null,          -- OTLP StatusCode: 0 unset, 1 ok, 2 error
  name_id integer not null,         -- process_name
  process_id integer not null,
  trace_id blob not null,           -- 16 bytes
  data text not null,               -- JSON array, one value a signature_field
  span_id blob not null,            -- 8 bytes
  parent_span_id blob,              -- 8 bytes
  signature_id integer not null,
  source_id integer not null,
  thread_id integer not null,       -- thread.id of this file, not of the system; 0: not known
  depth integer not null,           -- 0 for a root; of a foreign span: as far as known when it was written
  cpu_ns integer,                   -- @monitor(capture=dict(cpu=True))
  memory_bytes integer,             -- @monitor(capture=dict(memory=True))
  exception text,                   -- full traceback, redacted
  detail text,                      -- JSON, rare things: status message, events, links, trace state, flags, dropped counts
  ts text generated always as (
    datetime(start_ns / 1000000000, 'unixepoch') || '.' || substr(start_ns / 1000 % 1000000 + 1000000, 2)
  ) virtual,
  trace text generated always as (lower(hex(trace_id))) virtual,
  outcome text generated always as (case status when 2 then 'ERR' else 'OK' end) virtual
);
-- Retries and replays are exact by this; the text form lets `where trace_id = '…'` on the views use it.
create unique index span_by_trace on span(trace, span_id);
create index span_by_ts on span(ts);
-- For one process of several with that name, add `process_id = …`: its name_id is in `process`.
create index span_by_name on span(name_id, ts);
-- The same rows twice, for queries that say `status = 2` and for the views, which say `outcome = 'ERR'`.
create index span_errors on span(ts) where status = 2;
create index span_failed on span(ts) where outcome = 'ERR';
create index span_failed_by_name on span(name_id, ts) where outcome = 'ERR';

-- The public face. LEFT JOIN keeps span outermost (latest rows first, by index) until a condition on the name makes it an
-- inner join, whose order the planner then chooses: each documented query is an index walk.
create view process_trace as
select s.ts as ts, n.name as process, s.outcome as status,
  s.duration_ns / 1e6 as duration_ms, s.exception as exception, p.process_group as process_group,
  s.trace as trace_id, lower(hex(s.span_id)) as span_id, nullif(lower(hex(s.parent_span_id)), '') as parent_span_id,
  s.depth as depth, t.thread_id as thread_id, p.service as service
from span s left join process_name n on n.id = s.name_id left join process p on p.id = s.process_id
  left join thread t on t.id = s.thread_id;

create view data_trace as
select s.ts as ts, n.name as process, f.name as data, f.data_type as data_type,
  json_extract(s.data, f.path) as data_value, s.outcome as status,
  s.exception as exception, p.process_group as process_group, s.trace as trace_id, lower(hex(s.span_id)) as span_id
from span s left join process_name n on n.id = s.name_id left join process p on p.id = s.process_id
  cross join signature_field f
where f.signature_id = s.signature_id;

-- Rollups, kept in the transaction that writes the spans. minute = start, Unix time / 60 s; minute 0 = since the file
-- began, never lowered by retention: what a counter has to show. The minute comes first in every key, so that writing,
-- a window over all processes, and retention touch neighbouring rows; one process over a window is one look-up a minute.
-- Processes and edges share one table, and so do both histograms: one statement writes each. The views are what is read.
create table calls_minute(
  edge integer not null,            -- 0: all calls of a process; 1: those from one parent
  minute integer not null,
  parent_id integer not null,       -- process id of the caller; 0 where edge = 0
  process_id integer not null,
  count integer not null, errors integer not null, total_ns integer not null, max_ns integer not null,
  last_ns integer not null,         -- start of the latest call
  last_duration_ns integer not null,
  cpu_ns integer not null, memory_bytes integer not null,
  lag_ns integer not null,          -- the most that a call of it ended after its trace began, by the trace's id (lag.py)
  primary key(edge, minute, parent_id, process_id)
) without rowid;
create view process_minute as
select minute, process_id, count, errors, total_ns, max_ns, last_ns, cpu_ns, memory_bytes
from calls_minute where edge = 0 and parent_id = 0;
create view edge_minute as
select minute, parent_id, process_id, count, errors, total_ns, max_ns, last_ns, last_duration_ns
from calls_minute where edge = 1;
-- Durations, log-scaled: bucket b holds durations in (1.08^b, 1.08^(b+1)] ns; its geometric middle is within 4 %.
create table histogram(
  total integer not null,           -- 1: all processes together
  minute integer not null,
  process_id integer not null,      -- 0 where total = 1
  bucket integer not null, count integer not null,
  primary key(total, minute, process_id, bucket)
) without rowid;
create view process_histogram as select minute, process_id, bucket, count from histogram where total = 0;
-- The same over all processes: a percentile of everything in a window must not read a row a process, minute and bucket.
-- Its rows stand beside each other: a day of them is read in a tenth of the time of a walk past all processes' rows.
create view minute_histogram as select minute, bucket, count from histogram where total = 1;
-- Durations of failed calls since the file began, in the same buckets; never lowered by retention: /metrics shows them apart.
create table failure_histogram(
  process_id integer not null, bucket integer not null, count integer not null, total_ns integer not null,
  primary key(process_id, bucket)
) without rowid;
-- Requests between services since the file began, never lowered by retention. A request is a client's span and the
-- server's below it; each counts once a side, in the bucket of its duration (requests.py has the rules and the bounds).
create table request_total(
  client text not null, server text not null,
  connection text not null,         -- empty, database, messaging_system or virtual_node
  side integer not null,            -- 0: as the client measured it, 1: the server
  bucket integer not null, count integer not null, failed integer not null, total_ns integer not null,
  primary key(client, server, connection, side, bucket)
) without rowid;
-- One side of a request, for a minute, until the other one arrives.
create table request_half(
  id integer primary key autoincrement,
  trace_id blob not null, span_id blob not null, -- of the client's span
  side integer not null, service text not null, peer text not null, connection text not null,
  duration_ns integer not null, failed integer not null,
  arrived_ns integer not null
);
create index request_half_by_span on request_half(span_id, trace_id, side);
-- Spans whose parent had not arrived when they were written; the parent's arrival moves them into edge_minute.
create table orphan(
  id integer primary key autoincrement,
  trace_id blob not null, parent_span_id blob not null, process_id integer not null, start_ns integer not null,
  duration_ns integer not null, status integer not null
);
create index orphan_by_parent on orphan(parent_span_id, trace_id);

create table variable(
  process_id integer not null, name text not null, data_type text not null,
  last_value text,                  -- cut when very long
  last_ns integer not null,         -- start of the call that had it
  changed_ns integer not null,      -- when last_value was first seen in its present run
  repeats integer not null,         -- how many times in a row it has been seen again since
  updates integer not null,         -- how many times the variable has been seen at all
  primary key(process_id, name, data_type)
) without rowid;

create table feed(
  name text not null, process_id integer not null,
  last_ns integer not null,         -- start of the latest update
  interval_ns integer,              -- usual interval: exponentially weighted mean; null before the second update
  updates integer not null,
  primary key(name, process_id)
) without rowid;

-- What recording processes say about themselves, once a second.
create table recorder(
  id text primary key,              -- service.instance.id or host:pid:start
  service text not null, pid integer not null, host text not null, started_ns integer not null,
  updated_ns integer not null,
  state text not null,              -- OK, DELAYED, CIRCUIT OPEN
  stats text not null               -- JSON: obsv.stats()
) without rowid;

-- How far each spill file has been replayed, in the transaction that replays it: exactly once.
create table spill_progress(path text primary key, position integer not null, updated_ns integer not null) without rowid;

-- Inputs of failing calls kept exactly: pickled with capture=dict(args="exact"), else a JSON object of the texts of
-- those whose recorded values leave something open.
create table exact_input(
  trace_id blob not null, span_id blob not null, start_ns integer not null, pickle blob not null,
  primary key(trace_id, span_id)
) without rowid;
