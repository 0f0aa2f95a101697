"""One statement over Parquet files, in a process of its own that can read these files and nothing else.

It imports nothing of obsv, and runs isolated from the environment: `python -I sql_child.py`. A request comes as JSON on
stdin, the answer goes as JSON to stdout.
"""

from __future__ import annotations

import json
import sys
from typing import Any

_VIEWS = """
create macro datetime(x) as strftime(case when x = 'now' then get_current_timestamp() at time zone 'UTC'
  else x::timestamp end, '%Y-%m-%d %H:%M:%S'), (x, modifier) as strftime(
  (case when x = 'now' then get_current_timestamp() at time zone 'UTC' else x::timestamp end) + modifier::interval,
  '%Y-%m-%d %H:%M:%S');
create view span as select * from read_parquet({calls}, union_by_name = true, hive_partitioning = false)
  where start_ns >= {first_ns} and start_ns <= {last_ns};
create view process_trace as
select strftime(make_timestamp(start_ns // 1000), '%Y-%m-%d %H:%M:%S.%f') as ts, process, status,
  duration_ns / 1e6 as duration_ms, exception, process_group, trace_id, span_id, parent_span_id, depth, thread_id,
  service
from span;
create view data_trace as
select strftime(make_timestamp(start_ns // 1000), '%Y-%m-%d %H:%M:%S.%f') as ts, process,
  json_extract_string(fields, '$[' || position || '][0]') as data,
  json_extract_string(fields, '$[' || position || '][1]') as data_type,
  case json_type(data, '$[' || position || ']') when 'BOOLEAN' then
    case json_extract_string(data, '$[' || position || ']') when 'true' then '1' else '0' end
    else json_extract_string(data, '$[' || position || ']') end as data_value,
  status, exception, process_group, trace_id, span_id
from (select *, unnest(range(json_array_length(fields)::bigint)) as position from span);
"""
_DECIDED = """
create macro instant(ns) as strftime(make_timestamp(ns // 1000), '%Y-%m-%d %H:%M:%S.%f');
create view made as select distinct on (decision_id) * from read_parquet({decisions}, union_by_name = true,
  hive_partitioning = false) where time_ns >= {first_ns} and time_ns <= {last_ns};
create view told as select distinct on (digest) * from read_parquet({outcomes}, union_by_name = true,
  hive_partitioning = false);
create view decision as
select instant(time_ns) as ts, decision_id, kind, subject, mode, verdict, action, nullif(actor, '') as actor,
  nullif(policy, '') as policy, is_shadow as shadow, nullif(refused_by, '') as refused_by,
  duration_ns / 1e6 as duration_ms, inputs, attributes, violations, exception, nullif(trace_id, '') as trace_id,
  nullif(span_id, '') as span_id, service, time_ns
from made;
create view gate_result as
select instant(time_ns) as ts, decision_id, kind, subject, mode, g ->> 'name' as gate,
  nullif(g ->> 'version', '') as version, position, g ->> 'observed' as observed, g ->> 'op' as op,
  g ->> 'threshold' as threshold, (g ->> 'margin')::double as margin, (g ->> 'margin_share')::double as margin_share,
  (g ->> 'passed')::bool::int as passed,
  case when (g ->> 'is_shadow')::bool then 'shadow' else 'evaluated' end as state,
  (g ->> 'latency_ns')::bigint as latency_ns, coalesce(nullif(g ->> 'text', ''), concat(g ->> 'name', ': ',
    g ->> 'observed', ' ', g ->> 'op', ' ', g ->> 'threshold',
    case when (g ->> 'passed')::bool then ' holds' else ' does not hold' end)) as text, time_ns
from (
  select *, json_extract(gates, '$[' || (position - 1) || ']') as g
  from (select *, unnest(range(1, json_array_length(gates)::bigint + 1)) as position from made));
create view outcome_checked as
select instant(o.time_ns) as ts, o.decision_id as decision_id, instant(d.time_ns) as decision_ts, d.kind as kind,
  d.subject as subject, d.mode as mode, d.verdict as verdict, nullif(d.refused_by, '') as refused_by,
  o.method as method, o.alternative as alternative, nullif(o.judgement, '') as judgement,
  instant(o.cutoff_ns) as label_cutoff,
  case when json_type(o.metrics, '$.pnl') in ('BIGINT', 'UBIGINT', 'DOUBLE')
    then (o.metrics ->> '$.pnl')::double end as pnl,
  case when json_type(o.metrics, '$.pnl_bps') in ('BIGINT', 'UBIGINT', 'DOUBLE')
    then (o.metrics ->> '$.pnl_bps')::double end as pnl_bps, o.metrics as metrics,
  case when coalesce(o.cutoff_ns, o.time_ns) < d.time_ns - 2000000
      then to_json(list_append(o.violations::json::varchar[], 'label_cutoff is before decision_time'))::varchar
    when d.violations <> '[]'
      then to_json(list_append(o.violations::json::varchar[], 'the decision breaks a rule of time'))::varchar
    else o.violations end as violations, o.service as service, o.time_ns as time_ns
from told o left join made d on d.decision_id = o.decision_id
where d.decision_id is not null or o.time_ns >= {first_ns} and o.time_ns <= {last_ns};
create view outcome as
select ts, decision_id, decision_ts, kind, subject, mode, verdict, label_cutoff, pnl, pnl_bps, metrics, violations,
  service, time_ns
from outcome_checked where method = '';
create view counterfactual as
select ts, decision_id, decision_ts, kind, subject, mode, refused_by, method, alternative, judgement, label_cutoff,
  pnl, pnl_bps, metrics, violations, service, time_ns
from outcome_checked where method <> '';
"""
# Not EXPLAIN: with ANALYZE it runs a COPY, which may write to the files that may be read.
_SELECTS = {"SELECT", "SELECT_STATEMENT"}
# Values as JSON has them; others as text.
_PLAIN = (str, int, float, bool, type(None))


