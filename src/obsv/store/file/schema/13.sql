-- Schema version 13: log records, of which events are those with a name (OpenTelemetry's log data model).
create table log_record(
  id integer primary key autoincrement, -- order of arrival
  time_ns integer not null,         -- Unix time
  severity integer not null,        -- SeverityNumber, 1 to 24; 0: none was given
  severity_text text not null,
  event_name text not null,         -- empty: a log record without a name
  trace_id blob not null,           -- 16 bytes, or none
  span_id blob not null,            -- 8 bytes, or none
  process text not null,            -- the call in which it was made, as process_trace names it; empty: not known
  source_id integer not null,
  thread text not null,
  body text not null,               -- JSON
  attributes text not null,         -- JSON object
  digest blob not null unique,      -- of all of it: what is sent twice is stored once
  ts text generated always as (
    datetime(time_ns / 1000000000, 'unixepoch') || '.' || substr(time_ns / 1000 % 1000000 + 1000000, 2)
  ) virtual,
  trace text generated always as (lower(hex(trace_id))) virtual
);
create index log_by_ts on log_record(ts);
create index log_by_event on log_record(event_name, ts) where event_name <> '';
create index log_by_process on log_record(process, ts) where process <> '';
create index log_by_trace on log_record(trace, ts) where trace_id <> x'';
-- In two: what makes room for calls goes through the first before it comes to errors.
create index log_mild on log_record(ts) where severity < 17;
create index log_severe on log_record(ts) where severity >= 17;
create index log_by_source on log_record(source_id);

create view log as
select l.ts as ts, l.severity as severity_number, l.severity_text as severity_text, l.event_name as event_name,
  case json_type(l.body) when 'object' then l.body when 'array' then l.body else json_extract(l.body, '$') end as body,
  l.attributes as attributes, nullif(l.trace, '') as trace_id, nullif(lower(hex(l.span_id)), '') as span_id,
  nullif(l.process, '') as process, s.service as service, json_extract(s.scope, '$.name') as logger, l.thread as thread
from log_record l left join source s on s.id = l.source_id;
