-- Schema version 24: views of the journal have the time as a number: a window is found by the index of times, and a gate's
-- figures from the index of its values alone. A daily report on 100,000 decisions took 21 s of the processor.

drop view decision;
create view decision as
select d.ts as ts, d.decision_id as decision_id, d.kind as kind, d.subject as subject, d.mode as mode,
  d.verdict as verdict, d.action as action, nullif(d.actor, '') as actor, nullif(d.policy, '') as policy,
  d.is_shadow as shadow, nullif(d.refused_by, '') as refused_by, d.duration_ns / 1e6 as duration_ms, d.inputs as inputs,
  d.attributes as attributes, d.violations as violations, d.exception as exception, nullif(d.trace, '') as trace_id,
  nullif(lower(hex(d.span_id)), '') as span_id, d.service as service, d.time_ns as time_ns
from decision_made d;

-- A left join is left out where nothing of the decision is asked for.
drop view gate_result;
create view gate_result as
select datetime(v.time_ns / 1000000000, 'unixepoch') || '.' || substr(v.time_ns / 1000 % 1000000 + 1000000, 2) as ts,
  d.decision_id as decision_id, g.kind as kind, d.subject as subject, g.mode as mode, g.name as gate,
  nullif(v.version, '') as version, v.position as position, v.observed as observed, v.op as op,
  v.threshold as threshold, v.margin as margin, v.margin_share as margin_share, v.passed as passed,
  iif(v.is_shadow, 'shadow', 'evaluated') as state, v.latency_ns as latency_ns,
  coalesce(nullif(v.text, ''), printf('%s: %s %s %s %s', g.name,
    iif(typeof(v.observed) = 'real', printf('%!.6g', v.observed), v.observed), v.op,
    iif(typeof(v.threshold) = 'real', printf('%!.6g', v.threshold), v.threshold),
    iif(v.passed, 'holds', 'does not hold'))) as text, v.time_ns as time_ns
from gate_value v join gate g on g.id = v.gate_id left join decision_made d on d.id = v.made;

drop view outcome;
create view outcome as
select ts, decision_id, decision_ts, kind, subject, mode, verdict, label_cutoff, pnl, pnl_bps, metrics, violations,
  service, time_ns as time_ns
from outcome_checked where method = '';

drop view counterfactual;
create view counterfactual as
select ts, decision_id, decision_ts, kind, subject, mode, nullif(refused_by, '') as refused_by, method, alternative,
  nullif(judgement, '') as judgement, label_cutoff, pnl, pnl_bps, metrics, violations, service, time_ns as time_ns
from outcome_checked where method <> '';

drop view trade;
create view trade as
select d.ts as ts, d.decision_id as decision_id, d.subject as symbol, d.mode as mode,
  json_extract(d.attributes, '$.side') as side, json_extract(d.attributes, '$.quantity') as quantity,
  json_extract(d.attributes, '$.price') as price, d.action as action, nullif(d.actor, '') as actor,
  nullif(d.policy, '') as policy, nullif(d.trace, '') as trace_id, d.violations as violations, d.time_ns as time_ns
from decision_made d where d.kind in ('entry', 'trade') and d.verdict = 'pass' and not d.is_shadow;

drop view trade_outcome;
create view trade_outcome as
select o.ts as ts, o.decision_id as decision_id, o.decision_ts as decision_ts, o.subject as symbol, o.mode as mode,
  o.pnl as pnl, o.pnl_bps as pnl_bps, o.pnl > 0 as won, json_extract(o.metrics, '$.exit_price') as exit_price,
  json_extract(o.metrics, '$.exit_reason') as exit_reason, o.label_cutoff as label_cutoff, o.metrics as metrics,
  o.violations as violations, o.time_ns as time_ns
from outcome_checked o
where o.method = '' and o.kind in ('entry', 'trade') and o.verdict = 'pass' and not o.is_shadow and o.id = (
  select l.id from outcome_seen l where l.decision_id = o.decision_id and l.method = ''
  order by l.time_ns desc, l.id desc limit 1);

drop view shadow_trade;
create view shadow_trade as
select d.ts as ts, d.decision_id as decision_id, d.subject as symbol, d.mode as mode,
  nullif(d.refused_by, '') as gate, d.is_shadow as shadow, o.method as method, o.pnl as pnl, o.pnl_bps as pnl_bps,
  nullif(o.judgement, '') as judgement, o.label_cutoff as label_cutoff, o.metrics as metrics,
  coalesce(o.violations, d.violations) as violations, d.time_ns as time_ns
from decision_made d left join outcome_checked o on o.id = (
  select l.id from outcome_seen l where l.decision_id = d.decision_id and (l.method <> '' or d.is_shadow)
  order by l.time_ns desc, l.id desc limit 1)
where d.kind in ('entry', 'trade') and (d.verdict = 'block' or d.is_shadow);
