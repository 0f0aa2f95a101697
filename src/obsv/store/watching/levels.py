"""Service levels: numbers of good calls, in five-minute buckets."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from obsv.store.file import Readable, run_sql
from obsv.store.watching.readings import MOST_CALLS, read_last_call

BUCKET_NS = 300 * 1_000_000_000
_HAS_LEVELS = "select 1 from sqlite_schema where type = 'table' and name = 'slo_bucket'"
_BUCKETS = """
select bucket, good, total from slo_bucket where slo = :slo and version = :version and bucket >= :since order by bucket
"""
_ROW_LIMIT = 50_000


class Level(NamedTuple):
    """A service level to count.

    Args:
        good: an SQL condition on the columns of `process_trace`.
        process, group, service: patterns of the calls to count.
    """

    good: str
    process: str
    group: str
    service: str


class LevelBucket(NamedTuple):
    """Calls that started in five minutes: `bucket` is Unix time / 5 min."""

    bucket: int
    good: int
    total: int


class Counted(NamedTuple):
    """Calls that arrived, and the position up to which they were counted."""

    buckets: list[LevelBucket]
    upto: int


def count_level(store: Readable, path: Path, level: Level, after: int) -> Counted:
    """Count the calls that arrived after a call, in batches.

    Args:
        store: the store that knows the latest call.
        path: the file: the condition comes from a user, and runs as a user's SQL.
        level: the service level.
        after: ID of a call.

    Raises:
        InvalidQuery: the condition is invalid.
    """
    last = read_last_call(store)
    after = 0 if after > last else after
    upto = min(last, after + MOST_CALLS)
    if upto == after:
        return Counted([], upto)
    answer = run_sql(path, _statement(level, after, upto), row_limit=_ROW_LIMIT)
    return Counted([LevelBucket(*row) for row in answer.rows], upto)


def read_level(store: Readable, slo: str, version: str, since_ns: int) -> list[LevelBucket]:
    """Return the counts of a service level since a time, oldest first."""
    bound = {"slo": slo, "version": version, "since": since_ns // BUCKET_NS}
    with store.snapshot() as snapshot:
        rows = snapshot.query(_BUCKETS, bound) if snapshot.query(_HAS_LEVELS) else []
    return [LevelBucket(*row) for row in rows]


class Spenders(NamedTuple):
    """The calls that spent an error budget, as far as they are still stored.

    Args:
        functions: processes with their bad calls and all calls, most bad calls first.
        groups: IDs of error groups with the numbers of traces in which a bad call had such an error.
    """

    functions: list[tuple[str, int, int]]
    groups: list[tuple[int, int]]


def read_spenders(path: Path, level: Level, since_ns: int, limit: int = 10) -> Spenders:
    """Return the functions and error groups that made most calls of a level bad.

    Args:
        path: the file: the condition comes from a user, and runs as a user's SQL.
        level: the service level.
        since_ns: calls that started from then on, Unix time.
        limit: maximum number of each.

    Raises:
        InvalidQuery: the condition is invalid.
        QueryTimeout: there are too many calls.
    """
    calls, wanted = _calls(f"s.start_ns >= {since_ns}"), _wanted(level)
    bad = f"((\n{level.good}\n) is not true)"
    functions = run_sql(path, f"""
select process, cast(sum(weight * {bad}) as integer) as bad, cast(sum(weight) as integer) from ({calls})
where {wanted} group by process having bad > 0 order by bad desc, process limit {limit}
""")  # fmt: skip
    groups = run_sql(path, f"""
select coalesce(g.merged_into, g.id), count(distinct b.trace_id) as traces
from (select trace_id from ({calls}) where {wanted} and {bad}) b
join error_call e on e.trace_id = b.trace_id cross join error_group g on g.id = e.group_id
where e.start_ns >= {since_ns} group by 1 order by traces desc limit {limit}
""")  # fmt: skip
    return Spenders([(row[0], row[1], row[2]) for row in functions.rows], [(row[0], row[1]) for row in groups.rows])


def _statement(level: Level, after: int, upto: int) -> str:
    return f"""
select bucket, cast(sum(weight * ((\n{level.good}\n) is true)) as integer), cast(sum(weight) as integer)
from ({_calls(f"s.id > {after} and s.id <= {upto}")}) where {_wanted(level)} group by bucket
"""


def _calls(where: str) -> str:
    """Return the calls in the form that a condition sees."""
    return f"""
  select s.start_ns / {BUCKET_NS} as bucket, s.outcome as status, s.duration_ns / 1e6 as duration_ms, n.name as process,
    p.process_group as process_group, p.service as service, s.exception as exception, s.depth as depth, s.ts as ts,
    coalesce(s.weight, 1) as weight, s.trace_id as trace_id
  from span s not indexed cross join process_name n on n.id = s.name_id cross join process p on p.id = s.process_id
  where {where}
"""


def _wanted(level: Level) -> str:
    pairs = (("process", level.process), ("process_group", level.group), ("service", level.service))
    return " and ".join(f"{name} glob {_quoted(pattern)}" for name, pattern in pairs if pattern != "*") or "1"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''").replace("\0", "") + "'"
