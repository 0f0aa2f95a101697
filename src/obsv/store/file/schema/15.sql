-- Schema version 15: decisions, their gates, their outcomes, and what would have come of the other way. They have an age
-- limit of their own: an outcome comes days later.
create table decision_made(
  id integer primary key autoincrement, -- order of arrival
  decision_id text not null unique, -- 32 hex digits, or what another sender calls it
  time_ns integer not null,         -- decision_time: of its last gate or input, Unix time
  duration_ns integer not null,
  kind text not null,
  subject text not null,
  mode text not null,
  verdict text not null,            -- pass, block; error: an exception left it
  action text not null,             -- what was done; empty: nothing was said
  actor text not null,              -- id of the artifact that decided
  policy text not null,             -- hash of the rules that held
  is_shadow integer not null,       -- 1: decided for comparison, not acted upon
  refused_by text not null,         -- the first gate that refused
  refusals integer not null,        -- how many did, shadows too
  judgement text not null default '', -- of the refusal, by its latest counterfactual
  trace_id blob not null,           -- 16 bytes, or none
  span_id blob not null,            -- 8 bytes, or none: of the decision's own span
  service text not null,
  inputs text not null,             -- JSON: {name: {"value": …, "as_of": Unix time in ns, or missing}}
  attributes text not null,         -- JSON object
  violations text not null,         -- JSON array of texts: which rules of time it breaks
  exception text,
  ts text generated always as (
    datetime(time_ns / 1000000000, 'unixepoch') || '.' || substr(time_ns / 1000 % 1000000 + 1000000, 2)
  ) virtual,
  trace text generated always as (lower(hex(trace_id))) virtual
);
create index decision_by_time on decision_made(time_ns);
create index decision_by_kind on decision_made(kind, mode, verdict, time_ns);
create index decision_by_subject on decision_made(subject, time_ns) where subject <> '';
create index decision_by_refusal on decision_made(refused_by, time_ns, kind, mode, judgement) where refused_by <> '';
create index decision_by_trace on decision_made(trace) where trace_id <> x'';
create index decision_violating on decision_made(time_ns) where violations <> '[]';

-- Names of gates: each in each mode of each kind of decision.
create table gate(
  id integer primary key, kind text not null, mode text not null, name text not null, unique(kind, mode, name)
);
create table gate_value(
  made integer not null,            -- decision_made.id
  position integer not null,        -- order of evaluation, from 1
  gate_id integer not null,
  time_ns integer not null,         -- of the decision
  passed integer not null,
  is_shadow integer not null,       -- 1: evaluated after a refusal had decided
  observed,                         -- number or text
  op text not null,
  threshold,                        -- number, text, or JSON
  margin real,                      -- distance to the threshold, positive where it passed; null: not numbers
  margin_share real,                -- the same as a share of the threshold
  latency_ns integer,
  version text not null,
  text text not null,               -- explanation; empty: the usual one
  primary key(made, position)
) without rowid;
-- All that the page of gates asks: 100,000 look-ups of rows would take 200 ms.
create index gate_value_by_gate on gate_value(gate_id, time_ns, is_shadow, passed, margin, observed, op, threshold);

-- Counts by hour of the decision's time: 600,000 rows take half a second to count.
create table gate_hour(
  gate_id integer not null, hour integer not null, -- Unix time / 3600 s
  seen integer not null, passed integer not null,
  evaluated integer not null, evaluated_passed integer not null, -- those that decided
  primary key(gate_id, hour)
) without rowid;

create table outcome_seen(
  id integer primary key autoincrement,
  digest blob not null unique,      -- of all of it: what is sent twice is stored once
  decision_id text not null,        -- may come before its decision
  time_ns integer not null,         -- when it was observed
  cutoff_ns integer,                -- label_cutoff: up to when the result was measured
  method text not null,             -- empty: what came of it. Else how the other way was found: shadow, replay, …
  alternative text not null,        -- what would have been done
  judgement text not null,          -- of a refusal: good, bad, neutral; empty: none
  metrics text not null,            -- JSON object
  service text not null,
  violations text not null          -- JSON array of texts
);
create index outcome_by_decision on outcome_seen(decision_id, method, time_ns);
create index outcome_by_time on outcome_seen(time_ns);