def main() -> None:
    """Answer the request on stdin."""
    told = json.load(sys.stdin)
    _limit(told)
    json.dump(answer(told), sys.stdout)


def _limit(told: dict[str, Any]) -> None:
    """Leave this process no way to write a file, and no more memory and time than it may have."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for name, most in (("RLIMIT_FSIZE", 0), ("RLIMIT_CPU", 4 * told["seconds"]), ("RLIMIT_CORE", 0)):
        resource.setrlimit(getattr(resource, name), (most, most))


def answer(told: dict[str, Any]) -> dict[str, Any]:
    """Return the columns and rows of the statement, or `error`."""
    try:
        return _answer(told)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _answer(told: dict[str, Any]) -> dict[str, Any]:
    import duckdb

    connection = duckdb.connect(":memory:")
    files = told["files"]
    connection.execute(f"set allowed_paths = {_list([file for some in files.values() for file in some])}")
    for setting in (
        "python_enable_replacements = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        f"memory_limit = '{told['megabytes']}MB'",
        "temp_directory = ''",
        "threads = 2",
        "enable_external_access = false",
    ):
        connection.execute(f"set {setting}")
    lists = {kind: _list(some) for kind, some in files.items()}
    views = (_VIEWS + (_DECIDED if "decisions" in files else "")).format(
        **lists, first_ns=int(told["first_ns"]), last_ns=int(told["last_ns"])
    )
    connection.execute(views)
    connection.execute("set lock_configuration = true")
    statements = connection.extract_statements(told["statement"])
    if len(statements) != 1:
        return {"error": "only one statement is allowed"}
    if statements[0].type.name not in _SELECTS:
        return {"error": f"only SELECT is allowed, not {statements[0].type.name}"}
    cursor = connection.execute(statements[0])
    columns = [column[0] for column in cursor.description or ()]
    return {"columns": columns, **_rows(cursor, told["rows"], told["bytes"])}


def _rows(cursor: Any, most: int, most_bytes: int) -> dict[str, Any]:
    rows: list[list[Any]] = []
    size = 0
    while found := cursor.fetchmany(1_000):
        for row in found:
            if len(rows) == most or size > most_bytes:
                return {"rows": rows, "truncated": True}
            rows.append([value if isinstance(value, _PLAIN) else str(value) for value in row])
            size += sum(len(value) for value in rows[-1] if isinstance(value, str))
    return {"rows": rows, "truncated": False}


def _list(texts: list[str]) -> str:
    return "[" + ", ".join("'" + text.replace("'", "''") + "'" for text in texts) + "]"


if __name__ == "__main__":
    main()
