"""Rare rows by way of the rollups: they tell which processes in which minutes have any, and only those are read."""

from __future__ import annotations

from collections.abc import Iterator

from obsv.store.file import Snapshot
from obsv.store.finding.filters import Filters
from obsv.store.finding.keyset import Key
from obsv.store.finding.scope import Scope, minutes
from obsv.store.finding.walks import ALL, ERRORS, OF_PROCESSES, Walk

ERROR_MINUTES = """
select distinct minute from process_minute
where minute between :first and :last and errors > 0
  and (:processes is null or process_id in (select value from json_each(:processes)))
order by minute {down}
"""
DURATION_MINUTES = """
select minute, sum(count) from minute_histogram
where minute between :first and :last and bucket between :low_bucket and :high_bucket
group by minute order by minute {down}
"""
DURATION_CELLS = """
select distinct process_id from process_histogram
where minute = :minute and bucket between :low_bucket and :high_bucket
"""
DURATION_CELLS_OF = """
select distinct h.process_id from json_each(:processes) j cross join process_histogram h
on h.minute = :minute and h.process_id = j.value and h.bucket between :low_bucket and :high_bucket
"""
# With more processes than this in a minute, one walk over the minute beats a walk for each.
CELLS_A_MINUTE = 30


def rare(store: Snapshot, walk: Walk, filters: Filters, scope: Scope) -> list[Key]:
    """The next rows that filters on status or duration leave.

    Args:
        store: to read.
        walk: the page.
        filters: status or durations, or both.
        scope: the processes.
    """
    found: list[Key] = []
    also = "" if scope.processes is None else OF_PROCESSES
    for minute, processes in _cells(store, walk, filters, scope):
        part = walk.minute(minute)
        if filters.wants_errors:
            found += walk.run(store, ERRORS, also, part, processes=str(scope.processes or []))
        elif len(processes) <= CELLS_A_MINUTE:
            found += walk.merged(store, processes, part)
        else:
            found += walk.run(store, ALL, OF_PROCESSES, part, processes=str(processes))
        if len(found) >= walk.limit:
            break
    return walk.first(found)


def _cells(store: Snapshot, walk: Walk, filters: Filters, scope: Scope) -> Iterator[tuple[int, list[int]]]:
    """Minutes in the walk's direction, each with the processes that have rows there; for errors an index tells."""
    params = {**minutes(walk.window), "processes": None if scope.processes is None else str(scope.processes)}
    down = "desc" if walk.newest_first else ""
    if filters.limits_duration:
        low, high = filters.buckets
        bounds = {**params, "low_bucket": low, "high_bucket": high}
        sql = DURATION_CELLS if scope.processes is None else DURATION_CELLS_OF
        for row in store.query(DURATION_MINUTES.format(down=down), bounds):
            if not walk.past(row[0]):
                each = {**bounds, "minute": row[0]}
                yield row[0], [] if filters.wants_errors else [cell[0] for cell in store.query(sql, each)]
        return
    for row in store.query(ERROR_MINUTES.format(down=down), params):
        if not walk.past(row[0]):
            yield row[0], []