create view decision as
select d.ts as ts, d.decision_id as decision_id, d.kind as kind, d.subject as subject, d.mode as mode,
  d.verdict as verdict, d.action as action, nullif(d.actor, '') as actor, nullif(d.policy, '') as policy,
  d.is_shadow as shadow, nullif(d.refused_by, '') as refused_by, d.duration_ns / 1e6 as duration_ms, d.inputs as inputs,
  d.attributes as attributes, d.violations as violations, d.exception as exception, nullif(d.trace, '') as trace_id,
  nullif(lower(hex(d.span_id)), '') as span_id, d.service as service
from decision_made d;

create view gate_result as
select d.ts as ts, d.decision_id as decision_id, d.kind as kind, d.subject as subject, d.mode as mode, g.name as gate,
  nullif(v.version, '') as version, v.position as position, v.observed as observed, v.op as op,
  v.threshold as threshold, v.margin as margin, v.margin_share as margin_share, v.passed as passed,
  iif(v.is_shadow, 'shadow', 'evaluated') as state, v.latency_ns as latency_ns,
  coalesce(nullif(v.text, ''), printf('%s: %s %s %s %s', g.name,
    iif(typeof(v.observed) = 'real', printf('%!.6g', v.observed), v.observed), v.op,
    iif(typeof(v.threshold) = 'real', printf('%!.6g', v.threshold), v.threshold),
    iif(v.passed, 'holds', 'does not hold'))) as text
from gate_value v join gate g on g.id = v.gate_id join decision_made d on d.id = v.made;

-- The rules of time are checked again here, where a result meets its decision, which may have come later.
create view outcome_checked as
select o.id as id, o.decision_id as decision_id, o.time_ns as time_ns, o.cutoff_ns as cutoff_ns, o.method as method,
  o.alternative as alternative, o.judgement as judgement, o.metrics as metrics, o.service as service,
  datetime(o.time_ns / 1000000000, 'unixepoch') || '.' || substr(o.time_ns / 1000 % 1000000 + 1000000, 2) as ts,
  datetime(o.cutoff_ns / 1000000000, 'unixepoch') || '.' || substr(o.cutoff_ns / 1000 % 1000000 + 1000000, 2)
    as label_cutoff,
  iif(json_type(o.metrics, '$.pnl') in ('integer', 'real'), json_extract(o.metrics, '$.pnl'), null) as pnl,
  iif(json_type(o.metrics, '$.pnl_bps') in ('integer', 'real'), json_extract(o.metrics, '$.pnl_bps'), null) as pnl_bps,
  d.id as made, d.ts as decision_ts, d.kind as kind, d.subject as subject, d.mode as mode, d.verdict as verdict,
  d.is_shadow as is_shadow, d.refused_by as refused_by,
  case
    when coalesce(o.cutoff_ns, o.time_ns) < d.time_ns
      then json_insert(o.violations, '$[#]', 'label_cutoff is before decision_time')
    when d.violations <> '[]' then json_insert(o.violations, '$[#]', 'the decision breaks a rule of time')
    else o.violations
  end as violations
from outcome_seen o left join decision_made d on d.decision_id = o.decision_id;

create view outcome as
select ts, decision_id, decision_ts, kind, subject, mode, verdict, label_cutoff, pnl, pnl_bps, metrics, violations,
  service
from outcome_checked where method = '';

create view counterfactual as
select ts, decision_id, decision_ts, kind, subject, mode, nullif(refused_by, '') as refused_by, method, alternative,
  nullif(judgement, '') as judgement, label_cutoff, pnl, pnl_bps, metrics, violations, service
from outcome_checked where method <> '';

