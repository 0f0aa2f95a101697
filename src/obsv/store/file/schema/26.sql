-- Schema version 26: a result is before its decision by more than two milliseconds, by which clocks of one machine may differ
-- (obsv.gating.LEAK_NS), as inputs are after it: obsv's clock follows the machine's only beyond one, so that a result told at
-- once by datetime.now() seemed to break a rule of time.
drop view outcome_checked;
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
    when coalesce(o.cutoff_ns, o.time_ns) < d.time_ns - 2000000
      then json_insert(o.violations, '$[#]', 'label_cutoff is before decision_time')
    when d.violations <> '[]' then json_insert(o.violations, '$[#]', 'the decision breaks a rule of time')
    else o.violations
  end as violations
from outcome_seen o left join decision_made d on d.decision_id = o.decision_id;