-- What broke a schema or a rule of time, for alert rules: few rows, each found by an index.
create view violation as
select ts, 'decision' as source, kind as name, decision_id, violations, service from decision_made
where violations <> '[]'
union all
select ts, iif(method = '', 'outcome', 'counterfactual'), kind, decision_id, violations, service from outcome_checked
where violations <> '[]'
union all
select ts, 'event', json_extract(attributes, '$.schema'), null, json_extract(attributes, '$.violations'), service
from log where event_name = 'obsv.violation';

-- Trading: decisions of the kinds entry and trade.
create view trade as
select d.ts as ts, d.decision_id as decision_id, d.subject as symbol, d.mode as mode,
  json_extract(d.attributes, '$.side') as side, json_extract(d.attributes, '$.quantity') as quantity,
  json_extract(d.attributes, '$.price') as price, d.action as action, nullif(d.actor, '') as actor,
  nullif(d.policy, '') as policy, nullif(d.trace, '') as trace_id, d.violations as violations
from decision_made d where d.kind in ('entry', 'trade') and d.verdict = 'pass' and not d.is_shadow;

create view trade_feature as
select d.ts as ts, d.decision_id as decision_id, d.subject as symbol, d.mode as mode, i.key as feature,
  json_extract(i.value, '$.value') as value,
  datetime(json_extract(i.value, '$.as_of') / 1000000000, 'unixepoch') || '.'
    || substr(json_extract(i.value, '$.as_of') / 1000 % 1000000 + 1000000, 2) as as_of
from decision_made d, json_each(d.inputs) i where d.kind in ('entry', 'trade');

-- The latest outcome of each trade: what comes late replaces what came before.
create view trade_outcome as
select o.ts as ts, o.decision_id as decision_id, o.decision_ts as decision_ts, o.subject as symbol, o.mode as mode,
  o.pnl as pnl, o.pnl_bps as pnl_bps, o.pnl > 0 as won, json_extract(o.metrics, '$.exit_price') as exit_price,
  json_extract(o.metrics, '$.exit_reason') as exit_reason, o.label_cutoff as label_cutoff, o.metrics as metrics,
  o.violations as violations
from outcome_checked o
where o.method = '' and o.kind in ('entry', 'trade') and o.verdict = 'pass' and not o.is_shadow and o.id = (
  select l.id from outcome_seen l where l.decision_id = o.decision_id and l.method = ''
  order by l.time_ns desc, l.id desc limit 1);

-- What was refused, and the latest that is known of how it would have gone.
create view shadow_trade as
select d.ts as ts, d.decision_id as decision_id, d.subject as symbol, d.mode as mode,
  nullif(d.refused_by, '') as gate, d.is_shadow as shadow, o.method as method, o.pnl as pnl, o.pnl_bps as pnl_bps,
  nullif(o.judgement, '') as judgement, o.label_cutoff as label_cutoff, o.metrics as metrics,
  coalesce(o.violations, d.violations) as violations
from decision_made d left join outcome_checked o on o.id = (
  select l.id from outcome_seen l where l.decision_id = d.decision_id and (l.method <> '' or d.is_shadow)
  order by l.time_ns desc, l.id desc limit 1)
where d.kind in ('entry', 'trade') and (d.verdict = 'block' or d.is_shadow);

create view win_rate_by_mode as
select mode, count(*) as trades, sum(won) as wins, count(*) - sum(won) as losses, avg(won) as win_rate, sum(pnl) as pnl,
  avg(pnl) as average_pnl
from trade_outcome where pnl is not null and violations = '[]' group by mode;

create view shadow_trade_summary as
select mode, gate, count(*) as blocked, count(judgement) as judged, count(*) filter (where judgement = 'good') as good_blocks,
  count(*) filter (where judgement = 'bad') as bad_blocks, count(*) filter (where judgement = 'neutral') as neutral_blocks,
  sum(pnl) as pnl
from shadow_trade where gate is not null group by mode, gate;
